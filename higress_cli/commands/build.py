"""`hgw build`: compile a plugin, check the module, and only then put it in place."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.choice import Choice
from higress_cli.compile.choices import Choices, choose
from higress_cli.compile.job import Compilation, Equipment, Job, Made, make, own_source, prepare
from higress_cli.compile.modules import Modules
from higress_cli.compile.output import check_output
from higress_cli.compile.packages import go_work_in_use
from higress_cli.compile.target import target_faults
from higress_cli.errors import DownloadError, HgwError, InvalidInput, ToolError, UsageError
from higress_cli.fault import Fault, refuse
from higress_cli.go.go_line import go_line_faults
from higress_cli.go.mod import read_go_mod
from higress_cli.go.requirements import replacement_faults, requirement_faults
from higress_cli.go.source import source_faults
from higress_cli.go.syntax import called_names
from higress_cli.go.work import work_faults
from higress_cli.i18n import _, listed
from higress_cli.profile import Profile
from higress_cli.project.project import open_project, plugins_below
from higress_cli.project.resolve import settings_of, wanted_tools
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import ENGINE, OUT_FILE, PROFILE
from higress_cli.settings.resolver import Resolver
from higress_cli.system.shell import command_text, shell_at_hand
from higress_cli.toolchain.select import find_toolset
from higress_cli.toolchain.sets import request_for
from higress_cli.toolchain.toolset import Toolset

# How many levels are searched for plugins to name in an error; the current folder may be a large home folder.
_DEEPEST_LOOK: Final = 3


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A module that was built or is up to date."""

    directory: Path
    """The plugin's folder, absolute."""
    abi: Abi
    """The ABI that was asked for and found."""
    path: Path
    """The module, absolute."""
    bytes: int
    """The module's size."""
    sha256: str
    """The digest of the module."""
    abi_export: str
    """The export that declares the ABI."""
    compiler: Profile
    """What compiled it: tinygo or go."""
    go: str
    """The version of Go."""
    tinygo: str | None
    """The version of TinyGo, null in profile go."""
    wasm_opt: str | None
    """The version of wasm-opt, null in profile go."""
    derived: bool
    """Whether it was made from another module."""
    up_to_date: bool
    """Whether nothing had to be compiled."""
    seconds: float
    """How long the compiler took."""


@dataclass(frozen=True, kw_only=True)
class BuiltProject:
    """The settings that a plugin was built with."""

    directory: Path
    """The plugin's folder, absolute."""
    name: str
    """The plugin's name."""
    profile: Choice[Profile]
    """tinygo or go."""
    abi: Choice[str]
    """0.2.1, 0.2.100 or all."""
    gateway: Choice[str]
    """The gateway whose host functions the module may use."""
    out_file: Choice[str]
    """As it was given."""
    tags: Choice[tuple[str, ...]]
    """Build tags besides those of the profile and the ABI."""
    flags: Choice[tuple[str, ...]]
    """Compiler flags besides those of the profile."""
    tidied: bool
    """Whether `go mod tidy` had to be run."""
    changes: tuple[str, ...]
    """What that changed in go.mod: `+ PATH VERSION`, `- PATH VERSION`, `PATH OLD -> NEW`."""


@dataclass(frozen=True, kw_only=True)
class BuildResult(Result):
    """The modules that were built or are up to date."""

    artifacts: tuple[Artifact, ...]
    """The modules, in the order of the plugins and their ABIs."""
    projects: tuple[BuiltProject, ...]
    """The plugins and the settings that they were built with."""
    seconds: float
    """How long all of it took."""
    engine_problem: str | None
    """Why no engine on this machine can run one of the modules; null where each can be run."""
    engine_hint: str | None
    """What to do about that."""


@dataclass(frozen=True, kw_only=True)
class PlannedCommand:
    """A compiler's command line."""

    directory: Path
    """Where it is run, absolute."""
    abi: Abi
    """The ABI that it builds for."""
    argv: tuple[str, ...]
    """The program and its arguments."""
    environment: Mapping[str, str | None]
    """The variables that differ from those of the caller; null is unset."""
    text: str
    """The same for the shell at hand, ready to be pasted."""


@dataclass(frozen=True, kw_only=True)
class CommandsResult(Result):
    """With --print-command: the commands that would be run."""

    commands: tuple[PlannedCommand, ...]
    """What would be run, in order."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    choices: Choices
    settings: Resolver
    toolset: Toolset
    job: Job
    warnings: tuple[str, ...]


def build(
    session: Session, *, directories: Sequence[Path], arguments: Sequence[str] = (), force: bool = False
) -> BuildResult:
    """Build the plugins in `directories` (absolute) in turn and stop at the first failure, keeping what is built.

    `arguments` are extra compiler arguments. With `force`, modules are compiled even if they are up to date.

    Raises:
        UsageError, InvalidInput: a setting is invalid, or there is no plugin.
        ToolError: no matching set of tools is installed.
        DownloadError: Go modules are missing and cannot be fetched.
        CheckFailed: settings, source, go.mod or the new module have a known fault; the old module is kept.
        CompileError: the compiler failed; the old module is kept.
        ConflictError: the module cannot be written.
    """
    started = time.monotonic()
    _refuse_shared_output(session, directories)
    artifacts: list[Artifact] = []
    projects: list[BuiltProject] = []
    warnings: list[str] = []
    problem: HgwError | None = None
    try:
        for directory in directories:
            owner = _relative(directory, session.directory) if len(directories) > 1 else None
            plan = _plan(session, directory, arguments=arguments)
            warnings += _with_owner(owner, plan.warnings)
            steps, modules = _prepared(session, plan)
            _report_tidied(session, modules)
            warnings += _with_owner(owner, _check_inputs(plan, steps))
            for step in steps:
                made = make(session, step, force=force)
                warnings += _with_owner(owner, made.warnings)
                artifacts.append(_artifact(plan, made))
                problem = problem or _engine_problem(session, plan, made)
            projects.append(_built_project(plan, modules))
    except HgwError as error:
        error.warnings = tuple(dict.fromkeys(warnings))
        raise
    return BuildResult(
        artifacts=tuple(artifacts),
        projects=tuple(projects),
        seconds=round(time.monotonic() - started, 3),
        engine_problem=problem.message if problem else None,
        engine_hint=problem.hint if problem else None,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _with_owner(owner: Path | None, warnings: Iterable[str]) -> tuple[str, ...]:
    """The warnings, prefixed with the plugin's folder `owner`, which is None if only one plugin is built."""
    return tuple(f"{owner}: {warning}" if owner else warning for warning in warnings)


def _relative(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path


def _engine_problem(session: Session, plan: _Plan, made: Made) -> HgwError | None:
    """The error with which `hgw run` and `hgw verify` would refuse the module on this machine, if any."""
    from higress_cli.gateway.engine import choose_engine
    from higress_cli.gateway.plugin import read_plugin

    try:
        choose_engine(plan.settings.choose(ENGINE), host=session.host, plugin=read_plugin(made.step.output))
    except HgwError as error:
        return error
    return None


def _prepared(session: Session, plan: _Plan) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules and return the steps; if that fails, a known fault of go.mod is the better error."""
    try:
        return prepare(session, plan.job)
    except (DownloadError, InvalidInput):
        refuse(_requirement_faults(plan))
        raise


def _check_inputs(plan: _Plan, steps: Sequence[Compilation]) -> tuple[str, ...]:
    """Check what will be compiled (the source, and go.mod after `go mod tidy`) and return the warnings."""
    warnings: list[str] = []
    for step in steps:
        files = own_source(step)
        warnings += refuse(_requirement_faults(plan, calls=called_names(files)))
        warnings += refuse(source_faults(files, profile=step.recipe.profile, abi=step.recipe.abi))
    return tuple(warnings)


def _requirement_faults(plan: _Plan, *, calls: Collection[str] = ()) -> tuple[Fault, ...]:
    tinygo = plan.toolset.tinygo.version if plan.toolset.tinygo else None
    go_mod = read_go_mod(plan.choices.directory / "go.mod")
    return requirement_faults(go_mod, profile=plan.choices.profile.value, tinygo=tinygo, calls=calls)


def planned_commands(session: Session, *, directories: Sequence[Path], arguments: Sequence[str] = ()) -> CommandsResult:
    """The compiler commands that `build` would run."""
    shell = shell_at_hand(session.host, session.variables)
    commands = []
    for directory in directories:
        plan = _plan(session, directory, arguments=arguments)
        tools = plan.toolset.edits(session.variables)
        for abi in plan.choices.abis:
            recipe = plan.job.recipe(abi)
            edits = {
                name: value
                for name, value in {**tools, **recipe.edits}.items()
                if name != "PATH" and session.variables.get(name) != value
            }
            folders = plan.toolset.search_path
            text = command_text(recipe.argv, shell=shell, directory=directory, edits=edits, search_path=folders)
            environment = {"PATH": tools["PATH"], **edits} if folders else edits
            commands.append(
                PlannedCommand(directory=directory, abi=abi, argv=recipe.argv, environment=environment, text=text)
            )
    return CommandsResult(commands=tuple(commands))


def every_plugin(directory: Path) -> tuple[Path, ...]:
    """The folders of all plugins in `directory` and below.

    Raises:
        InvalidInput: `no-project` if there are none.
    """
    found = plugins_below(directory)
    if not found:
        raise InvalidInput(
            _("there is no Go plugin in {path} or below").format(path=directory),
            code="no-project",
            hint=f"hgw init {directory}",
            details={"path": directory},
        )
    return found


def folder_named(path: Path) -> Path:
    """The plugin's folder: `path` itself, or if it is a Go file, the folder that contains it."""
    return path.parent if path.suffix == ".go" and path.is_file() else path


def plugin_around(directory: Path) -> Path:
    """`directory` or the nearest folder above it that has a go.mod, as for the go command.

    Raises:
        InvalidInput: `no-project` if there is none but there are plugins below `directory`, which it names.
    """
    found = next((folder for folder in (directory, *directory.parents) if (folder / "go.mod").is_file()), None)
    if found is not None or any(directory.glob("*.go")):
        return found or directory
    below = plugins_below(directory, deepest=_DEEPEST_LOOK)
    if not below:
        return directory
    names = [str(folder.relative_to(directory)) for folder in below]
    raise InvalidInput(
        _("{path} is not a plugin, but there are plugins below it: {names}").format(
            path=directory, names=listed(names)
        ),
        code="no-project",
        hint=f"hgw build {names[0]}" if len(names) == 1 else _("hgw build --all, or hgw build DIR"),
        details={"path": directory, "plugins": below},
    )


def _plan(session: Session, directory: Path, *, arguments: Sequence[str]) -> _Plan:
    """Choose the settings and the tools for a plugin and check go.mod, cheap checks first."""
    project = open_project(directory)
    go_mod = read_go_mod(project.go_mod)
    settings = settings_of(project, session)
    choices = choose(settings, directory=directory, arguments=arguments)
    refuse(target_faults(choices))
    profile = choices.profile.value
    for abi in choices.abis:
        check_output(choices.output(abi))
    refuse(requirement_faults(go_mod, profile=profile, tidy=False))
    refuse(replacement_faults(go_mod, is_module=lambda folder: (folder / "go.mod").is_file()))
    toolset = _toolset(session, settings, directory=directory)
    warnings = refuse(go_line_faults(go_mod, go=toolset.go.version))
    equipment = Equipment(tools=toolset.tools, variables=toolset.environment(session.variables))
    refuse(work_faults(directory, go_work=go_work_in_use(directory=directory, variables=equipment.variables)))
    job = Job(choices=choices, equipment=equipment)
    return _Plan(choices=choices, settings=settings, toolset=toolset, job=job, warnings=warnings)


def _toolset(session: Session, settings: Resolver, *, directory: Path) -> Toolset:
    """The set of tools, which is installed if it is missing and the user agrees."""
    request = request_for(settings.choose(PROFILE).value, wanted=wanted_tools(settings))
    try:
        return find_toolset(session, request)
    except ToolError as missing:
        if not session.assume_yes:
            if not session.interactive:
                raise
            session.reporter.note(missing.message)
            if not session.reporter.confirm(_("Install what the build needs now?")):
                raise
    from higress_cli.commands.install import install

    installed = install(session, directory=directory)
    return installed.toolset or find_toolset(session, request)


def _report_tidied(session: Session, modules: Modules) -> None:
    if modules.tidied:
        session.reporter.note(_("go.mod and go.sum did not cover the imports; `go mod tidy` changed them:"))
        for line in modules.changes or (_("  go.sum only"),):
            session.reporter.note(f"  {line}")


def _artifact(plan: _Plan, made: Made) -> Artifact:
    toolset = plan.toolset
    return Artifact(
        directory=plan.choices.directory,
        abi=made.step.recipe.abi,
        path=made.step.output,
        bytes=made.step.output.stat().st_size,
        sha256=made.sha256,
        abi_export=made.abi_export,
        compiler=made.step.recipe.profile,
        go=toolset.go.version,
        tinygo=toolset.tinygo.version if toolset.tinygo else None,
        wasm_opt=toolset.binaryen.version if toolset.binaryen else None,
        derived=False,
        up_to_date=made.up_to_date,
        seconds=made.seconds,
    )


def _built_project(plan: _Plan, modules: Modules) -> BuiltProject:
    choices = plan.choices
    return BuiltProject(
        directory=plan.choices.directory,
        name=choices.name.value,
        profile=choices.profile,
        abi=choices.abi,
        gateway=choices.gateway,
        out_file=choices.out_file,
        tags=choices.tags,
        flags=choices.flags,
        tidied=modules.tidied,
        changes=modules.changes,
    )


def _refuse_shared_output(session: Session, directories: Sequence[Path]) -> None:
    given = session.choose(OUT_FILE)
    if len(directories) > 1 and Path(given.value).is_absolute():
        raise UsageError(
            _("`{path}` (from {source}): {count} plugins cannot all be written to one file").format(
                path=given.value, source=given.source, count=len(directories)
            ),
            code="out-file-shared",
            hint=_("give a relative path: it is taken from each plugin's folder"),
        )
