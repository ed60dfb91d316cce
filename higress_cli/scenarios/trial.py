"""Scenarios on a gateway that is started only for them."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from higress_cli.gateway.contract import DEFAULT_ROUTE, Applied, Change, Renamed
from higress_cli.gateway.engine import lacks_keys, supporting
from higress_cli.gateway.events import Event, Trap
from higress_cli.gateway.opening import Opened
from higress_cli.gateway.refusal import PluginRefused
from higress_cli.gateway.services import UPSTREAM_CLUSTER
from higress_cli.i18n import _, listed
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.scenario import Key, Scenario
from higress_cli.scenarios.causes import Surroundings
from higress_cli.scenarios.judge import judge, judge_accepted, judge_crashes, judge_identity, judge_refusal
from higress_cli.scenarios.neutral_answers import servers_of
from higress_cli.scenarios.observation import Observed
from higress_cli.scenarios.play import Ground, play
from higress_cli.scenarios.stage import Stage, longest_delay, staged, wanted_services
from higress_cli.scenarios.step import Sent, Step, make_step, scenario_step, skipped_step


class Trial:
    """A gateway and its state between scenarios; `change` is the plugin as the project has it.

    `request_body_phase` says whether the plugin's source handles request bodies; None if there is no source.
    """

    def __init__(
        self, opened: Opened, *, change: Change, settings_file: Path, request_body_phase: bool | None = None
    ) -> None:
        self._gateway = opened.gateway
        self._opened = opened
        self._change = change
        self._settings_file = settings_file
        self._applied: tuple[Change, Applied] | None = None
        self._crashed = False
        self._is_used = False
        self._request_body_phase = request_body_phase

    @property
    def renamed(self) -> Renamed | None:
        """The export that is renamed in the copy that the engine loads."""
        return self._applied[1].renamed if self._applied else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on how the engine runs the plugin."""
        return self._applied[1].notes if self._applied else ()

    def steps(self, scenarios: Sequence[Scenario], *, on_scenario: Callable[[str], None]) -> Iterator[Step]:
        """A step for the start of the gateway, and one for each request of each scenario.

        Raises:
            GatewayError: the gateway itself failed, or refuses the plugin as the project has it.
            InvalidInput: `service-invalid` for the name of a service.
        """
        for scenario in scenarios:
            wanted_services(scenario)
        playable = [scenario for scenario in scenarios if self._obstacle(scenario) is None]
        if playable and all(scenario.turns[0].expect.start == "fails" for scenario in playable):
            waiting: Step | None = None
        else:
            waiting = self._load()
        for scenario in scenarios:
            on_scenario(scenario.name)
            for step in self._run(scenario):
                if waiting is not None:
                    yield self._with_late_crashes(waiting)
                waiting = step
        if waiting is not None:
            yield self._with_late_crashes(waiting)

    def _load(self) -> Step:
        """Start the gateway with the plugin and its own configuration, and ask it what it runs."""
        started = time.monotonic()
        self._applied = self._change, self._gateway.apply(self._change)
        return make_step(
            _("the gateway runs this module with its configuration"), self._gateway.evidence(), started=started
        )

    def _obstacle(self, scenario: Scenario) -> str | None:
        """Why a scenario is not played here, None if it is."""
        abi = self._change.plugin.abi.version
        if not scenario.is_for(abi):
            return _("it is for ABI {wanted}, and the module has {abi}").format(
                wanted=listed(scenario.abi), abi=abi or "?"
            )
        return self._shortcoming(scenario.keys)

    def _shortcoming(self, keys: frozenset[Key]) -> str | None:
        """What the engine lacks for a scenario, and which engine has it, if this one was asked for by name."""
        engine = self._opened.engine
        reason = lacks_keys(engine, keys)
        if reason is None or self._opened.settings.engine.value != engine.name:
            return reason
        other = supporting(keys)
        return reason if other is None else _("{reason}; --engine {engine} does").format(reason=reason, engine=other)

    def _run(self, scenario: Scenario) -> Iterator[Step]:
        """Play one scenario; failures are in its steps."""
        obstacle = self._obstacle(scenario)
        if obstacle is not None:
            yield skipped_step(scenario, obstacle)
            return
        started = time.monotonic()
        self._opened.played.forget()
        with staged(scenario, self._opened, services=self._change.services) as stage:
            change = self._change_for(scenario, stage)
            expect = scenario.turns[0].expect
            try:
                applied = self._apply(change)
            except PluginRefused as error:
                checks = judge_refusal(expect, error)
                yield dataclasses.replace(scenario_step(scenario, checks, started=started), log=said_by(error))
                return
            if expect.start == "fails":
                yield scenario_step(scenario, [judge_accepted(expect)], started=started)
                return
            yield from self._turns(scenario, stage, change=change, version=applied.version)

    def _turns(self, scenario: Scenario, stage: Stage, *, change: Change, version: int) -> Iterator[Step]:
        ground = self._ground(scenario, stage)
        broken: str | None = None
        for number, turn in enumerate(scenario.turns):
            if broken is not None:
                yield skipped_step(scenario, broken, number=number)
                continue
            started = time.monotonic()
            if self._crashed:
                self._gateway.recover()
                self._crashed = False
            stage.answer_with(turn.response)
            observed = play(turn, ground, packages=change.packages)
            self._crashed = bool(observed.traps)
            checks = list(judge(turn.expect, observed))
            if observed.answer is not None and turn.request.via != "upstream" and not observed.traps:
                digest = change.plugin.sha256
                run = self._opened.folder.id
                checks.append(judge_identity(observed.answer, run=run, version=str(version), digest=digest))
            if observed.answer is None:
                broken = _("step {number} got no answer").format(number=number + 1)
            around = Surroundings(
                clusters=stage.clusters,
                absent=stage.absent,
                buffer_limit=change.buffer_limit,
                request_body_phase=self._request_body_phase,
                abi=change.plugin.abi.version,
            )
            servers = servers_of(gateway=ground.url, upstream=ground.upstream_url, services=change.services)
            sent = Sent(base=ground.base(turn.request), observed=observed, servers=servers, around=around)
            yield scenario_step(scenario, checks, started=started, number=number, sent=sent)

    def _change_for(self, scenario: Scenario, stage: Stage) -> Change:
        config = self._change.config
        if scenario.config is not None:
            config = PluginConfig(values=dict(scenario.config), source=str(scenario.file or self._settings_file))
        return dataclasses.replace(
            self._change,
            config=config,
            services=stage.clusters,
            env={**self._change.env, **scenario.env},
            route=scenario.route or DEFAULT_ROUTE,
            cluster=scenario.cluster or UPSTREAM_CLUSTER,
            upstream=stage.upstream,
            properties=scenario.properties,
            clock=scenario.clock,
        )

    def _ground(self, scenario: Scenario, stage: Stage) -> Ground:
        return Ground(
            url=self._gateway.url,
            upstream_url=(stage.upstream or self._opened.upstream.at).url,
            events=self._gateway.events,
            seen=stage.seen,
            check_alive=self._gateway.check_alive,
            calls=stage.calls,
            inside=self._gateway.inside,
            hidden=stage.hidden,
            delay=longest_delay(scenario),
            version=self._applied[1].version if self._applied else None,
        )

    def _apply(self, change: Change) -> Applied:
        """Apply `change`, which gives each scenario a fresh VM; the first one may have that of the start."""
        if self._applied is None or self._applied[0] != change or self._is_used:
            self._applied = change, self._gateway.apply(change)
        self._is_used = True
        self._crashed = False
        return self._applied[1]

    def _with_late_crashes(self, step: Step) -> Step:
        """The step, with crashes that happened after it and before anything else was done."""
        late: Sequence[Event] = [event for event in self._gateway.events() if isinstance(event, Trap)]
        if not late:
            return step
        self._crashed = True
        return step.with_checks(judge_crashes(Observed(answer=None, events=late, packages=self._change.packages)))


def said_by(error: PluginRefused) -> tuple[str, ...]:
    """What the plugin wrote before it refused to start."""
    return tuple(f"[{line.level}] {line.text}" for line in error.lines)
