"""`hgw clean`: what hgw keeps on this machine besides tools, and its removal."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from higress_cli.errors import ConflictError
from higress_cli.gateway import run_folder
from higress_cli.i18n import N_, _, ngettext
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.system import fs, staging
from higress_cli.toolchain.selection import compiler_cache
from higress_cli.toolchain.store import Store


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
    """What was removed from it, or with --dry-run would be."""


@dataclass(frozen=True, kw_only=True)
class CleanResult(Result):
    """What hgw keeps, and what of it was removed."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"forgets_builds"}
    kept: tuple[Kept, ...]
    """Every folder, in a fixed order; those that do not exist take nothing."""
    bytes: int
    """What all of them take now."""
    removed_bytes: int
    """What was removed from all of them, or with --dry-run would be."""
    runs_in_use: int
    """How many folders of runs were left alone because a gateway uses them; 0 without --runs."""
    builds_in_use: int
    """How many builds were running, whose files were left alone; 0 without --cache."""
    forgets_builds: bool
    """Whether records of builds were removed, so that the plugins will be compiled again."""
    downloads_in_use: bool
    """Whether downloads were left alone because another hgw is installing tools; false without --cache."""
    dry_run: bool
    """Whether nothing was removed."""


def _remove(_session: Session, folder: Path) -> int:
    fs.remove_tree(folder)
    return 0


def _remove_downloads(session: Session, folder: Path) -> int:
    with Store(session.dirs.tools).unused() as unused:
        return _remove(session, folder) if unused else 1


def _downloads_in_use(session: Session, folder: Path) -> Iterable[Path]:
    with Store(session.dirs.tools).unused() as unused:
        return () if unused else (folder,)


@dataclass(frozen=True, kw_only=True)
class _Area:
    """A folder; `remove` removes what nobody uses and returns how many users there are, `in_use` what they use."""

    group: Group
    title: str
    path: Callable[[Session], Path]
    remove: Callable[[Session, Path], int] = _remove
    in_use: Callable[[Session, Path], Iterable[Path]] = lambda _session, _folder: ()


_RUNS: Final = _Area(
    group=Group.RUNS,
    title=N_("runs: configuration and logs of gateways"),
    path=lambda it: it.dirs.runs,
    remove=lambda _session, folder: run_folder.prune(folder, keep=0),
    in_use=lambda _session, folder: run_folder.in_use(folder),
)
_DOWNLOADS: Final = _Area(
    group=Group.CACHE,
    title=N_("downloads of tools"),
    path=lambda it: it.dirs.downloads,
    remove=_remove_downloads,
    in_use=_downloads_in_use,
)
_BUILDS: Final = _Area(
    group=Group.CACHE,
    title=N_("records of builds"),
    path=lambda it: it.dirs.cache / "builds",
    remove=lambda _session, folder: staging.empty(folder),
    in_use=lambda _session, folder: staging.in_use(folder),
)
_AREAS: Final = (
    _RUNS,
    _Area(group=Group.RUNS, title=N_("records: the output of programs that failed"), path=lambda it: it.dirs.logs),
    _DOWNLOADS,
    _BUILDS,
    _Area(
        group=Group.CACHE,
        title=N_("modules compiled for the engine builtin"),
        path=lambda it: it.dirs.cache / "modules",
    ),
    _Area(group=Group.CACHE, title=N_("images that were pulled"), path=lambda it: it.dirs.cache / "oci"),
)


_OF_COMPILERS: Final = {
    "go-build": N_("what Go compiled"),
    "go-mod": N_("what Go downloaded"),
    "tinygo": N_("what TinyGo compiled"),
}


def clean(session: Session, *, groups: frozenset[Group] = frozenset(), dry_run: bool = False) -> CleanResult:
    """Say what hgw keeps, after removing what belongs to `groups`, unless `dry_run`. What is in use stays.

    Raises:
        ConflictError: `cache-untagged`; then nothing was removed.
    """
    if Group.CACHE in groups:
        _refuse_untagged(session)
    found = [(area, *_cleaned(session, area, dry_run=dry_run, wanted=area.group in groups)) for area in _areas(session)]
    kept = tuple(item for _area, item, _users in found)
    in_use = {area.title: users for area, _item, users in found if area.group in groups}
    runs, builds, downloads = (in_use.get(area.title, 0) for area in (_RUNS, _BUILDS, _DOWNLOADS))
    left_alone = _left_alone(runs=runs, builds=builds, downloads=downloads)
    return CleanResult(
        kept=kept,
        bytes=sum(item.bytes for item in kept),
        removed_bytes=sum(item.removed_bytes for item in kept),
        runs_in_use=runs,
        builds_in_use=builds,
        forgets_builds=any(it.removed_bytes for it in kept if it.path == _BUILDS.path(session)),
        downloads_in_use=bool(downloads),
        dry_run=dry_run,
        warnings=() if dry_run else (*left_alone, *_incomplete(found, in_use)),
    )


def _areas(session: Session) -> tuple[_Area, ...]:
    """All that hgw keeps; what the compilers keep by themselves, only where hgw was told to keep it elsewhere."""
    folder = compiler_cache(session)
    if folder is None:
        return _AREAS
    own = ((folder / name, title) for name, title in _OF_COMPILERS.items())
    return (*_AREAS, *(_Area(group=Group.CACHE, title=title, path=partial(_at, path)) for path, title in own))


def _at(path: Path, _session: Session) -> Path:
    return path


def _cleaned(session: Session, area: _Area, *, wanted: bool, dry_run: bool) -> tuple[Kept, int]:
    """A folder, after removing what is in it if that is `wanted`, and how many users it has."""
    path = area.path(session)
    before = after = fs.size_of(path)
    removed = users = 0
    if wanted and dry_run:
        used = tuple(area.in_use(session, path))
        users, removed = len(used), before - sum(map(fs.size_of, used))
    elif wanted:
        users = area.remove(session, path)
        after = fs.size_of(path)
        removed = before - after
    item = Kept(group=area.group, title=_(area.title), path=path, bytes=after, removed_bytes=max(0, removed))
    return item, users


def _refuse_untagged(session: Session) -> None:
    """Refuse to remove a folder that has the name of a cache of hgw, but not the mark that hgw gives its caches."""
    for area in _areas(session):
        path = area.path(session)
        top = session.dirs.cache if path.is_relative_to(session.dirs.cache) else path
        if area.group is not Group.CACHE or fs.is_marked_as_cache(path, within=top):
            continue
        if fs.count_files(path):
            raise ConflictError(
                _(
                    "nothing was removed: {path} is not a cache of hgw: neither it nor {cache} has hgw's CACHEDIR.TAG"
                ).format(path=path, cache=top),
                code="cache-untagged",
                details={"path": path},
            )


def _left_alone(*, runs: int, builds: int, downloads: int) -> list[str]:
    found = []
    if runs:
        text = ngettext("{count} run is in use and was left alone", "{count} runs are in use and were left alone", runs)
        found.append(text.format(count=runs))
    if builds:
        text = ngettext(
            "{count} build is running, and its files were left alone",
            "{count} builds are running, and their files were left alone",
            builds,
        )
        found.append(text.format(count=builds))
    if downloads:
        found.append(_("another hgw is installing tools, and downloads were left alone"))
    return found


def _incomplete(found: Iterable[tuple[_Area, Kept, int]], in_use: Mapping[str, int]) -> list[str]:
    return [
        _("{path} could not be removed completely").format(path=item.path)
        for area, item, _users in found
        if item.bytes and in_use.get(area.title) == 0
    ]
