"""Gateways on which `hgw verify` puts a plugin to the proof: its own, and one that runs already."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.choice import Source, SourceKind
from higress_cli.commands.plugin_module import (
    FreshModule,
    build_choices,
    check_plugin,
    fresh_module,
    needs_of_source,
    refuse_for_gateway,
)
from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Change, GatewayFacts, Inside, Renamed
from higress_cli.gateway.engine import ChosenEngine, choose_engines
from higress_cli.gateway.opening import ANY_PORTS, open_gateway
from higress_cli.gateway.plugin import GivenModule, Plugin, read_plugin
from higress_cli.gateway.services import clusters_of, endpoint
from higress_cli.gateway.settings import GatewaySettings, load_config
from higress_cli.gateway.upstream import check_upstream
from higress_cli.i18n import _
from higress_cli.project.project import Project
from higress_cli.project.scenario import Key, Scenario
from higress_cli.scenarios.running_gateway import RunningGateway
from higress_cli.scenarios.step import Step, StepStatus
from higress_cli.scenarios.trial import Trial
from higress_cli.session import Session
from higress_cli.system.http import NoAnswerError

# The wrapper's options for a buffered or streamed body (wasm-go, pkg/wrapper/plugin_wrapper.go).
_REQUEST_BODY_PHASE: Final = re.compile(r"\bProcess(?:Streaming)?RequestBody")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A verification on a gateway. What has to be called may be called once all `steps` are done.

    `change` is what the gateway ran, None if hgw did not start it.
    """

    engine: str
    plugin: Plugin
    run_dir: Path | None
    steps: Iterator[Step]
    renamed: Callable[[], Renamed | None]
    log: Callable[[], Path | None]
    notes: Callable[[], tuple[str, ...]]
    passed_over: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    change: Change | None = None
    facts: Callable[[], GatewayFacts | None] = lambda: None
    inside: Callable[[], Inside] = Inside
    url: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What came of one module on one engine; see `Proof`."""

    engine: str
    plugin: Plugin
    run_dir: Path | None
    log: Path | None
    renamed: Renamed | None
    passed_over: tuple[str, ...]
    warnings: tuple[str, ...]
    steps: tuple[Step, ...]
    change: Change | None
    facts: GatewayFacts | None
    metrics: Mapping[str, int] | None
    url: str | None


def prove(gateways: Iterator[AbstractContextManager[Proof]], steps: list[Step]) -> Iterator[Proven]:
    """What came of each proof, one after another; their steps are added to `steps` as they come."""
    for gateway in gateways:
        with gateway as proof:
            own: list[Step] = []
            for step in proof.steps:
                own.append(dataclasses.replace(step, engine=proof.engine, abi=proof.plugin.abi.version))
                steps.append(own[-1])
            metrics = None
            if any(step.exchange is not None for step in own):
                with contextlib.suppress(NoAnswerError, GatewayError):
                    metrics = proof.inside().metrics
            yield Proven(
                engine=proof.engine,
                plugin=proof.plugin,
                run_dir=proof.run_dir,
                log=proof.log(),
                renamed=proof.renamed(),
                passed_over=proof.passed_over,
                warnings=(*proof.warnings, *proof.notes(), *not_run(own)),
                steps=tuple(own),
                change=proof.change,
                facts=proof.facts(),
                metrics=metrics,
                url=proof.url(),
            )


def not_run(steps: Sequence[Step]) -> Iterator[str]:
    """A warning for each step that was skipped."""
    for step in steps:
        if step.status is StepStatus.SKIPPED:
            yield _("not run: {name}: {reason}").format(name=step.name, reason=step.reason)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A module that is to be verified on an engine; `is_own` says that it is the project's own."""

    chosen: ChosenEngine
    plugin: Plugin
    is_own: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be verified: `module`, or the project's own, which are built first if stale and `build`."""

    scenarios: tuple[Scenario, ...]
    module: GivenModule | None = None
    build: bool = True

    def keys(self, abi: str | None) -> frozenset[Key]:
        """What the scenarios for a module of this ABI ask of an engine."""
        return frozenset[Key]().union(*(scenario.keys for scenario in self.scenarios if scenario.is_for(abi)))


def plan(session: Session, project: Project, settings: GatewaySettings, wanted: Wanted) -> tuple[Planned, ...]:
    """Each module on each engine that is wanted for it; the modules are built first if needed.

    Raises:
        HgwError: see `verify`.
    """
    load_config(project, settings.config)
    clusters_of(settings.services)
    module = wanted.module
    if module is None:
        check_plugin(session, project)
    needs = needs_of_source(session, project) if wanted.build and module is None else None
    choose_engines(settings.engine, host=session.host, needs=needs)
    check_upstream(settings.upstream)
    abis = build_choices(session, project).abis if module is None else (None,)
    planned: list[Planned] = []
    for abi in abis:
        fresh = FreshModule(path=module.path) if module else fresh_module(session, project, build=wanted.build, abi=abi)
        plugin = read_plugin(fresh.path, image=module.image if module else None)
        refused = refuse_for_gateway(session, project, plugin.module, own=module is None, called=plugin.called)
        keys = wanted.keys(plugin.abi.version)
        chosen = choose_engines(settings.engine, host=session.host, plugin=plugin, keys=keys)
        said = (*fresh.warnings, *refused, *chosen.passed_over)
        for number, engine in enumerate(chosen.engines):
            warnings = said if number == 0 else ()
            planned.append(Planned(chosen=engine, plugin=plugin, is_own=module is None, warnings=warnings))
    return tuple(planned)


@contextlib.contextmanager
def own_gateway(
    session: Session, project: Project, settings: GatewaySettings, *, planned: Planned, scenarios: Sequence[Scenario]
) -> Iterator[Proof]:
    """Verify on a gateway that is started for it, on free ports."""
    plugin = planned.plugin
    with open_gateway(session, planned.chosen, settings, listen=ANY_PORTS) as opened:
        change = opened.change(project, settings, plugin)
        trial = Trial(
            opened,
            change=change,
            settings_file=project.own.file if project.own else project.directory,
            request_body_phase=_asks_for_body(project) if project.has_source and planned.is_own else None,
        )
        with session.reporter.activity(_verifying(planned)) as activity:
            yield Proof(
                engine=planned.chosen.engine.name,
                plugin=plugin,
                run_dir=opened.folder.path,
                steps=trial.steps(scenarios, on_scenario=activity.describe),
                renamed=lambda: trial.renamed,
                log=lambda: opened.gateway.facts.log,
                notes=lambda: trial.notes,
                passed_over=planned.chosen.passed_over,
                warnings=planned.warnings,
                change=change,
                facts=lambda: opened.gateway.facts,
                inside=opened.gateway.inside,
                url=lambda: opened.gateway.url,
            )


@contextlib.contextmanager
def running_gateway(
    session: Session, project: Project, *, url: str, module: GivenModule | None, scenarios: Sequence[Scenario]
) -> Iterator[Proof]:
    """Verify on a gateway that is already running."""
    address = endpoint(url, source=Source(SourceKind.FLAG, "--url")).url
    fresh = FreshModule(path=module.path) if module else fresh_module(session, project, build=False)
    plugin = read_plugin(fresh.path, image=module.image if module else None)
    running = RunningGateway.find(address, runs=session.dirs.runs, digest=plugin.sha256)
    record = running.record or {}
    yield Proof(
        engine=str(record.get("engine", "unknown")),
        plugin=plugin,
        run_dir=Path(str(record["run_dir"])) if record else None,
        steps=running.steps(scenarios),
        renamed=lambda: running.renamed,
        log=lambda: running.log,
        notes=tuple,
        warnings=fresh.warnings,
    )


def _verifying(planned: Planned) -> str:
    return _("Verifying {path} on {engine}").format(path=planned.plugin.called, engine=planned.chosen.engine.name)


def _asks_for_body(project: Project) -> bool:
    """Whether the plugin's source registers a callback for the body of requests."""
    files = (path for path in project.directory.rglob("*.go") if not path.name.endswith("_test.go"))
    return any(
        _REQUEST_BODY_PHASE.search(path.read_text("utf-8", errors="replace")) for path in files if path.is_file()
    )
