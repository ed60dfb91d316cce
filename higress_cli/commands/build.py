"""`hgw build`: compile plugins, check the modules, and only then put them in place."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.commands.build_plan import Plan, Wishes, complete, install_for, settle
from higress_cli.commands.build_result import (
    Artifact,
    BuildResult,
    BuiltImport,
    BuiltProject,
    CommandsResult,
    FailedPlugin,
    PackageBytes,
    PlannedCommand,
)
from higress_cli.commands.single_build import Built, build_one
from higress_cli.compile.collector import COMPILER_BYTES
from higress_cli.compile.module_build import Made
from higress_cli.compile.modules import Modules
from higress_cli.errors import HgwError, UsageError
from higress_cli.i18n import _, joined
from higress_cli.profile import Profile
from higress_cli.reporter import Prefixed
from higress_cli.session import Session
from higress_cli.settings.project import ENGINE, OUT_FILE
from higress_cli.settings.resolver import Resolver
from higress_cli.system.host import usable_cores
from higress_cli.system.memory import available_memory
from higress_cli.system.shell import command_text, shell_at_hand
from higress_cli.system.workers import Workers
from higress_cli.wasm.host_functions import offer_of

if TYPE_CHECKING:
    from concurrent.futures import Future

_NO_WISHES: Final = Wishes()


def build(session: Session, *, directories: Sequence[Path], wishes: Wishes = _NO_WISHES) -> BuildResult:
    """Build the plugins in `directories` (absolute); several at once, as many as cores and memory allow.

    Of several plugins, one that fails does not stop the others; it is in the result.

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
    if len(directories) == 1:
        alone = replace(wishes, memory=available_memory())
        done: list[Built | HgwError] = [build_one(session, directories[0], alone)]
    else:
        done = _build_several(session, directories, wishes)
    warnings: list[str] = []
    for directory, one in zip(directories, done, strict=True):
        owner = _relative(directory, session.directory) if len(directories) > 1 else None
        warnings += _with_owner(owner, one.warnings)
    built = [one for one in done if isinstance(one, Built)]
    problems = (_engine_problem(session, one.plan.settings, made) for one in built for made in one.made)
    problem = next((found for found in problems if found), None)
    return BuildResult(
        artifacts=tuple(_artifact(one.plan, made) for one in built for made in one.made),
        projects=tuple(_built_project(one.plan, one.modules) for one in built),
        failures=tuple(
            _failure(directory, one)
            for directory, one in zip(directories, done, strict=True)
            if isinstance(one, HgwError)
        ),
        seconds=round(time.monotonic() - started, 3),
        engine_problem=problem.message if problem else None,
        engine_hint=problem.hint if problem else None,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def compilers_at_once(count: int, *, cores: int, memory: int | None) -> int:
    """How many compilers to run at once for `count` plugins; `memory` is what is free in bytes, None if unknown."""
    fitting = memory // COMPILER_BYTES if memory is not None else count
    return max(1, min(count, cores, fitting))


def planned_commands(session: Session, *, directories: Sequence[Path], wishes: Wishes = _NO_WISHES) -> CommandsResult:
    """The compiler commands that `build` would run."""
    shell = shell_at_hand(session.host, session.variables)
    commands = []
    for directory in directories:
        plan, _warnings = complete(session, *settle(session, directory, wishes), plan=None)
        tools = plan.toolset.edits(session.variables)
        for abi in plan.choices.abis:
            recipe = plan.job(session, memory=available_memory()).recipe(abi)
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


def _build_several(session: Session, directories: Sequence[Path], wishes: Wishes) -> list[Built | HgwError]:
    """What came of each plugin, in their order."""
    for directory in directories:
        install_for(session, directory)
    lock = threading.Lock()
    memory = available_memory()
    workers = compilers_at_once(len(directories), cores=usable_cores(), memory=memory)
    wishes = replace(wishes, memory=memory // workers if memory is not None else None)
    pool = Workers(workers, thread_name_prefix="build")
    title = _("Building {count} plugins").format(count=len(directories))
    futures: list[Future[Built | HgwError]] = []
    try:
        with session.reporter.activity(title) as activity:
            for directory in directories:
                name = str(_relative(directory, session.directory))
                reporter = Prefixed(session.reporter, name=name, lock=lock)
                own = replace(session, reporter=reporter, interactive=False, assume_yes=False)
                futures.append(pool.submit(_attempt, own, directory, wishes))
            done = []
            for number, future in enumerate(futures, start=1):
                done.append(future.result())
                with lock:
                    activity.describe(_("{done} of {count} done").format(done=number, count=len(futures)))
    finally:
        # Without a wait, so that Ctrl-C is not held up: main ends what the threads still run.
        pool.shutdown(wait=False, cancel_futures=True)
    return done


def _attempt(session: Session, directory: Path, wishes: Wishes) -> Built | HgwError:
    try:
        return build_one(session, directory, wishes)
    except HgwError as error:
        session.reporter.warn(error.message)
        return error


def _failure(directory: Path, error: HgwError) -> FailedPlugin:
    return FailedPlugin(
        directory=directory,
        code=error.code,
        exit_code=int(error.exit_code),
        message=error.message,
        hint=error.hint,
    )


def _with_owner(owner: Path | None, warnings: Iterable[str]) -> tuple[str, ...]:
    """The warnings, prefixed with the plugin's folder `owner`, which is None if only one plugin is built."""
    return tuple(joined((owner, warning)) if owner else warning for warning in warnings)


def _relative(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path


def _engine_problem(session: Session, settings: Resolver, made: Made) -> HgwError | None:
    """The error with which `hgw run` and `hgw verify` would refuse the module on this machine, if any."""
    from higress_cli.gateway.engine import choose_engine  # noqa: PLC0415 -- not for a build in which nothing changed
    from higress_cli.gateway.plugin import read_plugin  # noqa: PLC0415 -- the same

    try:
        choose_engine(settings.choose(ENGINE), host=session.host, plugin=read_plugin(made.path))
    except HgwError as error:
        return error
    return None


def _artifact(plan: Plan, made: Made) -> Artifact:
    toolset, before, size = plan.toolset, made.previous, made.path.stat().st_size
    former = before.packages if before else {}
    return Artifact(
        directory=plan.choices.directory,
        abi=made.abi,
        path=made.path,
        bytes=size,
        delta=size - before.bytes if before and before.bytes else None,
        packages=tuple(
            PackageBytes(name=name, bytes=count, delta=count - former.get(name, 0) if former else None)
            for name, count in made.packages.items()
        ),
        imports=tuple(_imports(made, gateway=plan.choices.gateway.value)),
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


def _imports(made: Made, *, gateway: str) -> Iterator[BuiltImport]:
    for item in made.imports:
        if item.kind == "function":
            offer = offer_of(item, gateway=gateway, marker=made.abi_export)
            way = made.pulled.get(f"{item.module}.{item.name}", ())
            yield BuiltImport(
                module=item.module, name=item.name, since=offer.since, supported=offer.supported, packages=way
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
