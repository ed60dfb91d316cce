"""`hgw build`: compile a plugin, check the module, and only then put it in place."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.commands.build_plan import Plan, complete, plan_at_hand, settle
from higress_cli.commands.build_result import Artifact, BuildResult, BuiltProject, CommandsResult, PlannedCommand
from higress_cli.compile.job import Compilation, own_source, prepare
from higress_cli.compile.make import InputsChangedError, Made, Manner, make, reuse, standing
from higress_cli.compile.modules import Modules
from higress_cli.compile.packages import Listing
from higress_cli.errors import DownloadError, HgwError, InvalidInput, UsageError
from higress_cli.fault import Fault, refuse
from higress_cli.go.mod import read_go_mod
from higress_cli.go.requirements import requirement_faults
from higress_cli.go.source import source_faults
from higress_cli.go.usage import Usage, package_files, usage_of
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.session import Session
from higress_cli.settings.project import ENGINE, OUT_FILE
from higress_cli.settings.resolver import Resolver
from higress_cli.system.shell import command_text, shell_at_hand

_MOST_TRIES: Final = 3
"""How often a plugin is compiled whose files change while it is compiled."""
_NOT_TIDIED: Final = Modules(listing=Listing(packages=()))


@dataclass(frozen=True, kw_only=True)
class _Built:
    """One plugin that was built or is up to date."""

    plan: Plan
    modules: Modules
    made: tuple[Made, ...]
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
    built: list[_Built] = []
    warnings: list[str] = []
    for directory in directories:
        owner = _relative(directory, session.directory) if len(directories) > 1 else None
        try:
            one = _build_one(session, directory, arguments=arguments, force=force)
        except HgwError as error:
            error.warnings = tuple(dict.fromkeys([*warnings, *_with_owner(owner, error.warnings)]))
            raise
        warnings += _with_owner(owner, one.warnings)
        built.append(one)
    problems = (_engine_problem(session, one.plan.settings, made) for one in built for made in one.made)
    problem = next((found for found in problems if found), None)
    return BuildResult(
        artifacts=tuple(_artifact(one.plan, made) for one in built for made in one.made),
        projects=tuple(_built_project(one.plan, one.modules) for one in built),
        seconds=round(time.monotonic() - started, 3),
        engine_problem=problem.message if problem else None,
        engine_hint=problem.hint if problem else None,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _build_one(session: Session, directory: Path, *, arguments: Sequence[str], force: bool) -> _Built:
    choices, settings = settle(session, directory, arguments=arguments)
    plan = plan_at_hand(session, choices, settings)
    if plan is not None and not force and (made := _as_it_is(session, plan)) is not None:
        warnings = tuple(text for module in made for text in module.warnings)
        return _Built(plan=plan, modules=_NOT_TIDIED, made=made, warnings=warnings)
    warned: list[str] = []
    try:
        plan, about_go_mod = complete(session, choices, settings, plan=plan)
        warned += about_go_mod
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                return _compile(session, plan, force=force, warned=warned, last=attempt == _MOST_TRIES)
            except InputsChangedError as changed:
                text = _("{files} changed while {path} was compiled; compiling it again")
                session.reporter.note(text.format(files=changed, path=directory))
    except HgwError as error:
        error.warnings = tuple(dict.fromkeys(warned))
        raise
    raise AssertionError("the last try keeps the module")


def _as_it_is(session: Session, plan: Plan) -> tuple[Made, ...] | None:
    """The modules, if all are up to date and nothing has to be said about their source; judged without running Go."""
    job = plan.job(session)
    made = []
    for abi in plan.choices.abis:
        seen = standing(session, plan.choices, abi, job=job)
        if not seen.freshness.fresh or seen.freshness.record is None or seen.freshness.record.warned:
            return None
        module = reuse(session, plan.choices, abi, seen.path)
        if module is None:
            return None
        made.append(module)
    return tuple(made)


def _compile(session: Session, plan: Plan, *, force: bool, warned: list[str], last: bool) -> _Built:
    """Compile what is not up to date; `warned` collects the warnings, also those of a plugin that fails."""
    steps, modules = _prepared(session, plan)
    _report_tidied(session, modules)
    warned += _check_inputs(plan, steps)
    about_source = bool(warned)
    made: list[Made] = []
    for step in steps:
        base = steps[0] if made else None
        module = make(session, step, Manner(force=force, warned=about_source, last=last, base=base))
        warned += module.warnings
        made.append(module)
    return _Built(plan=plan, modules=modules, made=tuple(made), warnings=tuple(dict.fromkeys(warned)))


def _with_owner(owner: Path | None, warnings: Iterable[str]) -> tuple[str, ...]:
    """The warnings, prefixed with the plugin's folder `owner`, which is None if only one plugin is built."""
    return tuple(f"{owner}: {warning}" if owner else warning for warning in warnings)


def _relative(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path


def _engine_problem(session: Session, settings: Resolver, made: Made) -> HgwError | None:
    """The error with which `hgw run` and `hgw verify` would refuse the module on this machine, if any."""
    from higress_cli.gateway.engine import choose_engine
    from higress_cli.gateway.plugin import read_plugin

    try:
        choose_engine(settings.choose(ENGINE), host=session.host, plugin=read_plugin(made.path))
    except HgwError as error:
        return error
    return None


def _prepared(session: Session, plan: Plan) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules and return the steps; if that fails, a known fault of go.mod is the better error."""
    try:
        return prepare(session, plan.job(session))
    except (DownloadError, InvalidInput):
        refuse(_requirement_faults(plan, usage=usage_of(package_files(plan.choices.directory))))
        raise


def _check_inputs(plan: Plan, steps: Sequence[Compilation]) -> tuple[str, ...]:
    """Check what will be compiled (the source, and go.mod after `go mod tidy`) and return the warnings."""
    warnings: list[str] = []
    for step in steps:
        files = own_source(step)
        warnings += refuse(_requirement_faults(plan, usage=usage_of(files)))
        warnings += refuse(source_faults(files, profile=step.recipe.profile, abi=step.recipe.abi))
    return tuple(warnings)


def _requirement_faults(plan: Plan, *, usage: Usage) -> tuple[Fault, ...]:
    tinygo = plan.toolset.tinygo.version if plan.toolset.tinygo else None
    go_mod = read_go_mod(plan.choices.directory / "go.mod")
    return requirement_faults(go_mod, profile=plan.choices.profile.value, tinygo=tinygo, usage=usage)


def planned_commands(session: Session, *, directories: Sequence[Path], arguments: Sequence[str] = ()) -> CommandsResult:
    """The compiler commands that `build` would run."""
    shell = shell_at_hand(session.host, session.variables)
    commands = []
    for directory in directories:
        plan, _warnings = complete(session, *settle(session, directory, arguments=arguments), plan=None)
        tools = plan.toolset.edits(session.variables)
        for abi in plan.choices.abis:
            recipe = plan.job(session).recipe(abi)
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


def _report_tidied(session: Session, modules: Modules) -> None:
    if modules.tidied:
        session.reporter.note(_("go.mod and go.sum did not cover the imports; `go mod tidy` changed them:"))
        for line in modules.changes or (_("  go.sum only"),):
            session.reporter.note(f"  {line}")


def _artifact(plan: Plan, made: Made) -> Artifact:
    toolset = plan.toolset
    return Artifact(
        directory=plan.choices.directory,
        abi=made.abi,
        path=made.path,
        bytes=made.path.stat().st_size,
        sha256=made.sha256,
        abi_export=made.abi_export,
        compiler=Profile(plan.choices.profile.value),
        go=toolset.go.version,
        tinygo=toolset.tinygo.version if toolset.tinygo else None,
        wasm_opt=toolset.binaryen.version if toolset.binaryen else None,
        derived=made.derived,
        up_to_date=made.up_to_date,
        seconds=made.seconds,
    )


def _built_project(plan: Plan, modules: Modules) -> BuiltProject:
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
