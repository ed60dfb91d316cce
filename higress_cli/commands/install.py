"""`hgw install`: the tools that a project, or the default set, needs."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from higress_cli.choice import Choice
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.project import Project, open_project
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.tool import SYSTEM, ToolName
from higress_cli.toolchain.acquire import SOURCES, Fetched
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.installer import adopt_archive, bring_about
from higress_cli.toolchain.solver import Request, request_for
from higress_cli.toolchain.store import Entry
from higress_cli.toolchain.toolset import Toolset

# The name of its program does for a tool too.
_ALIASES: Final = {"wasm-opt": "binaryen"}
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
_ARCHIVE_ONLY: Final = "archive"


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
class InstalledTool:
    """One tool as it is on the machine now."""

    name: ToolName
    """go, tinygo, or binaryen (which brings wasm-opt)."""
    version: str
    """The version that the tool itself reports."""
    source: str
    """Where it comes from; system is a tool of the machine, run in place."""
    path: Path
    """The executable: go, tinygo or wasm-opt, absolute."""
    origin: str
    """The URL, the Go module, the packages or the path that it was taken from."""
    seconds: float
    """How long it took to get; 0 where it was here."""
    sha256: str | None
    """The digest of the downloaded file; null for a tool of the system."""
    tried: tuple[Tried, ...]
    """The sources that were passed over, in the order of their trial."""
    requires: tuple[RequiredTool, ...] = ()
    """What the tool brought with it into the store."""


@dataclass(frozen=True, kw_only=True)
class InstallResult(Result):
    """The tools that are here now."""

    internal: ClassVar[frozenset[str]] = frozenset({"warnings", "toolset"})
    profile: str
    """The compiler that the tools are for."""
    profile_source: str
    """Who chose the profile: --profile, HGW_PROFILE, the path of an hgw.yaml, or default."""
    tools: tuple[InstalledTool, ...]
    """The tools that were asked for."""
    seconds: float
    """How long all of it took."""
    toolset: Toolset | None = None
    """The set, where all of one was asked for."""


def install(
    session: Session,
    *,
    tools: Sequence[str] = (),
    source: str | None = None,
    archive: str | None = None,
    sha256: str | None = None,
    profile: str | None = None,
    directory: Path | None = None,
) -> InstallResult:
    """Have tools on this machine: all that a profile needs, or those named as `TOOL[@VERSION]`.

    Versions and profile come from the arguments, else from the project in `directory` (default: the session's
    folder), else from what hgw prefers. `archive` (a path or URL) with `sha256` is one tool from anywhere.

    Raises:
        UsageError: `tool-unknown`, `version-unknown`, `source-unknown`, `usage`.
        InvalidInput: hgw.yaml is invalid or asks for a version that nobody has.
        ToolError, DownloadError, ConsentError, ConflictError: see `bring_about`.
    """
    started = time.monotonic()
    named = _parse(tools)
    _check_source(source, named)
    project = open_project(directory or session.directory, needs_source=False)
    chosen = _profile(session, project, profile)
    if archive is not None or sha256 is not None:
        tool, version = _only_tool(named, source)
        url, digest = _archive(session, archive, sha256)
        installed = adopt_archive(session, tool=tool, version=version, url=url, sha256=digest)
    else:
        installed = bring_about(session, _request(project, chosen.value, named), source=source)
    return InstallResult(
        profile=chosen.value,
        profile_source=str(chosen.source),
        tools=tuple(_told(item, installed.requires) for item in installed.tools),
        seconds=round(time.monotonic() - started, 3),
        toolset=installed.toolset,
    )


def _parse(tools: Sequence[str]) -> dict[str, str | None]:
    """`TOOL[@VERSION]` arguments as versions by tool, None where any version does."""
    named: dict[str, str | None] = {}
    for given in tools:
        word, separator, version = given.partition("@")
        name = _ALIASES.get(word, word)
        if name not in SOURCES:
            import difflib

            known = [*SOURCES, *_ALIASES]
            near = difflib.get_close_matches(word, known, n=1)
            raise UsageError(
                _("there is no tool `{name}`; there are: {known}").format(name=word, known=", ".join(SOURCES)),
                code="tool-unknown",
                hint=_("did you mean `{near}`?").format(near=near[0]) if near else "hgw install --help",
                details={"tool": word, "known": list(SOURCES)},
            )
        if separator and not version:
            raise UsageError(
                _("`{given}` names no version").format(given=given), code="usage", hint=f"hgw install {name}"
            )
        if named.get(name) and version and named[name] != version:
            raise UsageError(
                _("{tool} is asked for in two versions: {first} and {second}").format(
                    tool=name, first=named[name], second=version
                ),
                code="usage",
            )
        named[name] = version.removeprefix("go").removeprefix("v") or named.get(name)
    return named


def _check_source(source: str | None, named: Mapping[str, str | None]) -> None:
    known = list(dict.fromkeys([SYSTEM, *(item for names in SOURCES.values() for item in names)]))
    if source is not None and source not in known:
        raise UsageError(
            _("there is no source `{name}`; there are: {known}").format(name=source, known=", ".join(known)),
            code="source-unknown",
            hint="hgw install --help",
        )
    for name in named:
        if source not in {None, SYSTEM, *SOURCES[name]}:
            raise UsageError(
                _("{tool} has no source `{source}`; it has: {known}").format(
                    tool=name, source=source, known=", ".join((SYSTEM, *SOURCES[name]))
                ),
                code="source-unknown",
                hint=f"hgw install {name}",
            )


def _profile(session: Session, project: Project, flag: str | None) -> Choice[str]:
    chosen = project.choose(
        lambda settings: settings.profile,
        flag=(flag, "--profile"),
        variable=(session.variable("HGW_PROFILE"), "HGW_PROFILE"),
        default=Profile.TINYGO,
    )
    if chosen.value not in tuple(Profile):
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=chosen.value, source=chosen.source, choices=", ".join(Profile)
            ),
            code="choice-invalid",
            hint="hgw install --help",
        )
    return chosen


def _request(project: Project, profile: str, named: Mapping[str, str | None]) -> Request:
    wanted: dict[str, Choice[str]] = {}
    for name in SOURCES:
        version = project.choose(
            lambda settings, name=name: settings.toolchain.get(name),  # type: ignore[misc] # bound at once
            flag=(named.get(name), _("the command line")),
            variable=(None, ""),
            default="",
        )
        if version.value:
            wanted[name] = version
    request = request_for(profile, tools=tuple(name for name in SOURCES if name in named), wanted=wanted)
    return Request(
        profile=request.profile,
        tools=request.tools,
        wanted={name: choice for name, choice in wanted.items() if name in request.tools},
    )


def _only_tool(named: Mapping[str, str | None], source: str | None) -> tuple[str, str | None]:
    if len(named) != 1 or source not in {None, _ARCHIVE_ONLY}:
        raise UsageError(
            _("--archive installs exactly one tool, named as an argument"),
            code="usage",
            hint="hgw install tinygo --archive FILE --sha256 HEX",
        )
    return next(iter(named.items()))


def _archive(session: Session, archive: str | None, sha256: str | None) -> tuple[str, str]:
    """The URL and the digest, each checked for its form."""
    if archive is None or sha256 is None:
        raise UsageError(
            _("--archive and --sha256 go together: nothing unverified is installed"),
            code="usage",
            hint="hgw install tinygo --archive FILE --sha256 HEX",
        )
    if not _SHA256.fullmatch(sha256):
        raise UsageError(
            _("`{value}` (from --sha256) is no SHA-256: it has 64 hexadecimal digits").format(value=sha256),
            code="usage",
        )
    url = archive if "://" in archive else session.path(Path(archive).expanduser()).as_uri()
    return url, sha256.lower()


def _told(item: Fetched, requires: Mapping[str, tuple[Entry, ...]]) -> InstalledTool:
    tool, entry = item.candidate.tool, item.candidate.entry
    return InstalledTool(
        name=tool.name,
        version=tool.version,
        source=tool.source,
        path=tool.path,
        origin=tool.origin,
        seconds=item.seconds,
        sha256=entry.receipt.digest if entry is not None else None,
        tried=item.tried,
        requires=tuple(
            RequiredTool(
                name=other.receipt.name,
                version=other.receipt.version,
                source=other.receipt.source,
                path=other.folder,
                origin=other.receipt.origin,
            )
            for other in requires.get(tool.name, ())
        ),
    )
