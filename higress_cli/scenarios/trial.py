"""Scenarios on a gateway that exists for them alone."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from higress_cli.choice import Source, SourceKind
from higress_cli.errors import GatewayError
from higress_cli.gateway.engines.envoy import log_lines
from higress_cli.gateway.engines.envoy.bootstrap import DEFAULT_ROUTE, IDENTITY_HEADER
from higress_cli.gateway.engines.envoy.process import Applied, Gateway, active_plugin
from higress_cli.gateway.plugin import Plugin, for_envoy
from higress_cli.gateway.servers import Seen, Server, answering, refusing
from higress_cli.gateway.services import Endpoint, cluster_name
from higress_cli.i18n import _
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.scenario import Expectation, Scenario, Service
from higress_cli.scenarios.judge import Check, Observed, judge, judge_identity, judge_log
from higress_cli.scenarios.step import Exchange, Step, exchange, make_step, send

REFUSED: Final = "plugin-refused"
_LOG_SECONDS: Final = 1.0
_OPEN: Final = "FAIL_OPEN"


class Witness:
    """Remembers what the upstream saw."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._adding = threading.Lock()

    def __call__(self, seen: Seen) -> None:
        with self._adding:
            self._seen.append(seen)

    def take(self) -> tuple[Seen, ...]:
        """What was seen since the last call."""
        with self._adding:
            seen, self._seen = tuple(self._seen), []
        return seen


class Trial:
    """A gateway, and the state it is in between scenarios. `witness` None: hgw cannot see what the upstream gets."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        plugin: Plugin,
        config: PluginConfig | None,
        services: Mapping[str, Endpoint],
        witness: Witness | None,
        settings_file: Path,
    ) -> None:
        self._gateway = gateway
        self._plugin = plugin
        self._config = config
        self._services = dict(services)
        self._witness = witness
        self._settings_file = settings_file
        self._applied: Applied | None = None
        self._in_effect: tuple[PluginConfig | None, Mapping[str, Endpoint], str] | None = None

    def load(self, name: str) -> Step:
        """Start the gateway with the plugin and its own configuration, and ask it what it is running.

        Raises:
            GatewayError: it does not start, or refuses the plugin.
        """
        started = time.monotonic()
        self._apply(self._config, self._services, DEFAULT_ROUTE)
        return make_step(name, self._evidence(), started=started)

    def run(self, scenario: Scenario) -> Step:
        """One scenario. Whatever is wrong with it is in the step.

        Raises:
            GatewayError: the gateway itself failed.
            InvalidInput: `service-invalid` for the name of a service.
        """
        started = time.monotonic()
        config = self._config
        if scenario.config is not None:
            config = PluginConfig(values=dict(scenario.config), source=str(self._settings_file))
        with self._played(scenario.services) as services:
            try:
                self._apply(config, services, scenario.route or DEFAULT_ROUTE)
            except GatewayError as error:
                if error.code != REFUSED:
                    raise
                return make_step(scenario.name, [_refusal(error)], started=started)
            checks, told = self._checks(scenario)
            return make_step(scenario.name, checks, started=started, exchange=told)

    def _checks(self, scenario: Scenario) -> tuple[list[Check], Exchange]:
        request = scenario.request
        direct = request.via == "upstream"
        base = self._gateway.place.upstream.url if direct else self._gateway.url
        if self._witness:
            self._witness.take()
        tail = log_lines.Tail(self._gateway.folder.log, only_new=True)
        delays = sum(service.delay_seconds for service in scenario.services.values())
        answer, problem = send(request, base, extra_seconds=delays)
        self._gateway.check_alive()
        observed = Observed(
            answer=answer,
            problem=problem,
            seen=self._witness.take() if self._witness else None,
            log=follow_log(tail, scenario.expect),
        )
        checks = list(judge(scenario.expect, observed))
        if answer is not None and not direct:
            assert self._applied is not None  # noqa: S101 -- _apply has set it
            checks.append(
                judge_identity(
                    answer,
                    header=IDENTITY_HEADER,
                    run=self._gateway.folder.id,
                    config=self._applied.version,
                    digest=self._plugin.sha256,
                )
            )
        return checks, exchange(request, base, answer)

    def _apply(self, config: PluginConfig | None, services: Mapping[str, Endpoint], route: str) -> None:
        """Bring the gateway into a state, unless it is in it."""
        wanted = (config, dict(services), route)
        if self._in_effect != wanted:
            self._applied = self._gateway.apply(self._plugin, config, services, route=route)
            self._in_effect = wanted

    @contextlib.contextmanager
    def _played(self, wanted: Mapping[str, Service]) -> Iterator[dict[str, Endpoint]]:
        """The clusters while a scenario lasts: the project's own services, and those that hgw plays."""
        clusters = dict(self._services)
        with contextlib.ExitStack() as stack:
            for key, service in wanted.items():
                name = cluster_name(key, source=Source(SourceKind.FILE, str(self._settings_file)))
                if service.mode == "absent":
                    clusters.pop(name, None)
                elif service.mode == "refused":
                    clusters[name] = stack.enter_context(refusing())
                else:
                    application = answering(
                        status=service.status,
                        headers=service.headers,
                        body=service.body,
                        delay_seconds=service.delay_seconds,
                    )
                    clusters[name] = stack.enter_context(Server(application)).at
            yield clusters

    def _evidence(self) -> list[Check]:
        """What the gateway itself says that it runs."""
        assert self._applied is not None  # noqa: S101 -- load has set it
        state = self._gateway.admin.listener()
        shown = active_plugin(state.active or {}, self._gateway.place.plugin_name)
        return [
            _module_check(shown, self._applied, self._plugin),
            _vm_check(self._gateway.admin.living_vms()),
        ]


def follow_log(tail: log_lines.Tail, expect: Expectation) -> list[str]:
    """What the plugin wrote since `tail`. A line that is expected may come a moment after the answer."""
    found: list[str] = []
    deadline = time.monotonic() + _LOG_SECONDS
    while True:
        parsed = (log_lines.parse_line(line) for line in tail.lines())
        found += [line.message for line in parsed if line and line.vm]
        waiting = expect.log is not None and not expect.log.absent
        if not waiting or time.monotonic() > deadline or all(check.ok for check in judge_log(expect, found)):
            return found
        time.sleep(0.05)


def _module_check(shown: Mapping[str, Any] | None, applied: Applied, plugin: Plugin) -> Check:
    """Whether the filter in the chain has this module, byte for byte but for a renamed marker, and fails closed."""
    expected = _("the filter chain holds the module {digest}").format(digest=plugin.sha256)
    if shown is None:
        return Check(ok=False, expected=expected, got=_("the filter chain holds no such plugin"))
    filename = shown.get("vm_config", {}).get("code", {}).get("local", {}).get("filename")
    try:
        loaded = applied.module.read_bytes()
    except OSError:
        loaded = b""
    same = filename == str(applied.module) and loaded == for_envoy(plugin).content
    if same and shown.get("failure_policy") != _OPEN:
        return Check(ok=True, expected=expected, got=_("the module {digest}").format(digest=plugin.sha256))
    return Check(ok=False, expected=expected, got=json.dumps(shown.get("vm_config", {})))


def _vm_check(count: int) -> Check:
    return Check(
        ok=count > 0,
        expected=_("its virtual machine is alive"),
        got=_("{count} virtual machines").format(count=count),
    )


def _refusal(error: GatewayError) -> Check:
    return Check(
        ok=False,
        expected=_("the plugin accepts this configuration"),
        got="; ".join(error.details.get("said") or [error.message]),
    )
