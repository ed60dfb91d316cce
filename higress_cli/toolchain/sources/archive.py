"""The official release archives, from their own address or a mirror, verified by SHA-256."""

from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from higress_cli.errors import DownloadError, ToolError
from higress_cli.i18n import _, chained, joined
from higress_cli.knowledge import compatibility
from higress_cli.profile import Profile
from higress_cli.reporter import Activity
from higress_cli.system import archive, download, fs
from higress_cli.system.http import size_of
from higress_cli.system.urls import shown
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import mirrors, pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.probe import ask
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.sources.contract import Download, Offer
from higress_cli.toolchain.store import Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "archive"
TOOLS: Final = frozenset(ToolName)


def pinned(work: Work, tool: ToolName, version: str) -> download.Archive | None:
    """The pinned archive of a tool with all its addresses, None if none is pinned for this machine."""
    pin = pins.archive_pin(tool, version, work.session.host)
    if pin is None:
        return None
    urls = mirrors.addresses(work.session, tool=tool, version=version, file=pin.file)
    return download.Archive(urls=urls, sha256=pin.sha256)


def offer(work: Work, need: Need, /) -> Offer:
    """The pinned archive, from the addresses whose hosts answer.

    Raises:
        PassedOver: no archive is pinned for this machine, or no address answers.
    """
    wanted = pinned(work, need.name, need.version)
    if wanted is None:
        raise PassedOver(
            _("no archive is known for {platform}").format(platform=work.session.host.platform),
            cause=Cause.UNFIT,
            code="archive-unknown",
        )
    usable = wanted if _kept(work, wanted) else _answering(work, wanted)
    return Offer(
        name=need.name,
        version=need.version,
        source=NAME,
        downloads=(_described(work, usable),),
        place=work.store.place(need.name, need.version, NAME),
        fetch=lambda _go: _fetch(work, need, usable),
    )


def offer_named(work: Work, wanted: download.Archive, *, tool: ToolName, version: str | None) -> Offer:
    """An archive that the user named; without a version, the tool in it reports its own.

    Raises:
        DownloadError: `offline`; `Offer.fetch` raises DownloadError if the archive is unreachable, has another digest
            or does not contain the tool, and ToolError if the tool does not run here or is refused.
    """
    if work.reach.offline and urlsplit(wanted.urls[0]).scheme != "file" and not _kept(work, wanted):
        raise _offline(work, wanted)
    return Offer(
        name=tool,
        version=version,
        source=NAME,
        downloads=(_described(work, wanted),),
        place=work.store.place(tool, version, NAME),
        fetch=lambda _go: _install_named(work, wanted, tool=tool, version=version),
    )


def _described(work: Work, wanted: download.Archive) -> Download:
    kept = _kept(work, wanted)
    size = size_of(wanted.urls[0], work.session.variables) if work.measuring and not kept else None
    return Download(
        name=wanted.file_name,
        url=shown(wanted.urls[0]),
        bytes=download.kept_at(wanted, folder=work.session.dirs.downloads).stat().st_size if kept else size,
        digest=wanted.sha256,
        kept=kept,
    )


def _answering(work: Work, wanted: download.Archive) -> download.Archive:
    """The archive with only the addresses whose hosts answer, so that unreachable ones cost no time.

    Raises:
        PassedOver: none of them answers.
    """
    obstacles = {url: work.reach.obstacle(url) for url in wanted.urls}
    urls = tuple(url for url, found in obstacles.items() if found is None)
    if urls:
        return replace(wanted, urls=urls)
    told = {"{0.scheme}://{0.netloc}".format(urlsplit(shown(url))): found for url, found in obstacles.items() if found}
    raise PassedOver(
        chained(joined((host, found.text)) for host, found in told.items()),
        cause=Cause.NETWORK,
        code="offline" if work.reach.offline else "download-failed",
        hint=next((found.hint for found in told.values() if found.hint), None),
    )


def _fetch(work: Work, need: Need, wanted: download.Archive) -> Tool:
    title = _("Downloading {tool} {version}").format(tool=need.name.label, version=need.version)
    try:
        with work.session.reporter.activity(title) as activity:
            return _install(work, wanted, tool=need.name, version=need.version, activity=activity)
    except download.HostsBusyError as error:
        for url in error.urls:
            work.reach.gave_up(url, error.message)
        raise


def _install_named(work: Work, wanted: download.Archive, *, tool: ToolName, version: str | None) -> Tool:
    title = _("Installing {tool} from {url}").format(tool=tool.label, url=shown(wanted.urls[0]))
    with work.session.reporter.activity(title) as activity:
        return _install(work, wanted, tool=tool, version=version, activity=activity)


def _install(work: Work, wanted: download.Archive, *, tool: ToolName, version: str | None, activity: Activity) -> Tool:
    work.session.reporter.detail(f"GET {' or '.join(map(shown, wanted.urls))} (SHA-256 {wanted.sha256})")
    variables = work.session.variables
    fs.mark_as_cache(work.session.dirs.cache)
    fetched = download.fetch(wanted, folder=work.session.dirs.downloads, variables=variables, activity=activity)
    url = fetched.url
    activity.describe(_("unpacking"))
    with work.store.staging() as staged:
        unpacked = staged / "unpacked"
        unpacked.mkdir()
        archive.unpack(fetched.path, unpacked)
        root = archive.only_folder(unpacked)
        executable = f"bin/{tool.program}{work.session.host.executable_suffix}"
        if not (root / executable).is_file():
            raise DownloadError(
                _("{url} is not an archive of {tool}: it has no {file}").format(
                    url=url, tool=tool.label, file=executable
                ),
                code="archive-unexpected",
            )
        if version is None:
            version = _own_version(work, tool, root / executable, url)
        receipt = Receipt(
            name=tool,
            version=version,
            source=NAME,
            origin=shown(url),
            executable=executable,
            home=None if tool is ToolName.BINARYEN else ".",
            digest=wanted.sha256,
        )
        return work.store.adopt(root, receipt, variables=variables).tool()


def _own_version(work: Work, tool: ToolName, executable: Path, url: str) -> str:
    answer = ask(tool, executable, work.session.variables)
    if answer.version is None:
        raise ToolError(
            _("{tool} from {url} does not run on this machine: {problem}").format(
                tool=tool.label, url=url, problem=answer.raw[:300]
            ),
            code="tool-unusable",
        )
    for misfit in compatibility.misfits(profile=Profile.TINYGO, **{tool.value: answer.version}):
        raise ToolError(
            misfit.reason, code=misfit.code, details={"found": misfit.found, "expected": misfit.expected, "url": url}
        )
    return answer.version


def _kept(work: Work, wanted: download.Archive) -> bool:
    """Whether the cache has an earlier download; its digest is checked when it is used."""
    return download.kept_at(wanted, folder=work.session.dirs.downloads).is_file()


def _offline(work: Work, wanted: download.Archive) -> DownloadError:
    return DownloadError(
        _("{url} would have to be downloaded, and --offline forbids it").format(url=wanted.urls[0]),
        code="offline",
        hint=_("fetch it on another machine and put it at {path}").format(
            path=download.kept_at(wanted, folder=work.session.dirs.downloads)
        ),
        details={"url": wanted.urls[0], "sha256": wanted.sha256},
    )
