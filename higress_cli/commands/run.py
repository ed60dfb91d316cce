"""`hgw run`: a gateway with the plugin in it, until Ctrl-C."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from higress_cli.choice import Choice
from higress_cli.commands.plugin_module import fresh_module
from higress_cli.errors import GatewayError, HgwError
from higress_cli.gateway.engine import Engine, check_fit, choose_engine
from higress_cli.gateway.engines.envoy import log_lines
from higress_cli.gateway.engines.envoy.process import Applied, Gateway, Place
from higress_cli.gateway.plugin import Plugin, read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.servers import LOOPBACK, RequestLog, check_port, upstream
from higress_cli.gateway.services import Endpoint, clusters_of, endpoint
from higress_cli.gateway.settings import (
    HTTPBIN,
    GatewaySettings,
    Given,
    choose,
    config_path,
    load_config,
)
from higress_cli.gateway.watch import Watched
from higress_cli.i18n import _
from higress_cli.project.project import Project, open_project
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.system.http import authorities

_COMMAND: Final = "hgw run"
_LOOK_SECONDS: Final = 0.25
_DIED: Final = "gateway-died"


@dataclass(frozen=True, kw_only=True)
class RunResult(Result):
    """A gateway that is ready. The document is printed then; the gateway goes on until it is interrupted."""

    engine: str
    """What runs the plugin."""
    engine_version: str
    """The engine's own version."""
    engine_reason: str
    """Why this engine, in the language of the call."""
    url: str
    """Where requests to the plugin go, from this machine."""
    admin_url: str
    """The engine's admin API, for this machine alone."""
    upstream_url: str
    """What is behind the gateway."""
    run_dir: Path
    """The run's folder: configuration, logs, config dump; absolute."""
    pid: int
    """The process to interrupt to stop the gateway."""
    module: Path
    """The module's file, absolute."""
    module_sha256: str
    """The digest of that file."""
    abi: str | None
    """The ABI that the module declares; null where it declares none that a gateway knows."""
    renamed_export: str | None
    """The ABI marker that was renamed in a copy for this engine; null where none was."""
    config: Path | None
    """The file with the plugin's configuration, absolute; null where it has none."""
    settings: Mapping[str, Choice[Any]]
    """Every setting of the run with who chose it."""


def run(
    session: Session,
    *,
    directory: Path,
    given: Given | None = None,
    build: bool = True,
    on_ready: Callable[[RunResult], None],
) -> RunResult:
    """Start a gateway with the plugin of `directory`, tell `on_ready`, and keep it until a Ctrl-C.

    Edits of the plugin's configuration and a rebuilt module take effect while it runs.

    Raises:
        InvalidInput, UsageError: what the project, its settings or its configuration have wrong.
        ToolError: `engine-missing`. GatewayError: it does not start, refuses the plugin, or ends by itself.
        KeyboardInterrupt: interrupted before it was ready.
    """
    project = open_project(directory, needs_source=False)
    settings = choose(project, given=given or Given(), variables=session.variables)
    load_config(project, settings.config)
    clusters_of(settings.services)
    engine = choose_engine(settings.engine, host=session.host)
    _check_ports(settings)
    module = fresh_module(session, project, build=build)
    plugin = read_plugin(module.path)
    check_fit(plugin, engine)
    with contextlib.ExitStack() as stack:
        folder = RunFolder.create(session.dirs.runs)
        stack.callback(folder.leave)
        behind = _upstream(stack, folder, settings)
        place = Place(
            bind=settings.bind.value,
            port=settings.port.value,
            port_source=str(settings.port.source),
            admin_port=settings.admin_port.value,
            upstream=behind,
            plugin_name=project.name,
            certificates=authorities(session.variables),
        )
        gateway = stack.enter_context(Gateway(engine=engine, folder=folder, place=place, variables=session.variables))
        live = _Live(session, project, settings=settings, gateway=gateway, engine=engine, plugin=plugin)
        with session.reporter.activity(_("starting the gateway")):
            applied = live.apply()
        result = _result(settings, gateway=gateway, plugin=plugin, applied=applied, engine=engine, live=live)
        result = dataclasses.replace(result, warnings=module.warnings)
        folder.record({**result.data(), "http_recorded": settings.upstream.value == HTTPBIN})
        on_ready(result)
        with contextlib.suppress(KeyboardInterrupt):
            live.follow(applied, result)
    return result


class _Live:
    """A gateway that follows the files of a project. Its plugin and configuration are those in effect."""

    def __init__(
        self,
        session: Session,
        project: Project,
        *,
        settings: GatewaySettings,
        gateway: Gateway,
        engine: Engine,
        plugin: Plugin,
    ) -> None:
        self._reporter = session.reporter
        self._project = project
        self._settings = settings
        self._gateway = gateway
        self._services = clusters_of(settings.services)
        self._engine = engine
        self._module_file = Watched(plugin.path)
        self.config_path = config_path(project, settings.config)
        self._config_file = Watched(self.config_path)
        self.config = load_config(project, settings.config)
        self._plugin = plugin

    def apply(self) -> Applied:
        """Give the gateway the plugin and its configuration.

        Raises:
            GatewayError: it does not start, or refuses.
        """
        return self._gateway.apply(self._plugin, self.config, self._services)

    def follow(self, applied: Applied, result: RunResult) -> None:
        """Pass on what the gateway logs, take up what changes; returns never, an interrupt ends it."""
        folder = self._gateway.folder
        said = log_lines.Tail(folder.log, only_new=True)
        requests = log_lines.Tail(folder.access_log)
        self._show(applied.log_lines)
        while True:
            self._gateway.check_alive()
            self._show(_worth_showing(said.lines()))
            for entry in requests.objects():
                self._reporter.child_line(request_line(entry))
            changed = [watched.settled_change() for watched in (self._config_file, self._module_file)]
            if any(changed) and (new := self._take_up()) is not None:
                said = log_lines.Tail(folder.log, only_new=True)
                self._show(new.log_lines)
                folder.record({**result.data(), "module_sha256": self._plugin.sha256})
            time.sleep(_LOOK_SECONDS)

    def _take_up(self) -> Applied | None:
        """Give the gateway what the files say now. Where that is no good, what worked before goes on."""
        try:
            config = load_config(self._project, self._settings.config)
            plugin = read_plugin(self._plugin.path)
            check_fit(plugin, self._engine)
            if config == self.config and plugin.sha256 == self._plugin.sha256:
                return None
            with self._reporter.activity(_("loading {path}").format(path=plugin.path.name)):
                applied = self._gateway.apply(plugin, config, self._services)
        except HgwError as error:
            if error.code == _DIED:
                raise
            self._reporter.warn(error.message)
            self._reporter.note(_("the gateway goes on with what it had before"))
            return None
        if config != self.config:
            self._reporter.note(_("in effect now: {path}").format(path=self.config_path))
        if plugin.sha256 != self._plugin.sha256:
            text = _("in effect now: {path}, sha256 {digest}")
            self._reporter.note(text.format(path=plugin.path, digest=plugin.sha256))
        self.config, self._plugin = config, plugin
        return applied

    def _show(self, lines: tuple[log_lines.LogLine, ...]) -> None:
        for line in lines:
            self._reporter.child_line(f"[{line.level}] {line.message}")


def request_line(entry: Mapping[str, Any]) -> str:
    """A request of the access log in one line."""
    by = _("answered by the upstream") if entry.get("answered_by") == "via_upstream" else _("answered in the gateway")
    return _("{method} {path} -> {status}, {milliseconds} ms, {by}").format(
        method=entry.get("method"),
        path=entry.get("path"),
        status=entry.get("status"),
        milliseconds=entry.get("milliseconds"),
        by=by,
    )


def _worth_showing(lines: list[str]) -> tuple[log_lines.LogLine, ...]:
    """What the plugin said, and what went wrong with it: not that VMs come and go."""
    parsed = (log_lines.parse_line(line) for line in lines)
    return tuple(line for line in parsed if line and (line.vm or (line.logger == "wasm" and line.level == "error")))


def _check_ports(settings: GatewaySettings) -> None:
    """Refuse ports that are taken, with one command that mends them all."""
    wanted = [(settings.bind.value, settings.port, "--port"), (LOOPBACK, settings.admin_port, "--admin-port")]
    if settings.upstream.value == HTTPBIN:
        wanted.append((LOOPBACK, settings.upstream_port, "--upstream-port"))
    refused: list[GatewayError] = []
    for host, port, option in wanted:
        try:
            check_port(host, port.value, option=option, source=str(port.source))
        except GatewayError as error:
            refused.append(error)
    if refused:
        first = refused[0]
        commands = [error.hint for error in refused if error.hint and error.hint.startswith(_COMMAND)]
        hint = _COMMAND + "".join(command.removeprefix(_COMMAND) for command in commands)
        raise GatewayError(
            first.message, code=first.code, hint=hint if commands else first.hint, details=first.details
        ) from first


def _upstream(stack: contextlib.ExitStack, folder: RunFolder, settings: GatewaySettings) -> Endpoint:
    """Where requests go behind the gateway, httpbin started where it is that."""
    if settings.upstream.value != HTTPBIN:
        return endpoint(settings.upstream.value, source=settings.upstream.source)
    server = stack.enter_context(
        upstream(
            port=settings.upstream_port.value,
            sink=RequestLog(folder.upstream_log),
            log=folder.server_log,
            source=str(settings.upstream_port.source),
        )
    )
    return server.at


def _result(
    settings: GatewaySettings,
    *,
    gateway: Gateway,
    plugin: Plugin,
    applied: Applied,
    engine: Engine,
    live: _Live,
) -> RunResult:
    chosen = {
        name: getattr(settings, name)
        for name in ("engine", "bind", "port", "admin_port", "upstream", "upstream_port", "config", "services")
    }
    return RunResult(
        engine=engine.name,
        engine_version=gateway.admin.server(),
        engine_reason=engine.reason,
        url=gateway.url,
        admin_url=gateway.admin.url,
        upstream_url=gateway.place.upstream.url,
        run_dir=gateway.folder.path,
        pid=os.getpid(),
        module=plugin.path,
        module_sha256=plugin.sha256,
        abi=plugin.abi.version,
        renamed_export=applied.renamed,
        config=live.config_path if live.config is not None else None,
        settings=chosen,
    )
