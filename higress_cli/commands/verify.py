"""`hgw verify`: prove that requests pass through the plugin and that it behaves as its scenarios say."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from higress_cli.commands.unmapped_services import unmapped_services
from higress_cli.commands.verify_evidence import Comparison, check_folder, write_evidence
from higress_cli.commands.verify_proof import Planned, Proof, Proven, Wanted, own_gateway, plan, prove, running_gateway
from higress_cli.commands.verify_reports import Reports
from higress_cli.digest import Sha256
from higress_cli.errors import DownloadError, ExitCode, GatewayError, HgwError, ToolError, UsageError
from higress_cli.gateway.plugin import GivenModule, Plugin
from higress_cli.gateway.settings import GatewaySettings, choose
from higress_cli.i18n import _, chained, listed
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.project.scenario import Scenario
from higress_cli.result import Result
from higress_cli.scenarios.agreement import Disagreement, disagreements
from higress_cli.scenarios.comparison import Difference, Differences, differences, without_unsteady
from higress_cli.scenarios.step import Step, StepKind, StepStatus, failed_start
from higress_cli.session import Session
from higress_cli.settings.project import VERIFY


@dataclass(frozen=True, kw_only=True)
class VerifiedModule:
    """A module that was verified."""

    abi: str | None
    """The ABI that it declares; null where it declares none that a gateway knows."""
    path: Path
    """Its file, absolute."""
    sha256: Sha256
    """The digest of that file."""
    image: str | None
    """The image that it was pulled from, as it was named; null where it is a file."""


@dataclass(frozen=True, kw_only=True)
class VerifyResult(Result):
    """What was asked of the plugin on a gateway, and what came of it."""

    engine: str
    """What ran the plugin: envoy, builtin, docker; all: several; `unknown` for a gateway (--url) of another machine."""
    engine_reason: str | None
    """Why `auto` took this engine rather than one before it; null where it took the first, or was not asked."""
    module: Path
    """The module's file, absolute; the first one if there are several."""
    module_sha256: Sha256
    """The digest of that file."""
    abi: str | None
    """The ABI that the module declares; null where it declares none that a gateway knows."""
    renamed_export: str | None
    """The ABI marker that was renamed in a copy for this engine; null where none was."""
    renamed_to: str | None
    """The marker's name in that copy; null where none was renamed."""
    modules: tuple[VerifiedModule, ...]
    """All modules that were verified."""
    steps: tuple[Step, ...]
    """For each module on each engine: whether the gateway runs it, then a step for each request of each scenario."""
    counts: Mapping[StepStatus, int]
    """How many steps came to what."""
    disagreements: tuple[Disagreement, ...]
    """The steps that came to something else on another engine."""
    differences: tuple[Difference, ...]
    """What is not as it was with the module of --baseline."""
    unsteady: tuple[Difference, ...]
    """What was not either, but differs between two runs of that module as well."""
    baseline: VerifiedModule | None
    """The module of --baseline; null where there is none."""
    written: tuple[Path, ...]
    """The files and folders of --report and --evidence that were written, absolute."""
    run_dir: Path | None
    """The folder of the gateway's run, absolute; null where it is not on this machine; of several, the first."""
    gateway_log: Path | None
    """The file with all that the gateway said; null where it is not on this machine; of several, the first."""
    seconds: float
    """How long all of it took, building included."""

    @property
    def exit_code(self) -> ExitCode:
        """Success if every step passed and at least one scenario was checked."""
        checked = any(step.kind is StepKind.SCENARIO and step.status is not StepStatus.SKIPPED for step in self.steps)
        return ExitCode.OK if checked and all(step.ok for step in self.steps) else ExitCode.CHECK_FAILED


@dataclass(frozen=True, kw_only=True)
class VerifyWishes:
    """What to verify, and where.

    `module` replaces the project's own module, which is built first if it is stale and `build`; `baseline` is a module
    that is put to the same scenarios; `only` selects scenarios by parts of their names; `url` is a gateway that
    `hgw run` started, without which one is started on free ports.
    """

    module: GivenModule | None = None
    build: bool = True
    baseline: GivenModule | None = None
    only: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Work:
    """A project whose modules are put to `scenarios`; `passed_over` gathers why an engine could not do it."""

    session: Session
    project: Project
    settings: GatewaySettings
    scenarios: tuple[Scenario, ...]
    passed_over: list[str] = dataclasses.field(default_factory=list)


def verify(
    session: Session, *, directory: Path, wishes: VerifyWishes | None = None, reports: Reports | None = None
) -> VerifyResult:
    """Run the scenarios of the project in `directory`, or the general one if it has none.

    `reports` also gets what came before an error.

    Raises:
        InvalidInput, UsageError: the project, its settings or its configuration are invalid.
        ToolError: `engine-missing`. GatewayError: the gateway does not start or refuses the plugin.
        ConflictError: `report-taken`, or the report cannot be written.
    """
    started = time.monotonic()
    wishes = wishes or VerifyWishes()
    wanted = reports or Reports()
    wanted.check()
    if wanted.evidence is not None:
        check_folder(wanted.evidence)
    project = open_project(directory, needs_source=False)
    settings = choose(settings_of(project, session))
    work = _Work(session=session, project=project, settings=settings, scenarios=_scenarios(project, wishes.only))
    steps: list[Step] = []
    try:
        found = _proven(work, wishes, steps)
    except HgwError as error:
        wanted.write(settings.name.value, steps, error=error)
        raise
    wanted.write(settings.name.value, steps)
    mapped = {key for scenario in work.scenarios for key in scenario.services}
    unmapped = () if wishes.url is not None else unmapped_services(project, settings, mapped=mapped)
    if wanted.evidence is not None:
        write_evidence(session, wanted.evidence, directory=project.directory, found=found)
    result = _result(found, warnings=(*unmapped, *work.passed_over), written=wanted.files)
    return dataclasses.replace(result, seconds=round(time.monotonic() - started, 3))


def _proven(work: _Work, wishes: VerifyWishes, steps: list[Step]) -> Comparison:
    """What came of the scenarios, with the baseline's if there is one; `steps` gets each step of the module at once."""
    former = _planned(work, module=wishes.baseline) if wishes.baseline is not None else ()
    if wishes.url is None:
        gateways = _own_gateways(work, _planned(work, module=wishes.module, build=wishes.build))
    else:
        running = running_gateway(
            work.session, work.project, url=wishes.url, module=wishes.module, scenarios=work.scenarios
        )
        gateways = iter([running])
    found = Comparison(module=list(prove(gateways, steps)))
    if not former:
        return found
    return _compared(work, found, former)


def _compared(work: _Work, found: Comparison, former: Sequence[Planned]) -> Comparison:
    """What differs from the baseline, which runs once more if something does: an answer may differ by itself."""
    first = _of_baseline(work, former)
    before, after = _steps(first), _steps(found.module)
    compared = Differences(found=differences(before, after))
    if compared.found:
        work.session.reporter.note(_("Something differs; the baseline runs once more to tell what differs by itself."))
        again = _steps(_of_baseline(work, former))
        compared = without_unsteady(before=before, again=again, after=after)
    return dataclasses.replace(found, baseline=first, differences=compared)


def _of_baseline(work: _Work, former: Sequence[Planned]) -> list[Proven]:
    return list(prove(map(_tolerant, _own_gateways(work, former)), []))


def _steps(proven: Sequence[Proven]) -> list[Step]:
    return [step for each in proven for step in each.steps]


@contextlib.contextmanager
def _tolerant(gateway: AbstractContextManager[Proof]) -> Iterator[Proof]:
    """A baseline may fail to start: that is what it is compared for."""
    with gateway as proof:
        yield _lasting(proof)


def _planned(work: _Work, *, module: GivenModule | None, build: bool = False) -> tuple[Planned, ...]:
    wanted = Wanted(scenarios=work.scenarios, module=module, build=build)
    return plan(work.session, work.project, work.settings, wanted)


def _own_gateways(work: _Work, planned: Sequence[Planned]) -> Iterator[AbstractContextManager[Proof]]:
    """A gateway for each module on each engine, one after another.

    Of several, one that does not start or refuses the plugin is a failed step, and one that cannot be opened is passed
    over, unless it is the last hope.
    """
    opened = 0
    for number, each in enumerate(planned):
        gateway = own_gateway(work.session, work.project, work.settings, planned=each, scenarios=work.scenarios)
        if len(planned) == 1:
            yield gateway
            return
        is_last = number == len(planned) - 1
        try:
            with gateway as proof:
                opened += 1
                yield contextlib.nullcontext(_lasting(proof))
        except (ToolError, DownloadError) as error:
            if is_last and not opened:
                raise
            reason = _("{engine} cannot run it: {reason}").format(engine=each.chosen.engine.name, reason=error.message)
            work.passed_over.append(reason)


def _lasting(proof: Proof) -> Proof:
    """The same proof; an error of its gateway ends its steps with a failed one."""

    def steps() -> Iterator[Step]:
        try:
            yield from proof.steps
        except GatewayError as error:
            yield failed_start(error)

    return dataclasses.replace(proof, steps=steps())


def _result(found: Comparison, *, warnings: Sequence[str], written: tuple[Path, ...]) -> VerifyResult:
    proven = found.module
    steps = tuple(step for each in proven for step in each.steps)
    first = proven[0]
    renamed = next((each.renamed for each in proven if each.renamed is not None), None)
    plugins = {each.plugin.path: each.plugin for each in proven}.values()
    return VerifyResult(
        engine=first.engine if len({each.engine for each in proven}) == 1 else "all",
        engine_reason=chained(first.passed_over) or None,
        module=first.plugin.path,
        module_sha256=first.plugin.sha256,
        abi=first.plugin.abi.version,
        renamed_export=renamed.old if renamed else None,
        renamed_to=renamed.new if renamed else None,
        modules=tuple(map(_module, plugins)),
        steps=steps,
        counts={status: sum(step.status is status for step in steps) for status in StepStatus},
        disagreements=tuple(disagreements(steps)),
        differences=found.differences.found,
        unsteady=found.differences.unsteady,
        baseline=_module(found.baseline[0].plugin) if found.baseline else None,
        written=written,
        run_dir=first.run_dir,
        gateway_log=first.log,
        seconds=0.0,
        warnings=tuple(dict.fromkeys([*(warning for each in proven for warning in each.warnings), *warnings])),
    )


def _module(plugin: Plugin) -> VerifiedModule:
    return VerifiedModule(abi=plugin.abi.version, path=plugin.path, sha256=plugin.sha256, image=plugin.image)


def _scenarios(project: Project, only: Sequence[str]) -> tuple[Scenario, ...]:
    """The project's scenarios, or a general one that only expects some response to a request."""
    own = (project.own.get(VERIFY) if project.own else None) or ()
    known = own or (Scenario(name=_("a request is answered")),)
    if not only:
        return known
    chosen = tuple(scenario for scenario in known if any(part.casefold() in scenario.name.casefold() for part in only))
    if not chosen:
        raise UsageError(
            _("no scenario has `{part}` (from --scenario) in its name").format(part=listed(only)),
            code="scenario-unknown",
            hint=_("there are: {names}").format(names=chained(scenario.name for scenario in known)),
        )
    return chosen
