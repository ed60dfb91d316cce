"""Scenarios on a gateway that is started only for them."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from higress_cli.choice import Source, SourceKind
from higress_cli.gateway.contract import DEFAULT_ROUTE, Applied, Change, Evidence, Renamed
from higress_cli.gateway.events import Event, Trap
from higress_cli.gateway.opened import Opened
from higress_cli.gateway.redis_server import RedisServer
from higress_cli.gateway.redis_store import RedisError
from higress_cli.gateway.refusal import PluginRefused
from higress_cli.gateway.servers import Server, answering, refusing
from higress_cli.gateway.services import Endpoint, cluster_name
from higress_cli.i18n import _
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.scenario import Scenario, Service
from higress_cli.proxy_wasm.redis import Reply
from higress_cli.scenarios.causes import Surroundings
from higress_cli.scenarios.judge import judge, judge_crashes, judge_identity
from higress_cli.scenarios.observed import Observed
from higress_cli.scenarios.play import Ground, play
from higress_cli.scenarios.step import Step, make_step, scenario_step, skipped_step


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
        """A step for the start of the gateway, and one for each scenario.

        Raises:
            GatewayError: the gateway itself failed, or refuses the plugin as the project has it.
            InvalidInput: `service-invalid` for the name of a service.
        """
        step = self._load()
        for scenario in scenarios:
            yield self._with_late_crashes(step)
            on_scenario(scenario.name)
            step = self._run(scenario) if scenario.keys <= self._opened.engine.carries else self._skipped(scenario)
        yield self._with_late_crashes(step)

    def _load(self) -> Step:
        """Start the gateway with the plugin and its own configuration, and ask it what it runs."""
        started = time.monotonic()
        self._apply(self._change)
        return make_step(
            _("the gateway runs this module with its configuration"), self._gateway.evidence(), started=started
        )

    def _skipped(self, scenario: Scenario) -> Step:
        engine = self._opened.engine
        missing = ", ".join(sorted(scenario.keys - engine.carries))
        reason = _("the engine {engine} does not carry {keys}").format(engine=engine.name, keys=missing)
        return skipped_step(scenario, reason)

    def _run(self, scenario: Scenario) -> Step:
        """Play one scenario; failures are in its step."""
        started = time.monotonic()
        config = self._change.config
        if scenario.config is not None:
            config = PluginConfig(values=dict(scenario.config), source=str(self._settings_file))
        self._opened.played.forget()
        with self._played(scenario.services) as services:
            change = dataclasses.replace(
                self._change, config=config, services=services, route=scenario.route or DEFAULT_ROUTE
            )
            try:
                applied = self._apply(change)
            except PluginRefused as error:
                return scenario_step(scenario, [_refusal(error)], started=started)
            observed = dataclasses.replace(play(scenario, self._ground()), packages=change.packages)
        checks = list(judge(scenario.expect, observed))
        if observed.answer is not None and scenario.request.via != "upstream":
            checks.append(
                judge_identity(
                    observed.answer,
                    run=self._opened.folder.id,
                    version=str(applied.version),
                    digest=self._change.plugin.sha256,
                )
            )
        self._crashed = bool(observed.traps)
        return scenario_step(
            scenario,
            checks,
            started=started,
            observed=observed,
            base=self._ground().base(scenario),
            around=Surroundings(
                clusters=services,
                buffer_limit=change.buffer_limit,
                request_body_phase=self._request_body_phase,
            ),
        )

    def _ground(self) -> Ground:
        return Ground(
            url=self._gateway.url,
            upstream_url=self._opened.upstream.at.url,
            events=self._gateway.events,
            seen=self._opened.upstream.seen,
            check_alive=self._gateway.check_alive,
            version=self._applied[1].version if self._applied else None,
        )

    def _apply(self, change: Change) -> Applied:
        """Apply `change` unless it is in effect. A crash in one scenario must not affect the next."""
        if self._applied is None or self._applied[0] != change:
            self._applied = change, self._gateway.apply(change)
        elif self._crashed:
            self._gateway.recover()
        self._crashed = False
        return self._applied[1]

    def _with_late_crashes(self, step: Step) -> Step:
        """The step, with crashes that happened after it and before anything else was done."""
        late: Sequence[Event] = [event for event in self._gateway.events() if isinstance(event, Trap)]
        if not late:
            return step
        self._crashed = True
        return step.with_checks(judge_crashes(Observed(answer=None, events=late, packages=self._change.packages)))

    @contextlib.contextmanager
    def _played(self, wanted: Mapping[str, Service]) -> Iterator[dict[str, Endpoint]]:
        """The clusters during a scenario: the project's own services, and those that hgw provides."""
        clusters = dict(self._change.services)
        with contextlib.ExitStack() as stack:
            for key, service in wanted.items():
                name = cluster_name(key, source=Source(SourceKind.FILE, str(self._settings_file)))
                if service.mode == "absent":
                    clusters.pop(name, None)
                elif service.mode == "refused":
                    clusters[name] = stack.enter_context(refusing())
                elif service.mode == "redis":
                    clusters[name] = stack.enter_context(RedisServer(_replies(service.redis))).at
                else:
                    application = answering(
                        status=service.status,
                        headers=service.headers,
                        body=service.body,
                        delay_seconds=service.delay_seconds,
                    )
                    clusters[name] = stack.enter_context(Server(application)).at
            yield clusters


def _replies(rules: Mapping[str, Any] | None) -> Mapping[str, Reply] | None:
    """The replies of a scenario's Redis, in the form that RedisServer takes."""
    return None if rules is None else {command: _reply(value) for command, value in rules.items()}


def _reply(value: Any) -> Reply:
    """Strings become bulk strings, lists arrays, null nil; a mapping has a simple string (`status`) or an `error`."""
    if isinstance(value, list):
        return [_reply(each) for each in value]
    if isinstance(value, Mapping):
        return str(value["status"]) if "status" in value else RedisError(str(value["error"]))
    return value.encode() if isinstance(value, str) else value


def _refusal(error: PluginRefused) -> Evidence:
    return Evidence(
        ok=False,
        expected=_("the plugin accepts this configuration"),
        got="; ".join(error.details.get("said") or [error.message]),
    )
