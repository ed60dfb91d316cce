"""The official release archives, from their own address or a mirror, known by their SHA-256."""

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from higress_cli.errors import DownloadError, ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.reporter import Activity
from higress_cli.system import archive, download
from higress_cli.system.urls import shown
from higress_cli.tool import ToolName
from higress_cli.toolchain import mirrors, pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.probe import ask
from higress_cli.toolchain.store import Entry, Receipt
from higress_cli.toolchain.work import Work, disk_full

NAME: Final = "archive"


@dataclass(frozen=True, kw_only=True)
class HandFetched:
    """An archive that was fetched on another machine: it is taken from `path` when its digest is right."""

    tool: str
    url: str
    sha256: str
    path: Path


def urls(work: Work, tool: str, version: str) -> tuple[str, ...]:
    """Where the archive of a tool would come from; nothing where none is pinned for this machine."""
    pin = pins.archive_pin(tool, version, work.session.host)
    return mirrors.addresses(work.session, tool=tool, version=version, file=pin.file) if pin else ()


def fetch(work: Work, tool: str, version: str) -> Entry:
    """Download, verify and unpack the pinned archive.

    Raises:
        PassedOver: no archive is pinned for this machine, or no address gives it.
    """
    pin = pins.archive_pin(tool, version, work.session.host)
    if pin is None:
        raise PassedOver(
            _("no archive is known for {platform}").format(platform=work.session.host.platform),
            cause=Cause.UNFIT,
            code="archive-unknown",
        )
    failures: list[PassedOver] = []
    for url in urls(work, tool, version):
        wanted = download.Archive(url=url, sha256=pin.sha256)
        try:
            return _fetch_one(work, wanted, tool=tool, version=version)
        except PassedOver as failure:
            failures.append(failure)
    worst = next((item for item in failures if item.code == "checksum-mismatch"), failures[-1])
    raise PassedOver(
        "; ".join(failure.reason for failure in failures), cause=worst.cause, code=worst.code, hint=worst.hint
    )


def file_by_hand(work: Work, tool: str, version: str) -> HandFetched | None:
    """What somebody would fetch elsewhere and put where for this tool, None where no archive is pinned."""
    pin = pins.archive_pin(tool, version, work.session.host)
    if pin is None:
        return None
    wanted = download.Archive(url=urls(work, tool, version)[0], sha256=pin.sha256)
    place = download.kept_at(wanted, folder=work.session.dirs.downloads)
    return HandFetched(tool=tool, url=shown(wanted.url), sha256=pin.sha256, path=place)


def adopt_archive(work: Work, wanted: download.Archive, *, tool: str, version: str | None) -> Entry:
    """Install an archive that the user named; without a version the tool in it is asked for its own.

    Raises:
        DownloadError: it cannot be had, is not what the digest says, or holds no such tool.
        ToolError: what is in it does not run here, or is a version that is refused.
    """
    title = ToolName(tool).label
    with work.session.reporter.activity(
        _("Installing {tool} from {url}").format(tool=title, url=shown(wanted.url))
    ) as activity:
        if work.reach.offline and urlsplit(wanted.url).scheme != "file" and not _kept(work, wanted):
            raise _offline(work, wanted)
        return _install(work, wanted, tool=tool, version=version, activity=activity)


def _fetch_one(work: Work, wanted: download.Archive, *, tool: str, version: str) -> Entry:
    """Like `adopt_archive`, but a host that is known to be out of reach costs nothing."""
    if not _kept(work, wanted) and (problem := work.reach.problem(wanted.url)):
        code = "offline" if work.reach.offline else "download-failed"
        host = "{0.scheme}://{0.netloc}".format(urlsplit(shown(wanted.url)))
        raise PassedOver(f"{host}: {problem}", cause=Cause.NETWORK, code=code)
    title = _("Downloading {tool} {version}").format(tool=ToolName(tool).label, version=version)
    try:
        with work.session.reporter.activity(title) as activity:
            return _install(work, wanted, tool=tool, version=version, activity=activity)
    except DownloadError as error:
        if error.code == "disk-full":
            raise
        raise PassedOver(error.message, cause=Cause.NETWORK, code=error.code, hint=error.hint) from error


def _install(work: Work, wanted: download.Archive, *, tool: str, version: str | None, activity: Activity) -> Entry:
    work.session.reporter.detail(f"GET {wanted.url} (SHA-256 {wanted.sha256})")
    variables = work.session.variables
    packed = download.fetch(wanted, folder=work.session.dirs.downloads, variables=variables, activity=activity)
    activity.describe(_("unpacking"))
    with work.store.staging() as staged:
        unpacked = staged / "unpacked"
        unpacked.mkdir()
        _unpack(work, packed, unpacked)
        root = archive.only_folder(unpacked)
        executable = f"bin/{ToolName(tool).program}{work.session.host.executable_suffix}"
        if not (root / executable).is_file():
            raise DownloadError(
                _("{url} is no archive of {tool}: it holds no {file}").format(
                    url=wanted.url, tool=ToolName(tool).label, file=executable
                ),
                code="archive-unexpected",
            )
        if version is None:
            version = _own_version(work, tool, root / executable, wanted.url)
        receipt = Receipt(
            name=tool,
            version=version,
            source=NAME,
            origin=shown(wanted.url),
            executable=executable,
            home=None if tool == "binaryen" else ".",
            digest=wanted.sha256,
        )
        return work.store.adopt(root, receipt, variables=variables)


def _unpack(work: Work, packed: Path, folder: Path) -> None:
    try:
        archive.unpack(packed, folder)
    except DownloadError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full(work.store.root) from error
        raise


def _own_version(work: Work, tool: str, executable: Path, url: str) -> str:
    answer = ask(tool, executable, work.session.variables)
    if answer.version is None:
        raise ToolError(
            _("{tool} from {url} does not run on this machine: {problem}").format(
                tool=ToolName(tool).label, url=url, problem=answer.raw[:300]
            ),
            code="tool-unusable",
        )
    for misfit in compatibility.misfits(**{tool: answer.version}):
        raise ToolError(
            misfit.reason, code=misfit.code, details={"found": misfit.found, "expected": misfit.expected, "url": url}
        )
    return answer.version


def _kept(work: Work, wanted: download.Archive) -> bool:
    """Whether an earlier download lies in the cache; its digest is checked when it is used."""
    return download.kept_at(wanted, folder=work.session.dirs.downloads).is_file()


def _offline(work: Work, wanted: download.Archive) -> DownloadError:
    return DownloadError(
        _("{url} would have to be downloaded, and --offline forbids it").format(url=wanted.url),
        code="offline",
        hint=_("fetch it on another machine and put it at {path}").format(
            path=download.kept_at(wanted, folder=work.session.dirs.downloads)
        ),
        details={"url": wanted.url, "sha256": wanted.sha256},
    )
