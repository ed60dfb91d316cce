"""What `hgw install` would fetch: sources, sizes, and what needs consent. Nothing is changed."""

import tempfile
from dataclasses import replace
from pathlib import Path

from higress_cli.errors import ConsentError
from higress_cli.session import Session
from higress_cli.system.download import Archive
from higress_cli.system.reach import Reach
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.acquisition import Acquisition, Obtained
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.installation import Installed, InstalledTool, PlannedTool, installed_tool
from higress_cli.toolchain.installer import unfetched
from higress_cli.toolchain.selection import nothing_fits
from higress_cli.toolchain.sets import SetRequest, plans
from higress_cli.toolchain.sources import archive
from higress_cli.toolchain.sources.contract import Offer
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.survey import Survey, survey
from higress_cli.toolchain.work import Work


def plan_set(session: Session, request: SetRequest, *, source: str | None = None) -> Installed:
    """What `installer.ensure_set` would do. Asks hosts and clients whether they answer, and for sizes.

    Raises:
        HgwError: what `ensure_set` would raise before it fetches anything.
    """
    found = survey(session, request, source=source)
    chosen, _damaged = found.usable()
    if chosen is not None:
        tools = unfetched(found, chosen)
        return Installed(tools=tuple(installed_tool(found.store, item) for item in tools))
    if source == SYSTEM:
        raise nothing_fits(request, found.here, found.probed)
    try:
        offered = _offers(session, found)
    except ConsentError:
        # Only sources that need consent are left, so the plan uses them.
        offered = _offers(replace(session, assume_yes=True), found)
    return Installed(
        tools=tuple(_here(found.store, item, item.what) for item in offered if isinstance(item.what, Tool)),
        planned=tuple(_planned(item.what, item.tried) for item in offered if isinstance(item.what, Offer)),
    )


def plan_archive(session: Session, wanted: Archive, *, tool: ToolName, version: str | None) -> Installed:
    """What `installer.install_archive` would do.

    Raises:
        DownloadError: `offline`.
    """
    with tempfile.TemporaryDirectory(prefix="hgw-") as scratch:
        work = _work(session, Store(session.dirs.tools), None, scratch)
        offer = archive.offer_named(work, wanted, tool=tool, version=version)
    return Installed(tools=(), planned=(_planned(offer, ()),))


def _offers(session: Session, found: Survey) -> tuple[Obtained[Tool | Offer], ...]:
    wanted = plans(found.request, found.sound(), session.host)
    with tempfile.TemporaryDirectory(prefix="hgw-") as scratch:
        acquisition = Acquisition[Tool | Offer](
            _work(session, found.store, found, scratch),
            source=found.source,
            known=found.system_reasons(wanted[0]),
            accept=lambda offer, _go: replace(offer, downloads=(*offer.downloads, *offer.more())),
            here=lambda tool: tool,
        )
        return acquisition.run(wanted)


def _work(session: Session, store: Store, found: Survey | None, scratch: str) -> Work:
    return Work(
        session=session,
        store=store,
        reach=Reach(session.variables, offline=session.offline),
        probed=found.probed if found else {},
        scratch=Path(scratch),
        measuring=True,
    )


def _here(store: Store, item: Obtained[Tool | Offer], tool: Tool) -> InstalledTool:
    return installed_tool(store, Obtained(name=item.name, what=tool, seconds=0.0, tried=item.tried))


def _planned(offer: Offer, tried: tuple[Tried, ...]) -> PlannedTool:
    sizes = [0 if download.kept else download.bytes for download in offer.downloads]
    known = [size for size in sizes if size is not None]
    return PlannedTool(
        name=offer.name,
        version=offer.version,
        source=offer.source,
        downloads=offer.downloads,
        bytes=sum(known) if len(known) == len(sizes) else None,
        consent=offer.consent,
        path=offer.place,
        tried=tried,
    )
