"""`hgw verify`: prove that requests pass through the plugin and that it behaves as its scenarios say."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.choice import Source, SourceKind
from higress_cli.commands.plugin_module import (
    FreshModule,
    check_plugin,
    fresh_module,
    needs_of_source,
    refuse_for_gateway,
)
from higress_cli.errors import ConflictError, ExitCode, HgwError, UsageError
from higress_cli.gateway.contract import Renamed
from higress_cli.gateway.engine import choose_engine
from higress_cli.gateway.opened import ANY_PORTS, check_machine, open_gateway
from higress_cli.gateway.plugin import Plugin, read_plugin
from higress_cli.gateway.services import clusters_of, endpoint
from higress_cli.gateway.settings import GatewaySettings, choose, load_config
from higress_cli.i18n import _
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolve import settings_of
from higress_cli.project.scenario import Scenario
from higress_cli.result import Result
from higress_cli.scenarios.junit import LONGEST_PROLOGUE, is_junit, junit
from higress_cli.scenarios.running import RunningGateway
from higress_cli.scenarios.step import Step, StepStatus
from higress_cli.scenarios.trial import Trial
from higress_cli.session import Session
from higress_cli.settings.project import VERIFY
from higress_cli.system import fs
from higress_cli.system.writing import write_error

# The wrapper's options for a buffered or streamed body (wasm-go, pkg/wrapper/plugin_wrapper.go).
_REQUEST_BODY_PHASE: Final = re.compile(r"\bProcess(?:Streaming)?RequestBody")


@dataclass(frozen=True, kw_only=True)
class VerifyResult(Result):
    """What was asked of the plugin on a gateway, and what came of it."""

    engine: str
    """What ran the plugin: envoy, builtin, docker; `unknown` for a gateway (--url) of another machine."""
    module: Path
    """The module's file, absolute."""
    module_sha256: str
    """The digest of that file."""
    abi: str | None
    """The ABI that the module declares; null where it declares none that a gateway knows."""
    renamed_export: str | None
    """The ABI marker that was renamed in a copy for this engine; null where none was."""
    renamed_to: str | None
    """The marker's name in that copy; null where none was renamed."""
    steps: tuple[Step, ...]
    """First whether the gateway runs this module, then a step for each scenario."""
    counts: Mapping[StepStatus, int]
    """How many steps came to what."""
    run_dir: Path | None
    """The folder of the gateway's run, absolute; null where it is not on this machine."""
    gateway_log: Path | None
    """The file with all that the gateway said; null where it is not on this machine."""
    seconds: float
    """How long all of it took, building included."""

    @property
    def exit_code(self) -> ExitCode:
        """Success if every step passed and at least one scenario was checked."""
        checked = [step for step in self.steps[1:] if step.status is not StepStatus.SKIPPED]
        return ExitCode.OK if checked and all(step.ok for step in self.steps) else ExitCode.CHECK_FAILED


def verify(
    session: Session,
    *,
    directory: Path,
    module: Path | None = None,
    build: bool = True,
    only: Sequence[str] = (),
    url: str | None = None,
    report: Path | None = None,
) -> VerifyResult:
    """Run the scenarios of the project in `directory`, or the general one if it has none.

    `module` replaces the project's own module; `only` selects scenarios by parts of their names; `url` is a gateway
    that `hgw run` started, without which one is started on free ports; `report` is a file for a JUnit report.

    Raises:
        InvalidInput, UsageError: the project, its settings or its configuration are invalid.
        ToolError: `engine-missing`. GatewayError: the gateway does not start or refuses the plugin.
        ConflictError: `report-taken`, or the report cannot be written.
    """
    started = time.monotonic()
    if report is not None:
        _check_report(report)
    project = open_project(directory, needs_source=False)
    settings = choose(settings_of(project, session))
    scenarios = _scenarios(project, only)
    steps: list[Step] = []
    try:
        opened = (
            _own_gateway(session, project, settings, module=module, build=build, scenarios=scenarios)
            if url is None
            else _running_gateway(session, project, url=url, module=module, scenarios=scenarios)
        )
        with opened as proof:
            steps.extend(proof.steps)
            result = _result(proof, tuple(steps), seconds=round(time.monotonic() - started, 3))
    except HgwError as error:
        if report is not None:
            _write_report(report, junit(settings.name.value, steps, error=error))
        raise
    if report is not None:
        _write_report(report, junit(settings.name.value, steps))
    return result


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """A verification on a gateway. `renamed`, `log` and `notes` may be called once all `steps` are done."""

    engine: str
    plugin: Plugin
    run_dir: Path | None
    steps: Iterator[Step]
    renamed: Callable[[], Renamed | None]
    log: Callable[[], Path | None]
    notes: Callable[[], tuple[str, ...]]
    warnings: tuple[str, ...] = ()


def _result(proof: _Proof, steps: tuple[Step, ...], *, seconds: float) -> VerifyResult:
    skipped = (
        _("not run: {name}: {reason}").format(name=step.name, reason=step.reason)
        for step in steps
        if step.status is StepStatus.SKIPPED
    )
    renamed = proof.renamed()
    return VerifyResult(
        engine=proof.engine,
        module=proof.plugin.path,
        module_sha256=proof.plugin.sha256,
        abi=proof.plugin.abi.version,
        renamed_export=renamed.old if renamed else None,
        renamed_to=renamed.new if renamed else None,
        steps=steps,
        counts={status: sum(step.status is status for step in steps) for status in StepStatus},
        run_dir=proof.run_dir,
        gateway_log=proof.log(),
        seconds=seconds,
        warnings=(*proof.warnings, *proof.notes(), *skipped),
    )


def _scenarios(project: Project, only: Sequence[str]) -> tuple[Scenario, ...]:
    """The project's scenarios, or a general one that only expects some response to a request."""
    own = (project.own.get(VERIFY) if project.own else None) or ()
    known = own or (Scenario(name=_("a request is answered")),)
    if not only:
        return known
    chosen = tuple(scenario for scenario in known if any(part.casefold() in scenario.name.casefold() for part in only))
    if not chosen:
        raise UsageError(
            _("no scenario has `{part}` (from --scenario) in its name").format(part=", ".join(only)),
            code="scenario-unknown",
            hint=_("there are: {names}").format(names="; ".join(scenario.name for scenario in known)),
        )
    return chosen


@contextlib.contextmanager
def _own_gateway(
    session: Session,
    project: Project,
    settings: GatewaySettings,
    *,
    module: Path | None,
    build: bool,
    scenarios: Sequence[Scenario],
) -> Iterator[_Proof]:
    """Verify on a gateway that is started for it, on free ports."""
    load_config(project, settings.config)
    clusters_of(settings.services)
    if module is None:
        check_plugin(session, project)
    needs = needs_of_source(session, project) if build and module is None else None
    check_machine(settings, host=session.host, needs=needs)
    fresh = FreshModule(path=module) if module else fresh_module(session, project, build=build)
    plugin = read_plugin(fresh.path)
    gateway_warnings = refuse_for_gateway(session, project, plugin.module, own=module is None)
    chosen = choose_engine(settings.engine, host=session.host, plugin=plugin)
    with open_gateway(
        chosen,
        settings,
        listen=ANY_PORTS,
        dirs=session.dirs,
        plugin_name=settings.name.value,
        variables=session.variables,
        watch_calls=True,
    ) as opened:
        trial = Trial(
            opened,
            change=opened.change(project, settings, plugin),
            settings_file=project.own.file if project.own else project.directory,
            request_body_phase=_asks_for_body(project) if project.has_source and module is None else None,
        )
        with session.reporter.activity(_("verifying {path}").format(path=plugin.path)) as activity:
            yield _Proof(
                engine=chosen.engine.name,
                plugin=plugin,
                run_dir=opened.folder.path,
                steps=trial.steps(scenarios, on_scenario=activity.describe),
                renamed=lambda: trial.renamed,
                log=lambda: opened.gateway.facts.log,
                notes=lambda: trial.notes,
                warnings=tuple(dict.fromkeys((*fresh.warnings, *gateway_warnings))),
            )


def _asks_for_body(project: Project) -> bool:
    """Whether the plugin's source registers a callback for the body of requests."""
    files = (path for path in project.directory.rglob("*.go") if not path.name.endswith("_test.go"))
    return any(_REQUEST_BODY_PHASE.search(path.read_text("utf-8", errors="replace")) for path in files)


@contextlib.contextmanager
def _running_gateway(
    session: Session, project: Project, *, url: str, module: Path | None, scenarios: Sequence[Scenario]
) -> Iterator[_Proof]:
    """Verify on a gateway that is already running."""
    address = endpoint(url, source=Source(SourceKind.FLAG, "--url")).url
    fresh = FreshModule(path=module) if module else fresh_module(session, project, build=False)
    plugin = read_plugin(fresh.path)
    running = RunningGateway.find(address, runs=session.dirs.runs, digest=plugin.sha256)
    record = running.record or {}
    yield _Proof(
        engine=str(record.get("engine", "unknown")),
        plugin=plugin,
        run_dir=Path(record["run_dir"]) if record else None,
        steps=running.steps(scenarios),
        renamed=lambda: running.renamed,
        log=lambda: running.log,
        notes=tuple,
        warnings=fresh.warnings,
    )


def _check_report(path: Path) -> None:
    begin = fs.first_bytes(path, LONGEST_PROLOGUE)
    if begin and not is_junit(begin):
        raise ConflictError(
            _("{path} holds something that is not a report, and the report would replace it").format(path=path),
            code="report-taken",
            hint="hgw verify --report junit=verify.xml",
            details={"path": path},
        )


def _write_report(path: Path, content: bytes) -> None:
    try:
        fs.write_atomically(path, content)
    except OSError as error:
        raise write_error(path, error, hint="hgw verify --report junit=FILE") from error
