"""A running Envoy with a plugin in it: started, given new versions of plugin and configuration, stopped."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from higress_cli.errors import GatewayError
from higress_cli.gateway.engine import Engine, route_names_module
from higress_cli.gateway.engines.envoy import bootstrap, log_lines
from higress_cli.gateway.engines.envoy.admin import Admin
from higress_cli.gateway.plugin import Plugin, for_envoy
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.servers import port_in_use
from higress_cli.gateway.services import Endpoint
from higress_cli.i18n import _
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.system import ports, process
from higress_cli.system.http import NoAnswerError

# v8 compiles a native Go module of 5 MB in 6 s on two idle cores, and took 28 s on two that were busy.
START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 3.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a gateway listens and what is around it. `port_source` says who chose the port."""

    bind: str
    port: int
    port_source: str
    admin_port: int
    upstream: Endpoint
    plugin_name: str
    certificates: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A version that the gateway works with. `identity` is what its identity header starts with."""

    version: int
    identity: str
    module: Path
    renamed: str | None
    log_lines: tuple[log_lines.LogLine, ...]


class Gateway:
    """Envoy in the background. Use it as a context: it is stopped at the end, however that comes."""

    def __init__(
        self,
        *,
        engine: Engine,
        folder: RunFolder,
        place: Place,
        variables: Mapping[str, str],
        patience: float = START_SECONDS,
    ) -> None:
        self.folder = folder
        self.place = place
        self.port = place.port
        self.admin = Admin("")
        self._engine = engine
        self._variables = variables
        self._patience = patience
        self._process: process.Running | None = None
        self._version = 0
        self._clusters_version = 0
        self._services: Mapping[str, Endpoint] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""
        any_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not listened on
        return Endpoint(host=any_address.get(self.place.bind, self.place.bind), port=self.port).url

    def apply(
        self,
        plugin: Plugin,
        config: PluginConfig | None,
        services: Mapping[str, Endpoint],
        *,
        route: str = bootstrap.DEFAULT_ROUTE,
    ) -> Applied:
        """Let the gateway work with this plugin, configuration and services; the first call starts it.

        Where the gateway refuses, what worked before goes on.

        Raises:
            GatewayError: `plugin-refused` with the gateway's and the plugin's own words, `gateway-died`,
                `gateway-timeout`, `port-in-use`.
        """
        self._version += 1
        tail = log_lines.Tail(self.folder.log, only_new=True)
        identity = f"run={self.folder.id}; config={self._version}; sha256={plugin.sha256}"
        ready = for_envoy(plugin)
        module = self._store(f"module-{plugin.sha256[:12]}.wasm", ready.content)
        self._write_clusters(services)
        plan = bootstrap.ListenerPlan(
            version=self._version,
            bind=self.place.bind,
            port=self.place.port,
            identity=identity,
            plugin_name=self.place.plugin_name,
            module=module,
            configuration=config.json if config else "",
            stops_on_headers=plugin.stops_on_headers,
            upstream=self.place.upstream,
            access_log=self.folder.access_log,
            helper=self._store("route_names.wasm", route_names_module()),
            route=route,
        )
        if self._process is None:
            self._write_listener(plan)
            self._start(tail)
        self._wait(self._clusters_ready, tail)
        self._write_listener(plan)
        self._wait(lambda: self._listener_ready(identity, plugin, tail), tail)
        self.folder.write_json(self.folder.config_dump.name, self.admin.config_dump())
        self._forget_modules(module)
        return Applied(
            version=self._version,
            identity=identity,
            module=module,
            renamed=ready.renamed,
            log_lines=_plugin_lines(tail.lines()),
        )

    def check_alive(self) -> None:
        """See that the gateway still runs.

        Raises:
            GatewayError: `gateway-died`.
        """
        code = self._process.returncode() if self._process else None
        if code is not None:
            raise self._died(code, log_lines.Tail(self.folder.log).lines())

    def stop(self) -> None:
        """End the gateway; it is gone when this returns."""
        if self._process is None:
            return
        if self._process.returncode() is not None:
            # Its supervisor was killed: then it may still be there, and only its own API reaches it.
            with contextlib.suppress(NoAnswerError):
                self.admin.quit()
        self._process.stop(grace=_STOP_SECONDS)
        self._process = None

    # Steps ----------------------------------------------------------------------------------------------------

    def _store(self, name: str, content: bytes) -> Path:
        """A module in the run's folder: a rebuild of the project cannot change it under the gateway."""
        path = self.folder.path / name
        if not path.exists():
            path.write_bytes(content)
        return path

    def _forget_modules(self, current: Path) -> None:
        """Envoy has read what it runs: a day of rebuilding need not fill the disk."""
        for path in self.folder.path.glob("module-*.wasm"):
            if path != current:
                path.unlink(missing_ok=True)

    def _write_clusters(self, services: Mapping[str, Endpoint]) -> None:
        if self._services == services:
            return
        self._services = dict(services)
        self._clusters_version += 1
        certificates = self.place.certificates
        named = {bootstrap.UPSTREAM_CLUSTER: self.place.upstream, **services}
        resources = [bootstrap.cluster(name, at, certificates=certificates) for name, at in named.items()]
        self.folder.write_json("clusters.json", bootstrap.discovery(self._clusters_version, *resources))

    def _write_listener(self, plan: bootstrap.ListenerPlan) -> None:
        self.folder.write_json("listener.json", bootstrap.discovery(plan.version, bootstrap.listener(plan)))

    def _start(self, tail: log_lines.Tail) -> None:
        listener_file = self.folder.path / "listener.json"
        cluster_file = self.folder.path / "clusters.json"
        content = bootstrap.bootstrap(
            listener_file=listener_file, cluster_file=cluster_file, admin_port=self.place.admin_port
        )
        address_file = self.folder.path / "admin-address.txt"
        self._process = process.start(
            [
                str(self._engine.program),
                *("--config-path", str(self.folder.write_json("bootstrap.json", content))),
                *("--admin-address-path", str(address_file)),
                *("--concurrency", "1"),
                *("--component-log-level", "wasm:debug"),
                *("--log-format", log_lines.FORMAT),
                *("--file-flush-interval-msec", "100"),
                # A connection that was opened before an update must not go on with the old plugin.
                *("--drain-time-s", "1"),
                *("--drain-strategy", "immediate"),
                # It is for a successor on the same machine, whose shared memory two gateways would fight for.
                "--disable-hot-restart",
            ],
            variables=self._variables,
            log=self.folder.log,
            cwd=self.folder.path,
        )

        def admin_address_known() -> bool:
            with contextlib.suppress(OSError):
                address = address_file.read_text("ascii").strip()
                if address:
                    self.admin = Admin(address)
            return bool(self.admin.url.removeprefix("http://"))

        self._wait(admin_address_known, tail)

    def _clusters_ready(self) -> bool:
        if self.admin.cluster_refusals():
            raise GatewayError(
                _("the gateway refused the clusters in {path}").format(path=self.folder.path / "clusters.json"),
                code="gateway-start-failed",
                hint=_("its reason is in {path}").format(path=self.folder.log),
                details={"log": self.folder.log},
            )
        return self.admin.cluster_version() == str(self._clusters_version) and not self.admin.warming_clusters()

    def _listener_ready(self, identity: str, plugin: Plugin, tail: log_lines.Tail) -> bool:
        state = self.admin.listener()
        if state.refused and identity in json.dumps(state.refused):
            raise self._refused(state.reason, plugin, tail)
        if not state.active or identity not in json.dumps(state.active) or not self.admin.live():
            return False
        self.port = self.admin.port() or 0
        return bool(self.port)

    def _wait(self, done: Callable[[], bool], tail: log_lines.Tail) -> None:
        deadline = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        last = ""
        while True:
            code = self._process.returncode() if self._process else None
            if code is not None:
                raise self._died(code, tail.lines())
            try:
                if done():
                    return
            except NoAnswerError as error:
                # While it compiles a module it does not answer.
                last = str(error)
            if time.monotonic() > deadline:
                raise self._timed_out(last, tail.lines())
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    # What went wrong ------------------------------------------------------------------------------------------

    def _refused(self, reason: str, plugin: Plugin, tail: log_lines.Tail) -> GatewayError:
        if not ports.is_free(self.place.bind, self.place.port) and self.port != self.admin.port():
            return port_in_use(self.place.bind, self.place.port, option="--port", source=self.place.port_source)
        return self._error(
            _("the gateway refused the plugin {path}: {reason}").format(path=plugin.path, reason=reason),
            code="plugin-refused",
            lines=tail.lines(),
        )

    def _died(self, code: int, lines: list[str]) -> GatewayError:
        return self._error(
            _("the gateway ended with status {code}").format(code=code), code="gateway-died", lines=lines
        )

    def _timed_out(self, last: str, lines: list[str]) -> GatewayError:
        message = _("the gateway was not ready after {seconds:g} s").format(seconds=self._patience)
        return self._error(f"{message}: {last}" if last else message, code="gateway-timeout", lines=lines)

    def _error(self, message: str, *, code: str, lines: list[str]) -> GatewayError:
        said = log_lines.reasons(lines)
        return GatewayError(
            "\n  ".join([message, *said]),
            code=code,
            hint=_("all that the gateway said is in {path}").format(path=self.folder.log),
            details={"log": self.folder.log, "said": list(said)},
        )


def _plugin_lines(lines: list[str]) -> tuple[log_lines.LogLine, ...]:
    """What the plugin said, each once: it starts in several VMs, and says the same in each."""
    found: dict[tuple[str, str], log_lines.LogLine] = {}
    for text in lines:
        line = log_lines.parse_line(text)
        if line is not None and line.vm is not None:
            found.setdefault((line.level, line.message), line)
    return tuple(found.values())


def active_plugin(state: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The configuration of the wasm filter `name` in a listener as the admin API shows it."""
    for chain in state.get("filter_chains", []):
        for network_filter in chain.get("filters", []):
            for http_filter in network_filter.get("typed_config", {}).get("http_filters", []):
                if http_filter.get("name") == name:
                    config = http_filter.get("typed_config", {}).get("config")
                    return config if isinstance(config, dict) else None
    return None
