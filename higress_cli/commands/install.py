"""`hgw install`: the tools that a project, or the default set, needs."""

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from higress_cli.digest import typed_sha256
from higress_cli.errors import UsageError
from higress_cli.i18n import _, listed
from higress_cli.profile import Profile
from higress_cli.project.project import open_project, plugin_here
from higress_cli.project.resolution import VERSION_OF, settings_of, wanted_tools
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.kinds import is_tool_version, version_problem
from higress_cli.settings.machine import SOURCE
from higress_cli.settings.project import PROFILE
from higress_cli.system.download import Archive
from higress_cli.system.paths import expanded
from higress_cli.tool import SYSTEM, ToolName, tool_named
from higress_cli.toolchain.dry_run import plan_archive, plan_set
from higress_cli.toolchain.installation import InstalledTool, PlannedTool
from higress_cli.toolchain.installer import ensure_set, install_archive
from higress_cli.toolchain.sets import request_for
from higress_cli.toolchain.sources import table
from higress_cli.toolchain.toolset import Toolset

if TYPE_CHECKING:
    from higress_cli.settings.resolver import Given

# A tool may also be named by its program.
_ARCHIVE_ONLY: Final = "archive"


@dataclass(frozen=True, kw_only=True)
class InstallResult(Result):
    """The tools that are here now."""

    internal: ClassVar[frozenset[str]] = frozenset({"warnings", "toolset"})
    profile: Profile
    """The compiler that the tools are for."""
    profile_source: str
    """Who chose the profile: an option, a variable, the path of an hgw.yaml, go.mod, or default."""
    tools: tuple[InstalledTool, ...]
    """The tools that were asked for; with --dry-run, those of them that are here."""
    seconds: float
    """How long all of it took."""
    dry_run: bool = False
    """Whether nothing was to be changed: with --dry-run."""
    planned: tuple[PlannedTool, ...] = ()
    """What would be fetched; always empty without --dry-run."""
    toolset: Toolset | None = None
    """The set, where all of one was asked for."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The tools that are named as `TOOL[@VERSION]`; with none, all that a profile needs.

    `archive` (a path or URL) and its `sha256` provide a single tool.
    """

    tools: Sequence[str] = ()
    archive: str | None = None
    sha256: str | None = None


_ALL: Final = Wishes()


def install(
    session: Session, wishes: Wishes = _ALL, *, directory: Path | None = None, dry_run: bool = False
) -> InstallResult:
    """Make sure that tools are installed.

    Versions come from the wishes, else from the settings of the project in `directory` (default: the session's folder),
    like the profile, else from hgw's preferred sets. With `dry_run` nothing is changed, and the result says what would
    be fetched.

    Raises:
        UsageError: `tool-unknown`, `version-unknown`, `source-unknown`, `usage`.
        InvalidInput: hgw.yaml is invalid or asks for a version that no source has.
        ToolError, DownloadError, ConsentError, ConflictError: see `ensure_set`.
    """
    started = time.monotonic()
    named = _parse(wishes.tools)
    source = session.choose(SOURCE).value
    _check_source(source, named)
    project = open_project(directory or plugin_here(session.directory), needs_source=False)
    versions: Given = {VERSION_OF[name]: version for name, version in named.items() if version}
    settings = settings_of(project, session.typed(versions))
    chosen = settings.choose(PROFILE)
    if wishes.archive is not None or wishes.sha256 is not None:
        tool, version = _only_tool(named, source)
        act_on_archive = plan_archive if dry_run else install_archive
        installed = act_on_archive(session, _archive(session, wishes, tool=tool), tool=tool, version=version)
    else:
        request = request_for(chosen.value, tools=tuple(named), wanted=wanted_tools(settings))
        installed = (plan_set if dry_run else ensure_set)(session, request, source=source)
    return InstallResult(
        profile=chosen.value,
        profile_source=str(chosen.source),
        tools=installed.tools,
        seconds=round(time.monotonic() - started, 3),
        dry_run=dry_run,
        planned=installed.planned,
        toolset=installed.toolset,
    )


def _parse(tools: Sequence[str]) -> dict[ToolName, str | None]:
    """The version for each tool in `TOOL[@VERSION]` arguments; None means any version."""
    named: dict[ToolName, str | None] = {}
    for given in tools:
        word, separator, version = given.partition("@")
        name = tool_named(word, command="hgw install")
        if separator and not version:
            raise UsageError(
                _("`{given}` has an @ but no version").format(given=given), code="usage", hint=f"hgw install {name}"
            )
        if version and not is_tool_version(version):
            raise UsageError(f"`{version}` {version_problem()}", code="usage", hint=f"hgw install {name}")
        if (first := named.get(name)) and version and first != version:
            raise UsageError(
                _("two versions of {tool} are requested: {first} and {second}").format(
                    tool=name, first=first, second=version
                ),
                code="usage",
            )
        named[name] = version.removeprefix("go").removeprefix("v") or first
    return named


def _check_source(source: str | None, named: Mapping[ToolName, str | None]) -> None:
    known = [SYSTEM, *table.NAMES]
    if source is not None and source not in known:
        raise UsageError(
            _("there is no source `{name}`; there are: {known}").format(name=source, known=listed(known)),
            code="source-unknown",
            hint="hgw install --help",
        )
    for name in named:
        if source not in {None, SYSTEM, *table.names_of(name)}:
            raise UsageError(
                _("{tool} has no source `{source}`; it has: {known}").format(
                    tool=name, source=source, known=listed((SYSTEM, *table.names_of(name)))
                ),
                code="source-unknown",
                hint=f"hgw install {name}",
            )


def _only_tool(named: Mapping[ToolName, str | None], source: str | None) -> tuple[ToolName, str | None]:
    if len(named) != 1 or source not in {None, _ARCHIVE_ONLY}:
        raise UsageError(
            _("--archive installs exactly one tool, named as an argument"),
            code="usage",
            hint=_archive_command(next(iter(named), ToolName.TINYGO)),
        )
    return next(iter(named.items()))


def _archive_command(tool: ToolName, *, file: str | None = None, sha256: str | None = None) -> str:
    return shlex.join(["hgw", "install", tool, "--archive", file or "FILE", "--sha256", sha256 or "HEX"])


def _archive(session: Session, wishes: Wishes, *, tool: ToolName) -> Archive:
    """The archive of a tool that is wished for, after checking its digest's format."""
    archive, sha256 = wishes.archive, wishes.sha256
    if archive is None or sha256 is None:
        raise UsageError(
            _("--archive and --sha256 go together: nothing unverified is installed"),
            code="usage",
            hint=_archive_command(tool, file=wishes.archive, sha256=wishes.sha256),
        )
    digest = typed_sha256(sha256)
    if digest is None:
        raise UsageError(
            _("`{value}` (from --sha256) is not a SHA-256, which has 64 hexadecimal digits").format(value=sha256),
            code="usage",
            hint=_archive_command(tool, file=archive),
        )
    url = archive if "://" in archive else session.path(expanded(archive)).as_uri()
    return Archive(urls=(url,), sha256=digest)
