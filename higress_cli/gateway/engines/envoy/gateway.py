"""A running Envoy with a plugin in it: started, given new versions of plugin and configuration, stopped."""

import contextlib
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from higress_cli.document import JsonObject
from higress_cli.errors import ConflictError, GatewayError
from higress_cli.gateway.contract import Applied, Change, Evidence, GatewayFacts, Inside, Place
from higress_cli.gateway.engines.envoy import bootstrap, log_lines
from higress_cli.gateway.engines.envoy.admin import Admin
from higress_cli.gateway.engines.envoy.calls import StartCalls, StuckError, seconds_since
from higress_cli.gateway.engines.envoy.evidence import machine_check, module_check
from higress_cli.gateway.engines.envoy.files import WatchedFiles
from higress_cli.gateway.engines.envoy.happenings import Happenings
from higress_cli.gateway.engines.envoy.limits import limit_for
from higress_cli.gateway.engines.envoy.module import for_envoy
from higress_cli.gateway.engines.envoy.server import BOOTSTRAP, EnvoyCommand, EnvoyServer, GatewayTimeout
from higress_cli.gateway.events import Event, Trap
from higress_cli.gateway.listening import PortTaken, taken_error
from higress_cli.gateway.refusal import GatewayDied, config_refused, module_refused, plugin_trapped
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.gateway.waiting import NOT_RETURNED_SECONDS, Overdue, told_while_waiting
from higress_cli.gateway.watch import Tail
from higress_cli.i18n import _, joined
from higress_cli.proxy_wasm.limits import Limits, took_longer
from higress_cli.system import ports
from higress_cli.system.http import NoAnswerError

# v8 compiles a native Go module of 5 MB in 6 s on two idle cores, and took 28 s on two that were busy.
START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """What runs: `shown` is the plugin's filter as the admin API shows it."""

    change: Change
    version: int
    module: Path
    shown: JsonObject | None


@dataclass(frozen=True, kw_only=True)
class _Refusals:
    """How many versions of the clusters and of the plugin Envoy has refused."""

    clusters: int = 0
    plugins: int = 0


class EnvoyGateway:
    """Envoy in the background. Use it as a context: it is stopped at the end, however that comes."""

    def __init__(
        self,
        *,
        program: Path,
        folder: RunFolder,
        place: Place,
        variables: Mapping[str, str],
        patience: float = START_SECONDS,
    ) -> None:
        self._folder = folder
        self._place = place
        self._port = 0
        self._admin_port = 0
        self._program = program
        self._variables = variables
        self._patience = patience
        self._log = folder.path / "envoy.log"
        self._files = WatchedFiles(folder, place)
        self._happenings = Happenings(log=self._log, streams=self._files.streams_log, access=self._files.access_log)
        self._overdue = Overdue()
        self._limits = Limits()
        self._is_stuck = False
        self._server: EnvoyServer | None = None
        self._version = 0
        self._loaded: _Loaded | None = None
        self._engine_version = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""
        listening = self._place.listening
        return Endpoint.listening(listening.bind, self._port or listening.port).url

    @property
    def facts(self) -> GatewayFacts:
        admin_url = self._server.admin.url if self._server else None
        return GatewayFacts(engine=bootstrap.NAME, version=self._engine_version, admin_url=admin_url, log=self._log)

    def apply(self, change: Change) -> Applied:
        """Work with `change`; the first call starts Envoy. Where it refuses, what worked before goes on.

        The plugin comes before the identity header: a response that names this version met this plugin.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `gateway-timeout`, `port-in-use`.
        """
        self._version += 1
        if self._is_stuck:
            self._restart()
        return self._bring(change, self._version)

    def _bring(self, change: Change, version: int) -> Applied:
        tail = Tail(self._log, only_new=True)
        ready, limit = for_envoy(change.plugin), limit_for(change)
        module = self._folder.store_module(change.plugin.sha256, ready.content)
        calls = StartCalls(self._log, limits=self._limits)
        wait = functools.partial(self._wait, tail=tail, calls=calls)
        with (
            self._happenings.starting(bootstrap.vm_id(version)),
            told_while_waiting(self._place.tell, calls.waits_for),
            self._files.prepared(change, version=version, module=module, buffer_limit=limit.bytes) as files,
        ):
            refusals = self._refusals()
            files.clusters()
            if self._server is not None:
                # A plugin finds the services that it calls from its first request on.
                wait(lambda: self._clusters_ready(refusals))
            files.plugin()
            files.listener()
            if self._server is None:
                wait(self._start().knows_address)
            wait(lambda: self._plugin_ready(refusals, change, version, tail))
            files.identity()
            wait(lambda: self._listener_ready(version))
        with contextlib.suppress(ConflictError):
            # Only for people to read: the change has taken effect without it.
            self._folder.write_json("config_dump.json", self._admin.config_dump())
        self._engine_version = self._admin.server()
        shown = self._admin.filter_content(bootstrap.PLUGIN_FILTER)
        self._loaded = _Loaded(change=change, version=version, module=module, shown=shown)
        self._folder.forget_modules(module)
        return Applied(version=version, renamed=ready.renamed, notes=limit.notes)

    def evidence(self) -> Sequence[Evidence]:
        """What the admin API shows of the plugin that was applied last."""
        assert self._loaded is not None  # noqa: S101 -- the contract: there was an apply
        loaded = self._loaded
        return (
            module_check(loaded.shown, module=loaded.module, plugin=loaded.change.plugin),
            machine_check(self._admin.living_vms()),
        )

    def events(self) -> Sequence[Event]:
        """What has happened since the last call.

        A plugin that does not return from a callback is ended, and Envoy with it: no request would go on any more.
        """
        found = list(self._happenings.take())
        running = None if self._is_stuck else self._happenings.running()
        if running is None:
            return found
        function, began = running
        seconds, limit = seconds_since(began), self._limits.call_seconds
        if seconds < NOT_RETURNED_SECONDS or self._loaded is None or not self._worker_is_stuck():
            return found
        if seconds > limit:
            found.append(_ended(function, version=self._loaded.version, seconds=limit))
            self._restart()
        elif overdue := self._overdue.look(function, began=began, seconds=seconds, limit=limit):
            found.append(overdue)
        return found

    def inside(self) -> Inside:
        """The plugin's counters and gauges."""
        return Inside(metrics=self._admin.plugin_metrics())

    def recover(self) -> None:
        """Wait out the time in which Envoy does not replace a machine that trapped."""
        time.sleep(2 * bootstrap.LONGEST_BACKOFF_SECONDS)

    def check_alive(self) -> None:
        """See that the gateway still runs.

        Raises:
            GatewayDied: it ended by itself.
        """
        if self._server is not None:
            self._server.check_alive()

    def stop(self) -> None:
        """End the gateway; it is gone when this returns."""
        self._stop(grace=_STOP_SECONDS)

    # Steps ----------------------------------------------------------------------------------------------------

    @property
    def _admin(self) -> Admin:
        return self._server.admin if self._server else Admin("")

    def _start(self) -> EnvoyServer:
        # Until the plugin is ready; a file that Envoy watches has to exist.
        with self._files.identity(version=0, sha256=None) as write:
            write()
        content = bootstrap.bootstrap(
            listener_file=self._files.path("listener"),
            cluster_file=self._files.path("clusters"),
            admin_port=self._admin_port or self._place.admin.port,
        )
        self._server = EnvoyServer(
            EnvoyCommand(argv=(str(self._program),), variables=self._variables, show=self._place.show),
            config=self._folder.write_json(BOOTSTRAP, content),
            log=self._log,
        )
        return self._server

    def _stop(self, *, grace: float) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop(grace=grace)

    def _restart(self) -> None:
        """Start another Envoy, at the same addresses, with what this one had; what is under way is lost."""
        self._admin_port = self._admin.port_number
        self._stop(grace=0.0)
        self._is_stuck = False
        self._happenings.forget_calls()
        self._files.begin_again(port=self._port or self._place.listening.port)
        if self._loaded is not None:
            self._bring(self._loaded.change, self._loaded.version)

    def _wait(self, done: Callable[[], bool], *, tail: Tail, calls: StartCalls) -> None:
        assert self._server is not None  # noqa: S101 -- it was started
        try:
            self._server.wait(done, tail, patience=self._patience, calls=calls)
        except GatewayDied:
            raise
        except StuckError as stuck:
            self._is_stuck = True
            trap = _ended(stuck.function, version=self._version, seconds=self._limits.start_seconds)
            raise plugin_trapped(trap, said=log_lines.reasons(tail.lines()), log=self._log) from stuck
        except GatewayTimeout:
            self._is_stuck = not self._answers()
            raise

    def _answers(self) -> bool:
        try:
            return self._admin.live()
        except NoAnswerError:
            return False

    def _worker_is_stuck(self) -> bool:
        """Whether Envoy itself has missed its worker; so has it if it does not answer."""
        try:
            return self._admin.missed_workers() > 0
        except NoAnswerError:
            return True

    def _refusals(self) -> _Refusals:
        """How much Envoy has refused so far."""
        if self._server is None:
            return _Refusals()
        return _Refusals(
            clusters=self._admin.cluster_refusals(), plugins=self._admin.filter(bootstrap.PLUGIN_FILTER).refusals
        )

    def _clusters_ready(self, before: _Refusals) -> bool:
        if self._admin.cluster_refusals() > before.clusters:
            self._files.forget_clusters()
            raise self._broken("clusters", "")
        return self._admin.cluster_version() == str(self._files.clusters) and not self._admin.warming_clusters()

    def _plugin_ready(self, before: _Refusals, change: Change, version: int, tail: Tail) -> bool:
        state = self._admin.filter(bootstrap.PLUGIN_FILTER)
        if state.refusals > before.plugins:
            raise self._refused(change, tail)
        self._check_listener()
        return state.version == str(version) and self._clusters_ready(before)

    def _listener_ready(self, version: int) -> bool:
        self._check_listener()
        if (
            self._admin.filter(bootstrap.IDENTITY_FILTER).version != str(version)
            or self._admin.listener_version() != str(self._files.listener)
            or not self._admin.live()
        ):
            return False
        self._port = self._admin.port() or 0
        return bool(self._port)

    def _check_listener(self) -> None:
        reason = self._admin.listener_refusal()
        if reason is None:
            return
        if not self._port and not ports.is_free(self._place.listening.bind, self._place.listening.port):
            raise taken_error([PortTaken.of(self._place.listening)])
        raise self._broken("listener", reason)

    # What went wrong ------------------------------------------------------------------------------------------

    def _broken(self, name: str, reason: str) -> GatewayError:
        message = _("the gateway refused {path}").format(path=self._files.path(name))
        return GatewayError(
            joined((message, reason)) if reason else message,
            code="gateway-start-failed",
            hint=_("its reason is in {path}").format(path=self._log),
            details={"log": self._log},
        )

    def _refused(self, change: Change, tail: Tail) -> GatewayError:
        lines = tail.lines()
        start = log_lines.read_start(lines)
        if start.trap is not None:
            said = [f"[{line.level}] {line.text}" for line in start.said]
            refused = plugin_trapped(start.trap, said=said, log=self._log)
        elif start.config_refused:
            refused = config_refused(change, lines=start.said, log=self._log)
        else:
            refused = module_refused(change, start.reason, said=log_lines.reasons(lines), log=self._log)
        return refused.with_lines(start.said)


def _ended(function: str, *, version: int, seconds: float) -> Trap:
    """The end of a plugin that did not return."""
    return Trap(at=datetime.now(UTC), function=function, reason=took_longer(seconds), version=version)
