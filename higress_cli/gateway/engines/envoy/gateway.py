"""A running Envoy with a plugin in it: started, given new versions of plugin and configuration, stopped."""

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Applied, Change, Evidence, GatewayFacts, Place
from higress_cli.gateway.engines.envoy import bootstrap, log_lines
from higress_cli.gateway.engines.envoy.admin import Admin
from higress_cli.gateway.engines.envoy.evidence import active_plugin, machine_check, module_check
from higress_cli.gateway.engines.envoy.facts import route_names_module
from higress_cli.gateway.engines.envoy.happenings import Happenings
from higress_cli.gateway.engines.envoy.limits import limit_for
from higress_cli.gateway.engines.envoy.module import for_envoy
from higress_cli.gateway.events import Event
from higress_cli.gateway.identity import identity_start
from higress_cli.gateway.listening import PortTaken, taken_error
from higress_cli.gateway.refusal import GatewayDied, config_refused, module_refused, plugin_trapped
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import UPSTREAM_CLUSTER, Endpoint
from higress_cli.gateway.watch import Tail
from higress_cli.i18n import _
from higress_cli.system import ports, process
from higress_cli.system.http import NoAnswerError

NAME: Final = "envoy"
# v8 compiles a native Go module of 5 MB in 6 s on two idle cores, and took 28 s on two that were busy.
START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 3.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.2


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
        self._port = place.listening.port
        self._admin = Admin("")
        self._program = program
        self._variables = variables
        self._patience = patience
        self._log = folder.path / "envoy.log"
        self._happenings = Happenings(log=self._log, streams=folder.path / "streams.log")
        self._process: process.Running | None = None
        self._version = 0
        self._clusters_version = 0
        self._services: Mapping[str, Endpoint] | None = None
        self._loaded: tuple[Change, Path] | None = None
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
            host=any_address.get(self._place.listening.bind, self._place.listening.bind), port=self._port
        ).url

    @property
    def facts(self) -> GatewayFacts:
        return GatewayFacts(engine=NAME, version=self._engine_version, admin_url=self._admin.url, log=self._log)

    def apply(self, change: Change) -> Applied:
        """Work with `change`; the first call starts Envoy. Where it refuses, what worked before goes on.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `gateway-timeout`, `port-in-use`.
        """
        self._version += 1
        tail = Tail(self._log, only_new=True)
        vm = bootstrap.vm_id(self._version)
        plugin = change.plugin
        identity = identity_start(engine=NAME, run=self._folder.id, version=self._version, sha256=plugin.sha256)
        ready, limit = for_envoy(plugin), limit_for(change)
        module = self._store(f"module-{plugin.sha256[:12]}.wasm", ready.content)
        self._write_clusters(change.services)
        plan = bootstrap.ListenerPlan(
            version=self._version,
            bind=self._place.listening.bind,
            port=self._place.listening.port,
            identity=identity,
            plugin_name=self._place.plugin_name,
            module=module,
            configuration=change.config.json if change.config else "",
            stops_on_headers=plugin.stops_on_headers,
            upstream=self._place.upstream,
            access_log=self._folder.path / "access.log",
            streams_log=self._folder.path / "streams.log",
            helper=self._store("route_names.wasm", route_names_module()),
            route=change.route,
            env=change.env,
            buffer_limit=limit.bytes,
        )
        with self._happenings.starting(vm):
            if self._process is None:
                self._write_listener(plan)
                self._start(tail)
            self._wait(self._clusters_ready, tail)
            self._write_listener(plan)
            self._wait(lambda: self._listener_ready(identity, change, tail), tail)
        self._folder.write_json("config_dump.json", self._admin.config_dump())
        self._engine_version = self._admin.server()
        self._loaded = change, module
        self._forget_modules(module)
        return Applied(version=self._version, renamed=ready.renamed, notes=limit.notes)

    def evidence(self) -> Sequence[Evidence]:
        """What the admin API shows of the plugin that was applied last."""
        assert self._loaded is not None  # noqa: S101 -- the contract: there was an apply
        change, module = self._loaded
        shown = active_plugin(self._admin.listener().active or {}, self._place.plugin_name)
        return module_check(shown, module=module, plugin=change.plugin), machine_check(self._admin.living_vms())

    def events(self) -> Sequence[Event]:
        """What has happened since the last call."""
        return self._happenings.take()

    def recover(self) -> None:
        """Wait out the time in which Envoy does not replace a machine that trapped."""
        time.sleep(2 * bootstrap.LONGEST_BACKOFF_SECONDS)

    def check_alive(self) -> None:
        """See that the gateway still runs.

        Raises:
            GatewayError: `gateway-died`.
        """
        code = self._process.returncode() if self._process else None
        if code is not None:
            raise self._died(code, Tail(self._log).lines())

    def stop(self) -> None:
        """End the gateway; it is gone when this returns."""
        if self._process is None:
            return
        if self._process.returncode() is not None:
            # Its supervisor was killed: then it may still be there, and only its own API reaches it.
            with contextlib.suppress(NoAnswerError):
                self._admin.quit()
        self._process.stop(grace=_STOP_SECONDS)
        self._process = None

    # Steps ----------------------------------------------------------------------------------------------------

    def _store(self, name: str, content: bytes) -> Path:
        """A module in the run's folder: a rebuild of the project cannot change it under the gateway."""
        path = self._folder.path / name
        if not path.exists():
            path.write_bytes(content)
        return path

    def _forget_modules(self, current: Path) -> None:
        """Envoy has read what it runs: a day of rebuilding need not fill the disk."""
        for path in self._folder.path.glob("module-*.wasm"):
            if path != current:
                path.unlink(missing_ok=True)

    def _write_clusters(self, services: Mapping[str, Endpoint]) -> None:
        if self._services == services:
            return
        self._services = dict(services)
        self._clusters_version += 1
        certificates = self._place.certificates
        named = {UPSTREAM_CLUSTER: self._place.upstream, **services}
        resources = [bootstrap.cluster(name, at, certificates=certificates) for name, at in named.items()]
        self._folder.write_json("clusters.json", bootstrap.discovery(self._clusters_version, *resources))

    def _write_listener(self, plan: bootstrap.ListenerPlan) -> None:
        self._folder.write_json("listener.json", bootstrap.discovery(plan.version, bootstrap.listener(plan)))

    def _start(self, tail: Tail) -> None:
        listener_file = self._folder.path / "listener.json"
        cluster_file = self._folder.path / "clusters.json"
        content = bootstrap.bootstrap(
            listener_file=listener_file, cluster_file=cluster_file, admin_port=self._place.admin_port
        )
        address_file = self._folder.path / "admin-address.txt"
        self._process = process.start(
            [
                str(self._program),
                *("--config-path", str(self._folder.write_json("bootstrap.json", content))),
                *("--admin-address-path", str(address_file)),
                *("--concurrency", "1"),
                *("--component-log-level", f"wasm:{'trace' if self._place.watch_calls else 'debug'}"),
                *("--log-format", log_lines.FORMAT),
                # An access log entry is written as it comes: a timer's would wait while a module compiles.
                *("--file-flush-min-size-kb", "0"),
                # A connection that was opened before an update must not go on with the old plugin.
                *("--drain-time-s", "1"),
                *("--drain-strategy", "immediate"),
                # It is for a successor on the same machine, whose shared memory two gateways would fight for.
                "--disable-hot-restart",
            ],
            variables=self._variables,
            log=self._log,
            cwd=self._folder.path,
        )

        def admin_address_known() -> bool:
            with contextlib.suppress(OSError):
                address = address_file.read_text("ascii").strip()
                if address:
                    self._admin = Admin(address)
            return bool(self._admin.url.removeprefix("http://"))

        self._wait(admin_address_known, tail)

    def _clusters_ready(self) -> bool:
        if self._admin.cluster_refusals():
            raise GatewayError(
                _("the gateway refused the clusters in {path}").format(path=self._folder.path / "clusters.json"),
                code="gateway-start-failed",
                hint=_("its reason is in {path}").format(path=self._log),
                details={"log": self._log},
            )
        return self._admin.cluster_version() == str(self._clusters_version) and not self._admin.warming_clusters()

    def _listener_ready(self, identity: str, change: Change, tail: Tail) -> bool:
        state = self._admin.listener()
        if state.refused and identity in json.dumps(state.refused):
            raise self._refused(state.reason, change, tail)
        if not state.active or identity not in json.dumps(state.active) or not self._admin.live():
            return False
        self._port = self._admin.port() or 0
        return bool(self._port)

    def _wait(self, done: Callable[[], bool], tail: Tail) -> None:
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

    def _refused(self, reason: str, change: Change, tail: Tail) -> GatewayError:
        if (
            not ports.is_free(self._place.listening.bind, self._place.listening.port)
            and self._port != self._admin.port()
        ):
            return taken_error([PortTaken.of(self._place.listening)])
        lines = tail.lines()
        start = log_lines.read_start(lines)
        if start.trap is not None:
            return plugin_trapped(
                start.trap, said=[f"[{line.level}] {line.text}" for line in start.said], log=self._log
            )
        if start.config_refused:
            return config_refused(change, lines=start.said, log=self._log)
        return module_refused(change, reason, said=log_lines.reasons(lines), log=self._log)

    def _died(self, code: int, lines: list[str]) -> GatewayError:
        message = _("the gateway ended with status {code}").format(code=code)
        return self._error(message, code="gateway-died", lines=lines, kind=GatewayDied)

    def _timed_out(self, last: str, lines: list[str]) -> GatewayError:
        message = _("the gateway was not ready after {seconds:g} s").format(seconds=self._patience)
        return self._error(f"{message}: {last}" if last else message, code="gateway-timeout", lines=lines)

    def _error(
        self, message: str, *, code: str, lines: list[str], kind: type[GatewayError] = GatewayError
    ) -> GatewayError:
        said = log_lines.reasons(lines)
        return kind(
            "\n  ".join([message, *said]),
            code=code,
            hint=_("all that the gateway said is in {path}").format(path=self._log),
            details={"log": self._log, "said": list(said)},
        )
