"""A child that failed because a disk is full: which disk, and what moves the child's files to another one."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.settings.machine import HOME
from higress_cli.system.os_errors import DISK_FULL, on_another_disk

_FULL_BELOW_BYTES: Final = 16 << 20
# lld maps the file that it writes; the system ends it in this way when there is no space for it.
_BUS_ERROR: Final = re.compile(r"\bbus error\b", re.IGNORECASE)
_PATH: Final = re.compile(r"(?:^|[\s'\"=:])((?:/|[A-Za-z]:\\)[^\s'\":]+)")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder that a child writes to, and the variable that moves it."""

    folder: Path
    variable: str


def places_of(variables: Mapping[str, str], *, store: Path) -> tuple[Place, ...]:
    """Where compilers and package managers write: temporary files, the caches of Go and TinyGo, hgw's own folders."""
    temporary = variables.get("TMPDIR") or tempfile.gettempdir()
    places = [Place(folder=store, variable=HOME.variable), Place(folder=Path(temporary), variable="TMPDIR")]
    named = ("GOCACHE", "GOMODCACHE", "GOPATH", "XDG_CACHE_HOME", "HOME")
    places += [Place(folder=Path(variables[name]), variable=name) for name in named if variables.get(name)]
    return tuple(places)


def full_disk(printed: str, *, program: str, places: Iterable[Place]) -> ConflictError | None:
    """The error for a child that failed for want of space; None if what it printed says nothing of that."""
    from higress_cli.knowledge.catalogue import entry  # noqa: PLC0415 -- only for an error

    said = next((found for row in entry(DISK_FULL).patterns if (found := row.text.search(printed))), None)
    free = sorted(((_free(place.folder), place) for place in places), key=lambda pair: pair[0])
    least = free[0][0] if free else float("inf")
    if said is None and not (_BUS_ERROR.search(printed) and least < _FULL_BELOW_BYTES):
        return None
    where: Path | None = None
    hint: str | None = None
    if least < _FULL_BELOW_BYTES:
        place = free[0][1]
        where, hint = place.folder, on_another_disk(place.variable)
    else:
        # A quota, or the child removed what it had written.
        where = _path_in(printed, said)
    message = (
        _("{program} cannot write to {path}: the disk is full").format(program=program, path=where)
        if where is not None
        else _("{program} cannot write: the disk is full").format(program=program)
    )
    return ConflictError(message, code=DISK_FULL, hint=hint, details={"path": where, "program": program})


def _path_in(printed: str, said: re.Match[str] | None) -> Path | None:
    """The last path in the line that says so."""
    if said is None:
        return None
    begin = printed.rfind("\n", 0, said.start()) + 1
    paths = _PATH.findall(printed[begin : said.start()])
    return Path(paths[-1]) if paths else None


def _free(folder: Path) -> float:
    """The free bytes of the disk that a folder is on or would be on."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return float(shutil.disk_usage(place).free)
    return float("inf")
