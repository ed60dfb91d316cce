"""Numbers of bytes for people."""

import pytest

from higress_cli.size import exact_size, size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12.3 kB"),
        (100_000, "0.10 MB"),
        (1_933_806, "1.93 MB"),
        (229_000_000, "229 MB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_people_think_in(count, text):
    assert size(count) == text


def test_a_limit_is_told_to_the_byte():
    assert (exact_size(1_933_806), exact_size(10)) == ("1.93 MB (1933806 B)", "10 B")
