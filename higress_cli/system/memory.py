"""How much memory programs can take here: what is free, within the limits of the control groups that hgw is in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, kw_only=True)
class _Files:
    """The files of a control group's memory; what is cached of files counts as used until somebody needs the space."""

    most: str
    used: str
    cached: str


_VERSION_1: Final = _Files(most="memory.limit_in_bytes", used="memory.usage_in_bytes", cached="total_inactive_file")
_VERSION_2: Final = _Files(most="memory.max", used="memory.current", cached="inactive_file")


def available_memory(proc: Path = _PROC, groups: Path = _GROUPS) -> int | None:
    """How many bytes programs can take without swapping, the limits of containers included; None if unknown.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and .../cgroup-v1/memory.html
    """
    free = _numbers(_text(proc / "meminfo")).get("MemAvailable")
    if free is None:
        return None
    return max(0, min((free * 1024, *_left_in_groups(_text(proc / "self" / "cgroup"), groups))))


def _left_in_groups(own: str, groups: Path) -> Iterator[int]:
    """What each limit leaves: that of the group that this process is in, and those of the groups around it."""
    for line in own.splitlines():
        _number, controllers, path = line.split(":", maxsplit=2)
        if not controllers:
            root, files = groups, _VERSION_2
        elif "memory" in controllers.split(","):
            root, files = groups / "memory", _VERSION_1
        else:
            continue
        # A container may see its own group as the root although the path names it as the host does.
        group = root / path.lstrip("/")
        for folder in (group, *(above for above in group.parents if above.is_relative_to(root))):
            if (left := _left(folder, files)) is not None:
                yield left


def _left(group: Path, files: _Files) -> int | None:
    most, used = _text(group / files.most).strip(), _text(group / files.used).strip()
    if not (most.isdecimal() and used.isdecimal()):  # `max`, or a group without a limit of its own
        return None
    return int(most) - int(used) + _numbers(_text(group / "memory.stat")).get(files.cached, 0)


def _numbers(text: str) -> Mapping[str, int]:
    return {name: int(number) for name, number in re.findall(r"^(\w+):?\s+(\d+)", text, re.MULTILINE)}


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""
