"""`hgw toolchain`: the tools in the store and on the machine, and the set that a project uses."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final

from higress_cli.choice import Choice, Source
from higress_cli.errors import HgwError, UsageError
from higress_cli.i18n import _, listed
from higress_cli.profile import Profile
from higress_cli.project.project import open_project, plugin_here
from higress_cli.project.resolution import settings_of, wanted_tools
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import PROFILE
from higress_cli.spelling import nearest
from higress_cli.system import fs
from higress_cli.system.handover import hand_over
from higress_cli.system.process import find_program, program_missing
from higress_cli.system.shell_exports import Dialect, Exports, dialect_at_hand, dialect_named, export_lines
from higress_cli.system.workers import Workers
from higress_cli.tool import SYSTEM, ToolName, tool_named
from higress_cli.toolchain.probe import probe_all
from higress_cli.toolchain.selection import find_toolset
from higress_cli.toolchain.sets import request_for
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.toolset import Toolset

_PROGRAMS: Final = ("go", "gofmt", "tinygo", "wasm-opt")
"""What a set puts on the PATH."""


class ToolState(StrEnum):
    """Whether a tool can be used."""

    WHOLE = "whole"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class ListedTool:
    """A tool of the store or of the machine."""

    name: str
    """go, tinygo, binaryen (which brings wasm-opt), or what one of them requires, such as llvm."""
    version: str | None
    """The version that it reports or that its receipt says; null where neither does."""
    source: str
    """Where it comes from: system (on the PATH, run in place), archive, module, package or npm."""
    path: Path
    """The executable, or the folder of a tool whose receipt cannot be read."""
    origin: str | None
    """The URL, the Go module or the packages that it was taken from; null for a tool of the machine."""
    bytes: int | None
    """The size of its files; null for a tool of the machine."""
    installed: str | None
    """When it came into the store, in RFC 3339; null for a tool of the machine."""
    state: ToolState
    """Damaged means that files are missing or added, or that it does not report its version."""
    problem: str | None
    """What is wrong with a damaged tool, in the language of the user."""
    used: bool
    """Whether a build in the current folder runs it or needs it."""


@dataclass(frozen=True, kw_only=True)
class ToolsResult(Result):
    """What is in the tool store and on the PATH."""

    store: Path
    """The folder of hgw's own tools."""
    bytes: int
    """What the tools in the store take together."""
    tools: tuple[ListedTool, ...]
    """Those on the PATH first, then those of the store by name and version."""


@dataclass(frozen=True, kw_only=True)
class LocatedTool:
    """A tool of the set that a build in the current folder uses."""

    name: ToolName
    """Binaryen brings wasm-opt."""
    version: str
    """The version that it reports."""
    source: str
    """Where it comes from: system (on the PATH, run in place), archive, module, package or npm."""
    path: Path
    """The executable: go, tinygo or wasm-opt."""
    home: Path | None
    """Its GOROOT or TINYGOROOT; null where it has none or hgw does not know it."""


@dataclass(frozen=True, kw_only=True)
class PathsResult(Result):
    """Where the tools are."""

    profile: Profile
    """The compiler that the tools are for: tinygo or go."""
    profile_source: Source
    """What decided the profile: a variable, the path of an hgw.yaml, go.mod, or default."""
    tools: tuple[LocatedTool, ...]
    """The tools of the set, or the one that was asked for."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentResult(Result):
    """The environment in which a shell builds as hgw does."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"lines"}
    profile: Profile
    """The compiler that the tools are for: tinygo or go."""
    profile_source: Source
    """What decided the profile: a variable, the path of an hgw.yaml, go.mod, or default."""
    shell: Dialect
    """The shell whose syntax the text output is in."""
    variables: Mapping[str, str]
    """The variables to set; PATH is whole. With them `tinygo build` runs as hgw runs it."""
    unset: tuple[str, ...]
    """Variables of the current environment to remove."""
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExecutedResult(Result):
    """A program that ran with the set on its PATH; its exit code is that of the envelope."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"code"}
    argv: tuple[str, ...]
    """The program and its arguments. What it printed is on stderr."""
    profile: Profile
    """The compiler that the tools are for: tinygo or go."""
    profile_source: Source
    """What decided the profile: a variable, the path of an hgw.yaml, go.mod, or default."""
    code: int

    @property
    def exit_code(self) -> int:
        """The program's own."""
        return self.code


@dataclass(frozen=True, kw_only=True)
class _Set:
    """The tools that a build in the session's folder would run, and their profile with its source."""

    profile: Choice[Profile]
    tools: Toolset


def list_tools(session: Session) -> ToolsResult:
    """Every tool in the store and on the PATH, with its state; nothing is changed.

    If no set can be used, a warning says why.
    """
    store = Store(session.dirs.tools)
    used: frozenset[Path] = frozenset()
    warnings: tuple[str, ...] = ()
    try:
        used = _paths_in_use(store, _current_set(session).tools)
    except HgwError as error:
        warnings = (error.message,)
    with session.reporter.activity(_("Looking at the tools")), Workers(4) as pool:
        stored = tuple(pool.map(lambda folder: _stored(session, store, folder), store.folders()))
    tools = tuple(replace(tool, used=tool.path in used) for tool in (*_system_tools(session), *stored))
    return ToolsResult(store=store.root, bytes=sum(tool.bytes or 0 for tool in stored), tools=tools, warnings=warnings)


def tool_paths(session: Session, *, tool: str | None = None) -> PathsResult:
    """The paths of the tools of the set, or of `tool` alone.

    Raises:
        UsageError: `tool-unknown` if there is no such tool, or the profile does not use it.
        HgwError: see `find_toolset`.
    """
    name = tool_named(tool, command="hgw toolchain path") if tool is not None else None
    at_hand = _current_set(session)
    located = tuple(
        LocatedTool(name=item.name, version=item.version, source=item.source, path=item.path, home=item.home)
        for item in at_hand.tools.tools
        if name in {None, item.name}
    )
    if not located:
        raise UsageError(
            _("profile {profile} (from {source}) does not use {tool}").format(
                profile=at_hand.profile.value, source=at_hand.profile.source, tool=name
            ),
            code="tool-unknown",
            hint="hgw toolchain path",
        )
    return PathsResult(profile=at_hand.profile.value, profile_source=at_hand.profile.source, tools=located)


def environment(session: Session, *, shell: str | None = None) -> EnvironmentResult:
    """The variables that make a shell run the compilers as hgw does, in the syntax of `shell`.

    Raises:
        UsageError: `choice-invalid` for a shell that hgw does not know.
        HgwError: see `find_toolset`.
    """
    dialect = _dialect(session, shell)
    at_hand = _current_set(session)
    edits = at_hand.tools.edits(session.variables)
    variables = {name: value for name, value in edits.items() if value is not None}
    unset = tuple(name for name, value in edits.items() if value is None and name in session.variables)
    exports = Exports(values=variables, front=at_hand.tools.search_path, unset=unset)
    return EnvironmentResult(
        profile=at_hand.profile.value,
        profile_source=at_hand.profile.source,
        shell=dialect,
        variables=variables,
        unset=unset,
        lines=export_lines(exports, dialect, separator=os.pathsep),
    )


def execute(session: Session, *, argv: Sequence[str], keep_stdout: bool = False) -> ExecutedResult:
    """Run a program in the session's folder with the set on its PATH; it controls the terminal until it exits.

    With `keep_stdout`, its output goes to stderr.

    Raises:
        UsageError: `usage` without a program.
        ToolError: `program-missing`, `program-broken`; HgwError: see `find_toolset`.
    """
    if not argv:
        raise UsageError(_("a program is missing after --"), code="usage", hint="hgw toolchain exec -- tinygo version")
    at_hand = _current_set(session)
    variables = at_hand.tools.environment(session.variables)
    if find_program(argv[0], variables) is None:
        raise program_missing(argv[0], variables, hint=_hint_for_program(argv))
    code = hand_over(argv, variables=variables, cwd=session.directory, stdout_to_stderr=keep_stdout)
    return ExecutedResult(
        argv=tuple(argv), profile=at_hand.profile.value, profile_source=at_hand.profile.source, code=code
    )


def _hint_for_program(argv: Sequence[str]) -> str:
    if near := nearest(argv[0], _PROGRAMS):
        again = shlex.join(["hgw", "toolchain", "exec", "--", near[0], *argv[1:]])
        return _("did you mean `{near}`?").format(near=again)
    return _("name one of the tools ({names}), or a program that is on the PATH").format(names=listed(_PROGRAMS))


def _current_set(session: Session) -> _Set:
    settings = settings_of(open_project(plugin_here(session.directory), needs_source=False), session)
    profile = settings.choose(PROFILE)
    request = request_for(profile.value, wanted=wanted_tools(settings))
    return _Set(profile=profile, tools=find_toolset(session, request))


def _paths_in_use(store: Store, toolset: Toolset) -> frozenset[Path]:
    used = {tool.path for tool in toolset.tools}
    for folder in store.folders():
        entry = store.read(folder)
        if entry is not None and entry.executable in used:
            used |= {other.executable for other in store.required(entry)}
    return frozenset(used)


def _system_tools(session: Session) -> Iterator[ListedTool]:
    for name, found in probe_all(session).items():
        answers = found.version is not None
        answer = (found.raw.splitlines() or ["-"])[0][:200]
        yield ListedTool(
            name=name,
            version=found.version,
            source=SYSTEM,
            path=found.path,
            origin=None,
            bytes=None,
            installed=None,
            state=ToolState.WHOLE if answers else ToolState.DAMAGED,
            problem=None if answers else _("it does not report a version: {answer}").format(answer=answer),
            used=False,
        )


def _stored(session: Session, store: Store, folder: Path) -> ListedTool:
    entry = store.read(folder)
    version, _plus, source = folder.name.partition("+")
    if entry is None:
        problem: str | None = _("its receipt is missing or cannot be read")
    elif not entry.executable.is_file():
        problem = _("{path} is missing").format(path=entry.executable)
    else:
        damage = store.damage(entry, session.variables)
        problem = damage.reason if damage else None
    return ListedTool(
        name=folder.parent.name,
        version=entry.receipt.version if entry else version or None,
        source=entry.receipt.source if entry else source,
        path=entry.executable if entry else folder,
        origin=entry.receipt.origin if entry else None,
        bytes=fs.size_of(folder),
        installed=entry.receipt.installed or None if entry else None,
        state=ToolState.DAMAGED if problem else ToolState.WHOLE,
        problem=problem,
        used=False,
    )


def _dialect(session: Session, given: str | None) -> Dialect:
    if given is None:
        return dialect_at_hand(session.host, session.variables)
    dialect = dialect_named(given)
    if dialect is None:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=given, source="--shell", choices=listed(Dialect)
            ),
            code="choice-invalid",
            hint=f"hgw toolchain env --shell {Dialect.SH}",
        )
    return dialect
