"""Bring about that a set is here: use what is, repair what is damaged, fetch what is missing."""

import errno
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError, HgwError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.download import Archive
from higress_cli.system.reach import Reach
from higress_cli.tool import SYSTEM, ToolName
from higress_cli.toolchain.acquire import SOURCES, Acquisition, Fetched
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.probe import Probed, probe_all
from higress_cli.toolchain.select import NEEDED, Candidate, assemble, best, candidates, nothing_fits
from higress_cli.toolchain.solver import Request, plans
from higress_cli.toolchain.sources import archive, llvm
from higress_cli.toolchain.store import Damage, Entry, Store
from higress_cli.toolchain.toolset import Toolset
from higress_cli.toolchain.work import Work, disk_full

# What the store holds besides the tools themselves.
REQUIRED: Final = (llvm.NAME,)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What is here now: the tools that were asked for, and the whole set where it is one."""

    tools: tuple[Fetched, ...]
    toolset: Toolset | None
    requires: Mapping[str, tuple[Entry, ...]]


def bring_about(session: Session, request: Request, *, source: str | None = None) -> Installed:
    """Have the tools of the request on the machine, changing nothing outside the store.

    `source` restricts each tool that has it to that source.

    Raises:
        UsageError, InvalidInput, ToolError, DownloadError, ConsentError, ConflictError: see `plans`, `Acquisition.run`
            and `Store.changing`.
    """
    store = Store(session.dirs.tools)
    probed = probe_all(session)
    here = _here(store, probed, request, source)
    chosen, damaged = _whole(session, store, request, here)
    if chosen is not None and not damaged:
        return _installed(session, store, request, _unfetched(chosen, probed, request, source))
    if source == SYSTEM:
        raise nothing_fits(here, probed, profile=request.profile, names=request.tools, wanted=request.versions)
    if chosen is None:
        plans(request, here, session.host)  # what nobody can have is said before the store is touched
    try:
        with store.changing(session):
            fetched = _fetch(session, store, probed, request, source)
    except OSError as error:
        raise storage_error(store, error) from error
    return _installed(session, store, request, fetched)


def adopt_archive(session: Session, *, tool: str, version: str | None, url: str, sha256: str) -> Installed:
    """Install one tool from an archive that the user names, known by the digest that the user gives.

    Raises:
        DownloadError, ToolError, ConflictError: see `sources.archive.adopt_archive` and `Store.changing`.
    """
    store = Store(session.dirs.tools)
    started = time.monotonic()
    try:
        with store.changing(session), fs.staging_folder(store.root / "scratch") as scratch:
            reach = Reach(session.variables, offline=session.offline)
            work = Work(session=session, store=store, reach=reach, probed={}, scratch=scratch)
            entry = archive.adopt_archive(work, Archive(url=url, sha256=sha256), tool=tool, version=version)
    except OSError as error:
        raise storage_error(store, error) from error
    candidate = Candidate(tool=entry.tool(), entry=entry)
    fetched = Fetched(candidate=candidate, seconds=round(time.monotonic() - started, 3), tried=())
    return Installed(tools=(fetched,), toolset=None, requires={})


def storage_error(store: Store, error: OSError) -> HgwError:
    """What an error of the file system means for the user.

    Raises:
        OSError: `error` itself where it is no matter of space or rights.
    """
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(store.root)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return ConflictError(
            _("{path} cannot be written: {reason}").format(path=error.filename or store.root, reason=error.strerror),
            code="store-read-only",
            hint=_("set HGW_HOME to a folder that you can write to"),
        )
    raise error


def _fetch(
    session: Session, store: Store, probed: Mapping[str, Probed], request: Request, source: str | None
) -> tuple[Fetched, ...]:
    """Under the lock: what is damaged goes, and another hgw may have finished meanwhile."""
    _weed_out(session, store, request)
    here = _here(store, probed, request, source)
    chosen = best(here, profile=request.profile, names=request.tools, wanted=request.versions)
    if chosen is not None:
        return _unfetched(chosen, probed, request, source)
    wanted = plans(request, here, session.host)
    known = _system_reasons(probed, request, {need.name: need.version for need in wanted[0]}, source)
    with fs.staging_folder(store.root / "scratch") as scratch:
        reach = Reach(session.variables, offline=session.offline)
        work = Work(session=session, store=store, reach=reach, probed=probed, scratch=scratch)
        return Acquisition(work, source=source, known=known).run(wanted)


def _weed_out(session: Session, store: Store, request: Request) -> None:
    """Remove what stands in the store and is not whole, so that nothing of it gets into a set."""
    for name in (*ToolName, *REQUIRED):
        for folder in store.broken_folders(name):
            session.reporter.warn(_("{path} is not whole and is removed").format(path=folder))
            fs.remove_tree(folder)
    for entry in (entry for name in request.tools for entry in store.entries(name)):
        damage = store.damage(entry, session.variables)
        if damage is not None:
            session.reporter.warn(
                _("a tool in the store is damaged and is removed: {reason}").format(reason=damage.reason)
            )
            fs.remove_tree(damage.folder)


def _here(
    store: Store, probed: Mapping[str, Probed], request: Request, source: str | None
) -> dict[str, tuple[Candidate, ...]]:
    """What is on the machine, from the sources that are allowed."""
    found = candidates(probed, {name: store.entries(name) for name in request.tools})
    return {
        name: tuple(
            item
            for item in items
            if source is None or (source not in SOURCES[name] and source != SYSTEM) or item.tool.source == source
        )
        for name, items in found.items()
    }


def _whole(
    session: Session, store: Store, request: Request, here: Mapping[str, Sequence[Candidate]]
) -> tuple[tuple[Candidate, ...] | None, tuple[Damage, ...]]:
    """The best set of what is here and whole, and what was found damaged on the way to it."""
    found: list[Damage] = []
    while True:
        bad = {damage.folder for damage in found}
        sound = {
            name: [item for item in items if item.entry is None or not bad & set(_folders(store, item.entry))]
            for name, items in here.items()
        }
        chosen = best(sound, profile=request.profile, names=request.tools, wanted=request.versions)
        entries = [item.entry for item in chosen or () if item.entry is not None]
        with ThreadPoolExecutor(len(SOURCES)) as pool:
            judged = pool.map(lambda entry: store.damage(entry, session.variables), entries)
            damages = [damage for damage in judged if damage is not None]
        if not damages:
            return chosen, tuple(found)
        found += damages


def _folders(store: Store, entry: Entry) -> tuple[Path, ...]:
    return (entry.folder, *(other.folder for other in store.required(entry)))


def _installed(session: Session, store: Store, request: Request, fetched: tuple[Fetched, ...]) -> Installed:
    chosen = [item.candidate for item in fetched]
    whole = {item.tool.name for item in chosen} >= set(NEEDED[request.profile])
    return Installed(
        tools=fetched,
        toolset=assemble(session, store, chosen, profile=request.profile) if whole else None,
        requires={item.tool.name: store.required(item.entry) for item in chosen if item.entry is not None},
    )


def _system_reasons(
    probed: Mapping[str, Probed], request: Request, versions: Mapping[str, str], source: str | None
) -> dict[str, tuple[Tried, ...]]:
    """Why tools of the PATH were passed over; `versions` are those of the set that they would have to fit into."""
    return {
        name: (Tried(source=SYSTEM, reason=_system_reason(name, probed.get(name), request, versions)),)
        for name in request.tools
        if source is None or source not in SOURCES[name]
    }


def _system_reason(name: str, found: Probed | None, request: Request, versions: Mapping[str, str]) -> str:
    if found is None:
        return _("not on the PATH")
    if found.version is None:
        return _("{path} does not answer its version").format(path=found.path)
    what = f"{found.version} ({found.path})"
    if name in request.wanted and not compatibility.matches(found.version, request.wanted[name].value):
        choice = request.wanted[name]
        return _("{what}: {source} asks for {version}").format(what=what, source=choice.source, version=choice.value)
    judged = {name: found.version}
    if name == "go" and "tinygo" in versions:
        judged["tinygo"] = versions["tinygo"]
    for misfit in compatibility.misfits(profile=request.profile, **judged):
        return f"{what}: {misfit.reason}"
    return _("{what}: it does not fit the other tools").format(what=what)


def _unfetched(
    chosen: Sequence[Candidate], probed: Mapping[str, Probed], request: Request, source: str | None
) -> tuple[Fetched, ...]:
    """Tools that were here already."""
    known = _system_reasons(probed, request, {item.tool.name: item.version for item in chosen}, source)
    return tuple(
        Fetched(candidate=item, seconds=0.0, tried=known.get(item.tool.name, ()) if item.tool.source != SYSTEM else ())
        for item in chosen
    )
