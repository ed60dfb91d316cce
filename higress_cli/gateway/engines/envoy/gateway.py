"""A running Envoy with a plugin in it: started, given new versions of plugin and configuration, stopped."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from higress_cli.errors import ConflictError, GatewayError
from higress_cli.gateway.contract import Applied, Change, Evidence, GatewayFacts, Inside, Place
from higress_cli.gateway.engines.envoy import bootstrap, log_lines
from higress_cli.gateway.engines.envoy.admin import Admin
from higress_cli.gateway.engines.envoy.evidence import machine_check, module_check
from higress_cli.gateway.engines.envoy.facts import route_names_module
from higress_cli.gateway.engines.envoy.happenings import Happenings
from higress_cli.gateway.engines.envoy.limits import limit_for
from higress_cli.gateway.engines.envoy.module import for_envoy
from higress_cli.gateway.engines.envoy.server import EnvoyServer
from higress_cli.gateway.events import Event
from higress_cli.gateway.identity import plugin_part
from higress_cli.gateway.listening import PortTaken, taken_error
from higress_cli.gateway.refusal import config_refused, module_refused, plugin_trapped
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.gateway.watch import Tail
from higress_cli.i18n import _
from higress_cli.system import ports

# v8 compiles a native Go module of 5 MB in 6 s on two idle cores, and took 28 s on two that were busy.
START_SECONDS: Final = 180.0


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """What runs: `shown` is the plugin's filter as the admin API shows it."""

    change: Change
    module: Path
    shown: Mapping[str, Any] | None


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
        self._program = program
        self._variables = variables
        self._patience = patience
        self._log = folder.path / "envoy.log"
        self._access_log, self._streams_log = folder.path / "access.log", folder.path / "streams.log"
        self._happenings = Happenings(log=self._log, streams=self._streams_log, access=self._access_log)
        self._server: EnvoyServer | None = None
        self._version = 0
        self._clusters_version = 0
        self._services: Mapping[str, Endpoint] | None = None
        self._listener_version = 0
        self._listener: bootstrap.ListenerPlan | None = None
        self._loaded: _Loaded | None = None
        self._engine_version = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""
        any_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not listened on
        return Endpoint(
            host=any_address.get(self._place.listening.bind, self._place.listening.bind),
            port=self._port or self._place.listening.port,
        ).url

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
        version, tail = self._version, Tail(self._log, only_new=True)
        ready, limit = for_envoy(change.plugin), limit_for(change)
        module = self._store(f"module-{change.plugin.sha256[:12]}.wasm", ready.content)
        with self._happenings.starting(bootstrap.vm_id(version)):
            refusals = self._refusals()
            self._write_clusters(change)
            if self._server is not None:
                # A plugin finds the services that it calls from its first request on.
                self._server.wait(lambda: self._clusters_ready(refusals), tail, patience=self._patience)
            self._write_plugin(change, module)
            self._write_listener(change, limit.bytes)
            server = self._server or self._start(tail)
            server.wait(lambda: self._plugin_ready(refusals, change, tail), tail, patience=self._patience)
            self._write_identity(version, change.plugin.sha256)
            server.wait(self._listener_ready, tail, patience=self._patience)
        with contextlib.suppress(ConflictError):
            # For people. It has taken effect all the same.
            self._folder.write_json("config_dump.json", server.admin.config_dump())
        self._engine_version = server.admin.server()
        shown = server.admin.filter_content(bootstrap.PLUGIN_FILTER)
        self._loaded = _Loaded(change=change, module=module, shown=shown)
        self._forget_modules(module)
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
        """What has happened since the last call."""
        return self._happenings.take()

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
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    # Steps ----------------------------------------------------------------------------------------------------

    @property
    def _admin(self) -> Admin:
        return self._server.admin if self._server else Admin("")

    def _start(self, tail: Tail) -> EnvoyServer:
        # Until the plugin is ready; a file that Envoy watches has to exist.
        self._write_identity(0, "")
        content = bootstrap.bootstrap(
            listener_file=self._file("listener"),
            cluster_file=self._file("clusters"),
            admin_port=self._place.admin_port,
        )
        server = self._server = EnvoyServer(
            program=self._program,
            folder=self._folder,
            content=content,
            log=self._log,
            variables=self._variables,
            watch_calls=self._place.watch_calls,
        )
        server.wait(server.knows_address, tail, patience=self._patience)
        return server

    def _file(self, name: str) -> Path:
        """A file that Envoy watches."""
        return self._folder.path / f"{name}.json"

    def _write(self, name: str, version: int, *resources: Mapping[str, Any]) -> None:
        self._folder.write_json(self._file(name).name, bootstrap.discovery(version, *resources))

    def _store(self, name: str, content: bytes) -> Path:
        """A module in the run's folder: a rebuild of the project cannot change it under the gateway."""
        path = self._folder.path / name
        return path if path.exists() else self._folder.write(name, content)

    def _forget_modules(self, current: Path) -> None:
        """Envoy has read what it runs: a day of rebuilding need not fill the disk."""
        for path in self._folder.path.glob("module-*.wasm"):
            if path != current:
                path.unlink(missing_ok=True)

    def _write_clusters(self, change: Change) -> None:
        named = {change.cluster: change.upstream or self._place.upstream, **change.services}
        if self._services == named:
            return
        self._clusters_version += 1
        certificates = self._place.certificates
        resources = [bootstrap.cluster(name, at, certificates=certificates) for name, at in named.items()]
        self._write("clusters", self._clusters_version, *resources)
        self._services = named

    def _write_plugin(self, change: Change, module: Path) -> None:
        plan = bootstrap.PluginPlan(
            version=self._version,
            name=self._place.plugin_name,
            module=module,
            configuration=change.config.json if change.config else "",
            stops_on_headers=change.plugin.stops_on_headers,
            env=change.env,
        )
        self._write("plugin", self._version, bootstrap.plugin(plan))

    def _write_identity(self, version: int, sha256: str) -> None:
        self._write("identity", version, bootstrap.identity(plugin_part(version=version, sha256=sha256)))

    def _write_listener(self, change: Change, buffer_limit: int) -> None:
        """Write the listener where it differs from the current one, as it hardly ever does."""
        plan = bootstrap.ListenerPlan(
            run=self._folder.id,
            bind=self._place.listening.bind,
            port=self._place.listening.port,
            upstream=change.upstream or self._place.upstream,
            access_log=self._access_log,
            streams_log=self._streams_log,
            helper=self._store("route_names.wasm", route_names_module()),
            plugin_file=self._file("plugin"),
            identity_file=self._file("identity"),
            route=change.route,
            cluster=change.cluster,
            buffer_limit=buffer_limit,
        )
        if plan == self._listener:
            return
        self._write("listener", self._listener_version + 1, bootstrap.listener(plan))
        self._listener_version += 1
        self._listener = plan

    def _refusals(self) -> _Refusals:
        """How much Envoy has refused so far."""
        if self._server is None:
            return _Refusals()
        return _Refusals(
            clusters=self._admin.cluster_refusals(), plugins=self._admin.filter(bootstrap.PLUGIN_FILTER).refusals
        )

    def _clusters_ready(self, before: _Refusals) -> bool:
        if self._admin.cluster_refusals() > before.clusters:
            self._services = None
            raise self._broken("clusters", "")
        return self._admin.cluster_version() == str(self._clusters_version) and not self._admin.warming_clusters()

    def _plugin_ready(self, before: _Refusals, change: Change, tail: Tail) -> bool:
        state = self._admin.filter(bootstrap.PLUGIN_FILTER)
        if state.refusals > before.plugins:
            raise self._refused(change, tail)
        self._check_listener()
        return state.version == str(self._version) and self._clusters_ready(before)

    def _listener_ready(self) -> bool:
        self._check_listener()
        if (
            self._admin.filter(bootstrap.IDENTITY_FILTER).version != str(self._version)
            or self._admin.listener_version() != str(self._listener_version)
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
        message = _("the gateway refused {path}").format(path=self._file(name))
        return GatewayError(
            f"{message}: {reason}" if reason else message,
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
