"""The real gateway in a container: each change is a new container, as an edit of the guide's files is."""

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from higress_cli.errors import GatewayError, HgwError
from higress_cli.gateway.contract import Applied, Change, Evidence, GatewayFacts, Inside, Place
from higress_cli.gateway.engines.docker import config
from higress_cli.gateway.engines.docker.client import Docker
from higress_cli.gateway.engines.envoy import log_lines
from higress_cli.gateway.engines.envoy.bootstrap import vm_id
from higress_cli.gateway.engines.envoy.calls import StartCalls, StuckError
from higress_cli.gateway.engines.envoy.evidence import machine_check
from higress_cli.gateway.engines.envoy.happenings import Happenings
from higress_cli.gateway.engines.envoy.server import BOOTSTRAP, EnvoyCommand, EnvoyServer
from higress_cli.gateway.events import Event, Trap
from higress_cli.gateway.identity import identity_start
from higress_cli.gateway.listening import Listening, PortTaken, taken_error
from higress_cli.gateway.refusal import GatewayDied, PluginRefused, config_refused, module_refused, plugin_trapped
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.gateway.waiting import told_while_waiting
from higress_cli.gateway.watch import Tail
from higress_cli.i18n import _
from higress_cli.proxy_wasm.limits import Limits, took_longer
from higress_cli.system import ports
from higress_cli.system.fs import sha256_of

NAME: Final = "docker"
START_SECONDS: Final = 180.0
_LOOPBACK: Final = "127.0.0.1"
_STOP_SECONDS: Final = 10.0
"""A container is stopped by a client that asks the daemon."""
_PORT_CHOICES: Final = 5
_ADDRESS_TAKEN: Final = re.compile(r"address already in use|port is already allocated", re.IGNORECASE)
"""What Envoy says (`cannot bind '127.0.0.1:10000': Address already in use`), and Docker of a port that it publishes."""


class DockerGateway:
    """A container in the foreground of a supervised `docker compose run`; it is removed when that ends."""

    def __init__(self, *, docker: Docker, image: str, place: Place, folder: RunFolder) -> None:
        self._docker = docker
        self._place = place
        self._folder = folder
        self._log = folder.path / "docker.log"
        self._happenings = Happenings(
            log=self._log, streams=folder.path / "streams.log", access=folder.path / "access.log"
        )
        self._container = f"hgw-{folder.id}"
        port, admin_port = self._choose_ports()
        self._layout = config.Layout(
            image=image,
            run=folder.path,
            bind=place.listening.bind,
            port=port,
            admin_port=admin_port,
            shares_network=sys.platform == "linux",
            user=f"{os.getuid()}:{os.getgid()}" if sys.platform == "linux" else None,
        )
        self._server: EnvoyServer | None = None
        self._version = 0
        self._loaded: Change | None = None
        self._engine_version = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""
        return Endpoint.listening(self._layout.bind, self._layout.port).url

    @property
    def facts(self) -> GatewayFacts:
        admin = Endpoint(host=_LOOPBACK, port=self._layout.admin_port).url
        version = f"{self._layout.image} (Envoy {self._engine_version}, Docker {self._docker.version})"
        return GatewayFacts(engine=NAME, version=version, admin_url=admin, log=self._log)

    def apply(self, change: Change) -> Applied:
        """Work with `change` in a new container. If it is refused, one with the change before takes its place.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `gateway-timeout`, `port-in-use`.
        """
        self._version += 1
        before = self._loaded
        try:
            self._start(change, self._version)
        except PluginRefused:
            self._stop_container()
            if before is not None:
                self._start(before, self._version)
            raise
        self._loaded = change
        self._folder.forget_modules(self._folder.module(change.plugin.sha256))
        return Applied(version=self._version)

    def evidence(self) -> Sequence[Evidence]:
        """What the container has of the plugin, and what the admin API shows of it."""
        assert self._loaded is not None  # noqa: S101 -- the contract: there was an apply
        assert self._server is not None  # noqa: S101 -- the same
        wanted = self._loaded.plugin.sha256
        found = sha256_of(self._folder.module(wanted))
        text = _("the container holds the module {digest}")
        return (
            Evidence(ok=found == wanted, expected=text.format(digest=wanted), got=text.format(digest=found)),
            machine_check(self._server.admin.living_vms()),
        )

    def events(self) -> Sequence[Event]:
        """What has happened since the last call."""
        return self._happenings.take()

    def inside(self) -> Inside:
        """The plugin's counters and gauges."""
        assert self._server is not None  # noqa: S101 -- the contract: there was an apply
        return Inside(metrics=self._server.admin.plugin_metrics())

    def recover(self) -> None:
        """Start again: not every gateway replaces a machine that trapped."""
        if self._loaded is not None:
            self._start(self._loaded, self._version)

    def check_alive(self) -> None:
        """See that the container still runs.

        Raises:
            GatewayDied: it ended by itself.
        """
        if self._server is not None:
            self._server.check_alive()

    def stop(self) -> None:
        """End the container; it is gone when this returns."""
        self._stop_container()

    def _start(self, change: Change, version: int) -> None:
        """Start a container. Another program may take a port between its choice and its use: then choose again.

        A port that the user named stays, and so do both once a change has worked: their addresses are known by then.
        """
        asked = {at.port for at in (self._place.listening, self._place.admin)}
        for further in reversed(range(_PORT_CHOICES)):
            try:
                return self._start_container(change, version)
            except GatewayDied as error:
                taken = self._taken(error)
                if not taken:
                    raise
                if not further or self._loaded is not None or any(at.port in asked for at in taken):
                    raise taken_error([PortTaken.of(at) for at in taken]) from error
            port, admin_port = self._choose_ports()
            self._layout = replace(self._layout, port=port, admin_port=admin_port)
        return None

    def _choose_ports(self) -> tuple[int, int]:
        """The ports of the gateway and of its admin API.

        A container whose ports are published cannot choose them itself, so one way serves both kinds.
        """
        place = self._place
        port = place.listening.port or ports.free_port(place.listening.bind)
        return port, place.admin.port or ports.free_port(place.admin.bind, above=port)

    def _taken(self, error: GatewayDied) -> list[Listening]:
        """Those of this gateway's addresses that it could not have."""
        used = (
            replace(self._place.listening, port=self._layout.port),
            replace(self._place.admin, port=self._layout.admin_port),
        )
        refused = [line for line in error.details.get("said", ()) if _ADDRESS_TAKEN.search(line)]
        return [at for at in used if any(re.search(rf":{at.port}\b", line) for line in refused)]

    def _start_container(self, change: Change, version: int) -> None:
        plugin = change.plugin
        module = self._folder.store_module(plugin.sha256, plugin.content)
        plan = config.Plan(
            version=version,
            plugin_name=self._place.plugin_name,
            identity=identity_start(engine=NAME, run=self._folder.id, version=version, sha256=plugin.sha256),
            module=module.name,
            upstream=change.upstream or self._place.upstream,
        )
        # All that is written comes before the end of the old container, which goes on if the disk is full.
        bootstrap_file = self._folder.write_json(BOOTSTRAP, config.content(self._layout, change, plan))
        compose_file = self._folder.write_json("docker-compose.yaml", config.compose(self._layout))
        self._stop_container()
        tail = Tail(self._log, only_new=True)
        size = self._log.stat().st_size if self._log.exists() else 0
        limits = Limits()
        calls = StartCalls(self._log, limits=limits)
        with self._happenings.starting(vm_id(version)), told_while_waiting(self._place.tell, calls.waits_for):
            server = self._server = EnvoyServer(
                EnvoyCommand(
                    argv=self._command(compose_file),
                    variables=self._docker.variables,
                    seen_at=config.MOUNTED,
                    show=self._place.show,
                ),
                config=bootstrap_file,
                log=self._log,
            )
            try:
                server.wait(self._is_ready, tail, patience=START_SECONDS, calls=calls)
            except StuckError as stuck:
                reason = took_longer(limits.start_seconds)
                trap = Trap(at=datetime.now(UTC), function=stuck.function, reason=reason, version=version)
                raise plugin_trapped(trap, said=log_lines.reasons(tail.lines()), log=self._log) from stuck
            except GatewayDied as error:
                raise self._refused(change, error, before=size) from error
        self._engine_version = server.admin.server()

    def _is_ready(self) -> bool:
        assert self._server is not None  # noqa: S101 -- it was just started
        if not self._server.knows_address():
            return False
        # Inside the container the address may be another one.
        self._server.admin.url = Endpoint(host=_LOOPBACK, port=self._layout.admin_port).url
        return self._server.admin.live()

    def _command(self, compose_file: Path) -> tuple[str, ...]:
        project = ("--file", str(compose_file), "--project-name", self._container)
        ports_too = () if self._layout.shares_network else ("--service-ports",)
        return (
            *self._docker.compose,
            *project,
            "run",
            "--rm",
            "-T",
            *ports_too,
            "--name",
            self._container,
            config.SERVICE,
        )

    def _stop_container(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop(grace=_STOP_SECONDS)
            # A client that was killed leaves its container behind.
            with contextlib.suppress(HgwError, OSError):
                self._docker.remove(self._container)

    def _refused(self, change: Change, error: GatewayDied, *, before: int) -> GatewayError:
        """Why Envoy ended at once: most likely the plugin did not start. The log had `before` bytes until then."""
        text = self._log.read_bytes()[before:].decode("utf-8", "replace")
        start = log_lines.read_start(text.splitlines())
        lines = start.said
        if start.trap is not None:
            said = [f"[{line.level}] {line.text}" for line in lines]
            return plugin_trapped(start.trap, said=said, log=self._log).with_lines(lines)
        if start.config_refused:
            return config_refused(change, lines=lines, log=self._log).with_lines(lines)
        if start.reason:
            said = list(error.details.get("said", ()))
            return module_refused(change, start.reason, said=said, log=self._log).with_lines(lines)
        return error
