"""`hgw verify`: prove that the plugin is in the path and does what it promises."""

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.choice import Source, SourceKind
from higress_cli.commands.plugin_module import FreshModule, fresh_module, refuse_for_gateway
from higress_cli.compile.freshness import is_stale
from higress_cli.errors import ConflictError, ExitCode, HgwError, UsageError
from higress_cli.gateway.engine import check_fit, choose_engine
from higress_cli.gateway.engines.envoy.process import Gateway, Place
from higress_cli.gateway.plugin import Plugin, for_envoy, read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.servers import RequestLog, Seen, upstream
from higress_cli.gateway.services import Endpoint, clusters_of, endpoint
from higress_cli.gateway.settings import HTTPBIN, GatewaySettings, Given, choose, load_config
from higress_cli.i18n import _
from higress_cli.project.project import Project, open_project
from higress_cli.project.scenario import Expectation, Request, Scenario
from higress_cli.result import Result
from higress_cli.scenarios.junit import junit
from higress_cli.scenarios.running import RunningGateway
from higress_cli.scenarios.step import Step
from higress_cli.scenarios.trial import Trial, Witness
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.http import authorities

_ANY_PORT: Final = 0


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
    steps: tuple[Step, ...]
    """First whether the gateway runs this module, then a step for each scenario."""
    run_dir: Path | None
    """The folder of the gateway's run, absolute; null where it is not on this machine."""
    seconds: float
    """How long all of it took, building included."""

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.OK if all(step.ok for step in self.steps) else ExitCode.CHECK_FAILED


def verify(
    session: Session,
    *,
    directory: Path,
    module: Path | None = None,
    given: Given | None = None,
    build: bool = True,
    only: Sequence[str] = (),
    url: str | None = None,
    report: Path | None = None,
) -> VerifyResult:
    """Run the scenarios of the project in `directory`, or the general one where it has none.

    `module` is another module than the project's own; `only` are parts of scenario names; `url` is a gateway that
    `hgw run` started, else one is started on free ports; `report` is a file for a JUnit report.

    Raises:
        InvalidInput, UsageError: what the project, its settings or its configuration have wrong.
        ToolError: `engine-missing`. GatewayError: the gateway does not start or refuses the plugin.
        ConflictError: `report-unwritable`.
    """
    started = time.monotonic()
    project = open_project(directory, needs_source=False)
    settings = choose(project, given=given or Given(), variables=session.variables)
    scenarios = _scenarios(project, only)
    steps: list[Step] = []
    try:
        if url is not None:
            result = _verify_running(session, project, url=url, module=module, scenarios=scenarios, steps=steps)
        else:
            fresh = FreshModule(path=module) if module else fresh_module(session, project, build=build)
            plugin = read_plugin(fresh.path)
            doubts = refuse_for_gateway(session, project, plugin.module, own=module is None)
            result = _verify_own(session, project, settings, plugin=plugin, scenarios=scenarios, steps=steps)
            result = dataclasses.replace(result, warnings=tuple(dict.fromkeys((*fresh.warnings, *doubts))))
    except HgwError as error:
        if report is not None:
            _write_report(report, junit(project.name, steps, error=error))
        raise
    if report is not None:
        _write_report(report, junit(project.name, steps))
    return dataclasses.replace(result, seconds=round(time.monotonic() - started, 3))


def _scenarios(project: Project, only: Sequence[str]) -> tuple[Scenario, ...]:
    """The project's scenarios, or the general one: a request is answered, whatever the answer."""
    own = (project.own.verify if project.own else None) or ()
    known = own or (Scenario(name=_("a request is answered"), request=Request(), expect=Expectation()),)
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


def _verify_own(
    session: Session,
    project: Project,
    settings: GatewaySettings,
    *,
    plugin: Plugin,
    scenarios: Sequence[Scenario],
    steps: list[Step],
) -> VerifyResult:
    """On a gateway of our own."""
    config = load_config(project, settings.config)
    services = clusters_of(settings.services)
    engine = choose_engine(settings.engine, host=session.host)
    check_fit(plugin, engine)
    with contextlib.ExitStack() as stack:
        folder = RunFolder.create(session.dirs.runs)
        stack.callback(folder.leave)
        behind, witness = _upstream(stack, folder, settings)
        place = Place(
            bind="127.0.0.1",
            port=_ANY_PORT,
            port_source="default",
            admin_port=_ANY_PORT,
            upstream=behind,
            plugin_name=project.name,
            certificates=authorities(session.variables),
        )
        gateway = stack.enter_context(Gateway(engine=engine, folder=folder, place=place, variables=session.variables))
        trial = Trial(
            gateway=gateway,
            plugin=plugin,
            config=config,
            services=services,
            witness=witness,
            settings_file=project.own.file if project.own else project.directory,
        )
        with session.reporter.activity(_("verifying {path}").format(path=plugin.path)) as activity:
            steps.append(trial.load(_("the gateway runs this module with its configuration")))
            for scenario in scenarios:
                activity.describe(scenario.name)
                steps.append(trial.run(scenario))
    return VerifyResult(
        engine=engine.name,
        module=plugin.path,
        module_sha256=plugin.sha256,
        abi=plugin.abi.version,
        renamed_export=for_envoy(plugin).renamed,
        steps=tuple(steps),
        run_dir=folder.path,
        seconds=0.0,
    )


def _verify_running(
    session: Session,
    project: Project,
    *,
    url: str,
    module: Path | None,
    scenarios: Sequence[Scenario],
    steps: list[Step],
) -> VerifyResult:
    """On a gateway that runs already."""
    address = endpoint(url, source=Source(SourceKind.FLAG, "--url")).url
    path = module or fresh_module(session, project, build=False).path
    plugin = read_plugin(path)
    warnings: list[str] = []
    if module is None and project.has_source and is_stale(project.directory, path):
        warnings.append(_("{path} is older than its source; `hgw build` first").format(path=path))
    running = RunningGateway.find(address, runs=session.dirs.runs, digest=plugin.sha256)
    steps.append(running.load(_("the gateway at {url} runs this module").format(url=address)))
    for scenario in scenarios:
        obstacle = running.obstacle(scenario)
        if obstacle is None:
            steps.append(running.run(scenario))
        else:
            warnings.append(_("not run: {name}: {reason}").format(name=scenario.name, reason=obstacle))
    record = running.record or {}
    return VerifyResult(
        engine=str(record.get("engine", "unknown")),
        module=plugin.path,
        module_sha256=plugin.sha256,
        abi=plugin.abi.version,
        renamed_export=record.get("renamed_export"),
        steps=tuple(steps),
        run_dir=Path(record["run_dir"]) if record else None,
        seconds=0.0,
        warnings=tuple(warnings),
    )


def _upstream(
    stack: contextlib.ExitStack, folder: RunFolder, settings: GatewaySettings
) -> tuple[Endpoint, Witness | None]:
    if settings.upstream.value != HTTPBIN:
        return endpoint(settings.upstream.value, source=settings.upstream.source), None
    witness, log = Witness(), RequestLog(folder.upstream_log)

    def remember(seen: Seen) -> None:
        witness(seen)
        log(seen)

    server = stack.enter_context(upstream(port=_ANY_PORT, sink=remember, log=folder.server_log, source="default"))
    return server.at, witness


def _write_report(path: Path, content: bytes) -> None:
    try:
        fs.write_atomically(path, content)
    except OSError as error:
        raise ConflictError(
            _("the report {path} cannot be written: {reason}").format(path=path, reason=error.strerror or error),
            code="report-unwritable",
            details={"path": path},
        ) from error
