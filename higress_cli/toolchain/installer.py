"""Make sure that a set of tools is installed: keep what is here, repair what is damaged, fetch what is missing."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.download import Archive
from higress_cli.system.reach import Reach
from higress_cli.system.staging import staging_folder
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.acquisition import Acquisition, Obtained
from higress_cli.toolchain.attempt import PassedOver, passed_over
from higress_cli.toolchain.installation import Installed, installed_tool
from higress_cli.toolchain.selection import assemble, nothing_fits
from higress_cli.toolchain.sets import SetPlan, SetRequest, plans
from higress_cli.toolchain.sources import archive, llvm
from higress_cli.toolchain.sources.contract import Offer
from higress_cli.toolchain.storage import storage_error
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.survey import Survey, survey
from higress_cli.toolchain.work import Work

# Folders of the store other than the tools themselves.
REQUIRED: Final = (llvm.NAME,)


def ensure_set(session: Session, request: SetRequest, *, source: str | None = None) -> Installed:
    """Make sure that the tools of the request are installed. Nothing outside the store changes without consent.

    `source` restricts tools to that source, if they have it.

    Raises:
        UsageError, InvalidInput, ToolError, DownloadError, ConsentError, ConflictError: see `plans`, `Acquisition.run`
            and `Store.changing`.
    """
    found = survey(session, request, source=source)
    chosen, damaged = found.usable()
    if chosen is not None and not damaged:
        return _installed(session, found, unfetched(found, chosen))
    if source == SYSTEM:
        raise nothing_fits(request, found.here, found.probed)
    if chosen is None:
        plans(request, found.here, session.host)  # report a version that no source has before the store is touched
    try:
        with found.store.changing(session):
            found = found.again()
            bad = _tell_damaged(session, found)
            fetched = _fetch(session, found, bad)
            _remove_damaged(found, bad)
    except OSError as error:
        raise storage_error(found.store.root, error) from error
    return _installed(session, found, fetched)


def install_archive(session: Session, wanted: Archive, *, tool: ToolName, version: str | None) -> Installed:
    """Install one tool from an archive that the user names, verified by the digest that the user gives.

    Raises:
        DownloadError, ToolError, ConflictError: see `sources.archive.offer_named` and `Store.changing`.
    """
    store = Store(session.dirs.tools)
    started = time.monotonic()
    try:
        with store.changing(session), staging_folder(store.root / "scratch") as scratch:
            reach = Reach(session.variables, offline=session.offline)
            work = Work(session=session, store=store, reach=reach, probed={}, scratch=scratch)
            offer = archive.offer_named(work, wanted, tool=tool, version=version)
            installed = offer.fetch(None)
    except OSError as error:
        raise storage_error(store.root, error) from error
    fetched = Obtained(name=tool, what=installed, seconds=round(time.monotonic() - started, 3), tried=())
    return Installed(tools=(installed_tool(store, fetched),))


def unfetched(found: Survey, plan: SetPlan) -> tuple[Obtained[Tool], ...]:
    """The tools of a plan that were already here."""
    known = found.system_reasons(plan)
    return tuple(
        Obtained(name=tool.name, what=tool, seconds=0.0, tried=known.get(tool.name, ()) if tool.own else ())
        for tool in plan.tools
    )


def _fetch(session: Session, found: Survey, damaged: Sequence[Path]) -> tuple[Obtained[Tool], ...]:
    """Fetch what is missing or damaged. What is damaged stays in its place until its replacement takes it."""
    with staging_folder(found.store.root / "scratch") as scratch:
        reach = Reach(session.variables, offline=session.offline)
        work = Work(session=session, store=found.store, reach=reach, probed=found.probed, scratch=scratch)
        for folder in damaged:
            if folder.parent.name == llvm.NAME:
                _replace_llvm(work, folder)
        here = found.sound()
        wanted = plans(found.request, here, session.host)
        if not wanted[0].missing:
            return unfetched(found, wanted[0])
        known = found.system_reasons(wanted[0])
        acquisition = Acquisition(work, source=found.source, known=known, accept=_fetched, here=lambda tool: tool)
        return acquisition.run(wanted)


def _fetched(offer: Offer, go: Tool | None) -> Tool:
    return offer.fetch(go)


def _replace_llvm(work: Work, folder: Path) -> None:
    """Fetch a damaged LLVM again, so that the TinyGo that was compiled with it need not be compiled again."""
    major = folder.name.partition("+")[0]
    reporter = work.session.reporter
    try:
        with reporter.activity(_("Downloading LLVM for TinyGo")) as activity:
            llvm.fetch(work, [major], activity=activity)
    except PassedOver as failure:
        reporter.detail(failure.reason)
    except HgwError as error:
        reporter.detail(passed_over(error).reason)


def _tell_damaged(session: Session, found: Survey) -> tuple[Path, ...]:
    """The folders of the store that are incomplete or damaged; each is reported."""
    store = found.store
    damaged: dict[Path, str] = {}
    for folder in sorted(_broken(store)):
        damaged[folder] = _("{path} is incomplete and is replaced").format(path=folder)
    for damage in found.damages():
        text = _("a tool in the store is damaged and is replaced: {reason}").format(reason=damage.reason)
        damaged.setdefault(damage.folder, text)
    for text in damaged.values():
        session.reporter.warn(text)
    return tuple(damaged)


def _remove_damaged(found: Survey, damaged: Sequence[Path]) -> None:
    """Remove what no replacement has taken the place of, and what needs it, now that a working set is here."""
    for damage in found.again().damages():
        if damage.folder in damaged:
            fs.remove_tree(damage.folder)
    for folder in _broken(found.store):
        fs.remove_tree(folder)


def _broken(store: Store) -> set[Path]:
    return {folder for name in (*ToolName, *REQUIRED) for folder in store.broken_folders(name)}


def _installed(session: Session, found: Survey, fetched: tuple[Obtained[Tool], ...]) -> Installed:
    request = found.request
    tools = [item.what for item in fetched]
    whole = {tool.name for tool in tools} >= set(request.profile.tools)
    return Installed(
        tools=tuple(installed_tool(found.store, item) for item in fetched if item.name in request.tools),
        toolset=assemble(session, found.store, tools, profile=request.profile) if whole else None,
    )
