"""How many compilers run at once."""

import pytest

from higress_cli.commands.build import compilers_at_once


@pytest.mark.parametrize(
    ("count", "cores", "memory", "expected"),
    [
        (8, 4, None, 4),
        (3, 4, None, 3),
        (8, 8, 3_000_000_000, 2),
        (8, 8, 0, 1),
        (8, 4, 64_000_000_000, 4),
    ],
)
def test_cores_and_memory_bound_what_runs_at_once(count: int, cores: int, memory: int | None, expected: int):
    assert compilers_at_once(count, cores=cores, memory=memory) == expected
