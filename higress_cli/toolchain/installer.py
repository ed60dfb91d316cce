"""Make sure that a set is installed: use what is here, repair what is damaged, fetch what is missing."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.download import Archive
from higress_cli.system.reach import Reach
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.acquire import Acquisition, Obtained
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.probe import Probed, probe_all
from higress_cli.toolchain.select import assemble, nothing_fits, system_tool, tools_here
from higress_cli.toolchain.sets import Here, Plan, Request, misfits, plans, usable
from higress_cli.toolchain.sources import archive, llvm
from higress_cli.toolchain.sources.contract import Offer
from higress_cli.toolchain.sources.table import names_of
from higress_cli.toolchain.storage import storage_error
from higress_cli.toolchain.store import Damage, Entry, Store
from higress_cli.toolchain.toolset import Toolset
from higress_cli.toolchain.work import Work

# What the store holds besides the tools themselves.
REQUIRED: Final = (llvm.NAME,)


@dataclass(frozen=True, kw_only=True)
class RequiredTool:
    """What a tool brought with it into the store."""

    name: str
    """Its name, such as llvm."""
    version: str
    """Its version."""
    source: str
    """Where it comes from."""
    path: Path
    """Its folder, absolute."""
    origin: str
    """What it was taken from."""


@dataclass(frozen=True, kw_only=True)
class InstalledTool(Tool):
    """One tool as it is on the machine now."""

    seconds: float
    """How long it took to get; 0 where it was here."""
    sha256: str | None
    """The digest of the downloaded file; null for a tool of the system."""
    tried: tuple[Tried, ...]
    """The sources that were passed over, in the order of their trial."""
    requires: tuple[RequiredTool, ...] = ()
    """What the tool brought with it into the store."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What is here now: the tools that were asked for, and the whole set where it is one."""

    tools: tuple[InstalledTool, ...]
    toolset: Toolset | None


def ensure_set(session: Session, request: Request, *, source: str | None = None) -> Installed:
    """Have the tools of the request on the machine, changing nothing outside the store.

    `source` restricts each tool that has it to that source.

    Raises:
        UsageError, InvalidInput, ToolError, DownloadError, ConsentError, ConflictError: see `plans`, `Acquisition.run`
            and `Store.changing`.
    """
    store = Store(session.dirs.tools)
    probed = probe_all(session)
    here = _here(store, probed, source)
    chosen, damaged = _whole(session, store, request, here)
    if chosen is not None and not damaged:
        return _installed(session, store, request, _unfetched(chosen, probed, request, source))
    if source == SYSTEM:
        raise nothing_fits(request, here, probed)
    if chosen is None:
        plans(request, here, session.host)  # what nobody can have is said before the store is touched
    try:
        with store.changing(session):
            fetched = _fetch(session, store, probed, request, source)
    except OSError as error:
        raise storage_error(store.root, error) from error
    return _installed(session, store, request, fetched)


def install_archive(session: Session, *, tool: ToolName, version: str | None, url: str, sha256: str) -> Installed:
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
            offer = archive.offer_named(work, Archive(url=url, sha256=sha256), tool=tool, version=version)
            installed = offer.fetch(None)
    except OSError as error:
        raise storage_error(store.root, error) from error
    fetched = Obtained(name=tool, what=installed, seconds=round(time.monotonic() - started, 3), tried=())
    return Installed(tools=(_told(store, fetched),), toolset=None)


def _fetch(
    session: Session, store: Store, probed: Mapping[ToolName, Probed], request: Request, source: str | None
) -> tuple[Obtained[Tool], ...]:
    """Under the lock: what is damaged goes, and another hgw may have finished meanwhile."""
    _weed_out(session, store, request)
    here = _here(store, probed, source)
    wanted = plans(request, here, session.host)
    if not wanted[0].missing:
        return _unfetched(wanted[0], probed, request, source)
    known = _system_reasons(probed, request, wanted[0], source)
    with fs.staging_folder(store.root / "scratch") as scratch:
        reach = Reach(session.variables, offline=session.offline)
        work = Work(session=session, store=store, reach=reach, probed=probed, scratch=scratch)
        acquisition = Acquisition(work, source=source, known=known, accept=_fetched, here=lambda tool: tool)
        return acquisition.run(wanted)


def _fetched(offer: Offer, go: Tool | None) -> Tool:
    return offer.fetch(go)


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


def _here(store: Store, probed: Mapping[ToolName, Probed], source: str | None) -> dict[ToolName, tuple[Tool, ...]]:
    """What is on the machine, from the sources that are allowed."""
    return {
        name: tuple(
            tool
            for tool in tools
            if source is None or (source not in names_of(name) and source != SYSTEM) or tool.source == source
        )
        for name, tools in tools_here(store, probed).items()
    }


def _whole(session: Session, store: Store, request: Request, here: Here) -> tuple[Plan | None, tuple[Damage, ...]]:
    """The best set of what is here and whole, and what was found damaged on the way to it."""
    found: list[Damage] = []
    for plan in usable(request, here):
        entries = [entry for tool in plan.tools if (entry := store.entry_of(tool)) is not None]
        bad = {damage.folder for damage in found}
        if bad & {folder for entry in entries for folder in _folders(store, entry)}:
            continue
        with ThreadPoolExecutor(len(ToolName)) as pool:
            judged = pool.map(lambda entry: store.damage(entry, session.variables), entries)
            damages = [damage for damage in judged if damage is not None]
        if not damages:
            return plan, tuple(found)
        found += damages
    return None, tuple(found)


def _folders(store: Store, entry: Entry) -> tuple[Path, ...]:
    return (entry.folder, *(other.folder for other in store.required(entry)))


def _installed(session: Session, store: Store, request: Request, fetched: tuple[Obtained[Tool], ...]) -> Installed:
    tools = [item.what for item in fetched]
    whole = {tool.name for tool in tools} >= set(request.profile.tools)
    return Installed(
        tools=tuple(_told(store, item) for item in fetched),
        toolset=assemble(session, store, tools, profile=request.profile) if whole else None,
    )


def _told(store: Store, fetched: Obtained[Tool]) -> InstalledTool:
    tool, entry = fetched.what, store.entry_of(fetched.what)
    required = store.required(entry) if entry else ()
    return InstalledTool(
        **{name: getattr(tool, name) for name in tool.__dataclass_fields__},
        seconds=fetched.seconds,
        sha256=entry.receipt.digest if entry else None,
        tried=fetched.tried,
        requires=tuple(
            RequiredTool(
                name=other.receipt.name,
                version=other.receipt.version,
                source=other.receipt.source,
                path=other.folder,
                origin=other.receipt.origin,
            )
            for other in required
        ),
    )


def _system_reasons(
    probed: Mapping[ToolName, Probed], request: Request, plan: Plan, source: str | None
) -> dict[ToolName, tuple[Tried, ...]]:
    """Why tools of the PATH were passed over for a set."""
    return {
        name: (Tried(source=SYSTEM, reason=_system_reason(name, probed.get(name), request, plan)),)
        for name in request.tools
        if source is None or source not in names_of(name)
    }


def _system_reason(name: ToolName, found: Probed | None, request: Request, plan: Plan) -> str:
    if found is None:
        return _("not on the PATH")
    if found.version is None:
        return _("{path} does not report a version").format(path=found.path)
    what = f"{found.version} ({found.path})"
    if name in request.wanted and not compatibility.matches(found.version, request.wanted[name].value):
        choice = request.wanted[name]
        return _("{what}: {source} asks for {version}").format(what=what, source=choice.source, version=choice.value)
    tool = system_tool(name, found)
    tinygo = plan.need(ToolName.TINYGO) if name is ToolName.GO else None
    for misfit in misfits((tinygo, tool) if tinygo else (tool,), profile=request.profile):
        return f"{what}: {misfit.reason}"
    return _("{what}: it does not fit the other tools").format(what=what)


def _unfetched(
    plan: Plan, probed: Mapping[ToolName, Probed], request: Request, source: str | None
) -> tuple[Obtained[Tool], ...]:
    """Tools that were here already."""
    known = _system_reasons(probed, request, plan, source)
    return tuple(
        Obtained(name=tool.name, what=tool, seconds=0.0, tried=known.get(tool.name, ()) if tool.own else ())
        for tool in plan.tools
    )
