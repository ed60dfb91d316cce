"""What is free on a machine and in its control groups, read from files as Linux writes them."""

from pathlib import Path

import pytest

from higress_cli.system.memory import available_memory

GB = 1 << 30


def written(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "ascii")
    return root / "proc", root / "cgroup"


MACHINE = {"proc/meminfo": f"MemTotal:  25165824 kB\nMemFree:  1000 kB\nMemAvailable:  {8 * GB // 1024} kB\n"}
TWO = {**MACHINE, "proc/self/cgroup": "0::/user.slice/build.scope\n"}
ONE = {**MACHINE, "proc/self/cgroup": "9:cpu,cpuacct:/\n4:memory:/docker/6f5afab\n0::/\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (MACHINE, 8 * GB),
        ({**TWO, "cgroup/user.slice/build.scope/memory.max": "max\n"}, 8 * GB),
        (
            {
                **TWO,
                "cgroup/user.slice/build.scope/memory.max": f"{2 * GB}\n",
                "cgroup/user.slice/build.scope/memory.current": f"{GB}\n",
            },
            GB,
        ),
        # What the kernel caches of files gives way.
        (
            {
                **TWO,
                "cgroup/user.slice/build.scope/memory.max": f"{2 * GB}\n",
                "cgroup/user.slice/build.scope/memory.current": f"{2 * GB}\n",
                "cgroup/user.slice/build.scope/memory.stat": f"anon 1\nfile {GB}\ninactive_file {GB}\n",
            },
            GB,
        ),
        # The limit of a group around this one counts as well.
        (
            {
                **TWO,
                "cgroup/user.slice/build.scope/memory.max": "max\n",
                "cgroup/user.slice/memory.max": f"{3 * GB}\n",
                "cgroup/user.slice/memory.current": "0\n",
            },
            3 * GB,
        ),
        # Version 1, in a container that sees its own group as the root.
        (
            {
                **ONE,
                "cgroup/memory/memory.limit_in_bytes": f"{GB}\n",
                "cgroup/memory/memory.usage_in_bytes": f"{GB // 2}\n",
                "cgroup/memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {GB // 4}\n",
            },
            GB - GB // 4,
        ),
        (
            {
                **ONE,
                "cgroup/memory/docker/6f5afab/memory.limit_in_bytes": "9223372036854771712\n",
                "cgroup/memory/docker/6f5afab/memory.usage_in_bytes": "11804672\n",
            },
            8 * GB,
        ),
        # A group that is over its limit has nothing left.
        (
            {**TWO, "cgroup/memory.max": f"{GB}\n", "cgroup/memory.current": f"{2 * GB}\n"},
            0,
        ),
    ],
)
def test_the_smallest_of_all_limits_counts(tmp_path: Path, files: dict[str, str], expected: int):
    assert available_memory(*written(tmp_path, files)) == expected


def test_a_machine_without_these_files_tells_nothing(tmp_path: Path):
    assert available_memory(tmp_path / "proc", tmp_path / "cgroup") is None
