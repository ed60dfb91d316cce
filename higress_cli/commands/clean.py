"""`hgw clean`: what hgw keeps on this machine besides tools, and its removal."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from higress_cli.gateway.run_folder import prune
from higress_cli.i18n import N_, _, ngettext
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.system import fs


class Group(StrEnum):
    """What is removed together."""

    RUNS = "runs"
    """Traces of what was run, which nothing makes again."""
    CACHE = "cache"
    """What hgw can make or fetch again."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A folder of hgw's."""

    group: Group
    """What is removed together with it."""
    title: str
    """What is in it, in the language of the user."""
    path: Path
    """The folder, absolute."""
    bytes: int
    """What it takes now."""
    removed_bytes: int
    """What was removed from it."""


@dataclass(frozen=True, kw_only=True)
class CleanResult(Result):
    """What hgw keeps, and what of it was removed."""

    kept: tuple[Kept, ...]
    """Every folder, in a fixed order; those that do not exist take nothing."""
    bytes: int
    """What all of them take now."""
    removed_bytes: int
    """What was removed from all of them."""
    runs_in_use: int
    """How many folders of runs were left alone because a gateway uses them; 0 without --runs."""


@dataclass(frozen=True, kw_only=True)
class _Area:
    group: Group
    title: str
    path: Callable[[Session], Path]


_AREAS = (
    _Area(group=Group.RUNS, title=N_("runs: configuration and logs of gateways"), path=lambda it: it.dirs.runs),
    _Area(group=Group.RUNS, title=N_("records: the output of programs that failed"), path=lambda it: it.dirs.logs),
    _Area(group=Group.CACHE, title=N_("downloads of tools"), path=lambda it: it.dirs.downloads),
    _Area(group=Group.CACHE, title=N_("records of builds"), path=lambda it: it.dirs.cache / "builds"),
    _Area(
        group=Group.CACHE,
        title=N_("modules compiled for the engine builtin"),
        path=lambda it: it.dirs.cache / "modules",
    ),
    _Area(group=Group.CACHE, title=N_("images that were pulled"), path=lambda it: it.dirs.cache / "oci"),
)


def clean(session: Session, *, groups: frozenset[Group] = frozenset()) -> CleanResult:
    """Say what hgw keeps, after removing what belongs to `groups`. Runs that are in use stay."""
    before = [fs.size_of(area.path(session)) for area in _AREAS]
    in_use = 0
    for area in _AREAS:
        if area.group not in groups:
            continue
        path = area.path(session)
        if path == session.dirs.runs:
            in_use = prune(path, keep=0)
        else:
            fs.remove_tree(path)
    kept = tuple(
        Kept(
            group=area.group,
            title=_(area.title),
            path=area.path(session),
            bytes=(after := fs.size_of(area.path(session))),
            removed_bytes=max(0, size - after),
        )
        for area, size in zip(_AREAS, before, strict=True)
    )
    return CleanResult(
        kept=kept,
        bytes=sum(item.bytes for item in kept),
        removed_bytes=sum(item.removed_bytes for item in kept),
        runs_in_use=in_use,
        warnings=tuple(_warnings(kept, groups, in_use)),
    )


def _warnings(kept: tuple[Kept, ...], groups: frozenset[Group], in_use: int) -> list[str]:
    found = []
    if in_use:
        text = ngettext(
            "{count} run is in use and was left alone", "{count} runs are in use and were left alone", in_use
        )
        found.append(text.format(count=in_use))
    found += [
        _("{path} could not be removed completely").format(path=item.path)
        for item in kept
        if item.group in groups and item.bytes and not (in_use and item is kept[0])
    ]
    return found
