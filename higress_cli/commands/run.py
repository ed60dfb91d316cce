"""`hgw run`: run a gateway with the plugin until Ctrl-C."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from higress_cli.abi import EVERY_ABI
from higress_cli.choice import Choice
from higress_cli.commands.plugin_module import (
    FreshModule,
    build_choices,
    check_plugin,
    fresh_module,
    needs_of_source,
)
from higress_cli.commands.run_events import Narrator
from higress_cli.commands.run_source import RunSource
from higress_cli.commands.source_watch import SourceWatch
from higress_cli.commands.unmapped_services import unmapped_services
from higress_cli.digest import Sha256
from higress_cli.errors import ConflictError
from higress_cli.gateway.engine import ChosenEngine, choose_engine
from higress_cli.gateway.event_log import EventLog
from higress_cli.gateway.events import Event
from higress_cli.gateway.live_gateway import Live, Ready
from higress_cli.gateway.opening import Listen, Opened, check_machine, open_gateway
from higress_cli.gateway.plugin import GivenModule, read_plugin
from higress_cli.gateway.run_folder import EVENTS
from higress_cli.gateway.services import clusters_of
from higress_cli.gateway.settings import GatewaySettings, choose, config_path, load_config
from higress_cli.i18n import _
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import HTTPBIN
from higress_cli.system.garbage import look_as_usual


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
    admin_url: str | None
    """The engine's admin API, for this machine alone; null where it has none."""
    upstream_url: str
    """What is behind the gateway."""
    run_dir: Path
    """The run's folder: configuration, logs, config dump; absolute."""
    gateway_log: Path
    """The file with all that the gateway says."""
    pid: int
    """The process to interrupt to stop the gateway."""
    module: Path
    """The module's file, absolute."""
    module_sha256: Sha256
    """The digest of that file."""
    image: str | None
    """The image that it was pulled from, as it was named; null where it is a file."""
    abi: str | None
    """The ABI that the module declares; null where it declares none that a gateway knows."""
    renamed_export: str | None
    """The ABI marker that was renamed in a copy for this engine; null where none was."""
    renamed_to: str | None
    """The marker's name in that copy; null where none was renamed."""
    config: Path | None
    """The file with the plugin's configuration, absolute; null where it has none."""
    settings: Mapping[str, Choice[Any]]
    """Every setting of the run with who chose it."""


def run(
    session: Session,
    *,
    directory: Path,
    module: GivenModule | None = None,
    build: bool = True,
    on_ready: Callable[[RunResult], None],
) -> RunResult:
    """Start a gateway with the plugin of `directory`, call `on_ready`, and run until Ctrl-C.

    `module` takes the place of the plugin's own module; settings and configuration are still those of `directory`.

    Edits to the plugin's configuration and a rebuilt module take effect while it runs.

    Raises:
        InvalidInput, UsageError: the project, its settings or its configuration are invalid.
        ToolError: `engine-missing`.
        GatewayError: the gateway does not start, refuses the plugin, or exits by itself.
        KeyboardInterrupt: interrupted before it was ready.
    """
    project = open_project(directory, needs_source=False)
    settings = choose(settings_of(project, session))
    is_own = module is None
    _check(session, project, settings, is_own=is_own, build=build)
    fresh = FreshModule(path=module.path) if module else fresh_module(session, project, build=build)
    if is_own:
        fresh = dataclasses.replace(fresh, warnings=(*fresh.warnings, *_one_of_all(session, project)))
    chosen = choose_engine(settings.engine, host=session.host, plugin=read_plugin(fresh.path))
    with open_gateway(session, chosen, settings, listen=Listen.as_set(settings)) as opened:
        source = RunSource(
            session, directory, opened=opened, module=module or GivenModule(path=fresh.path), is_own=is_own
        )
        is_stale = SourceWatch(session, directory).is_stale if is_own else lambda _path: False
        live = Live(opened.gateway, load=source.load, is_stale=is_stale, has_room=opened.folder.has_room)
        with session.reporter.activity(_("Starting the gateway")):
            ready = live.start()
        narrator = Narrator(session.reporter, change=ready.change, folder=opened.folder)
        result = _result(opened, chosen=chosen, ready=ready, module=fresh, project=project)
        _record(opened, result)
        on_ready(result)
        look_as_usual()
        with contextlib.suppress(KeyboardInterrupt):
            _follow(live, opened, tell=narrator, renew=lambda digest: _record(opened, result, digest=digest))
    return result


def _follow(live: Live, opened: Opened, *, tell: Callable[[Event], None], renew: Callable[[Sha256], None]) -> None:
    """Log and tell what happens until Ctrl-C; `renew` gets the digest of each module that the gateway has taken."""
    event_log = EventLog(opened.folder.log(EVENTS))
    for events in live.events():
        event_log(events)
        for event in events:
            if isinstance(event, Ready):
                with contextlib.suppress(ConflictError):  # a full disk, which is an event of its own
                    renew(event.change.plugin.sha256)
            tell(event)


def _check(session: Session, project: Project, settings: GatewaySettings, *, is_own: bool, build: bool) -> None:
    """See that nothing stands in the way, before minutes of compiling."""
    load_config(project, settings.config)
    clusters_of(settings.services)
    if is_own:
        check_plugin(session, project)
    needs = needs_of_source(session, project) if build and is_own else None
    check_machine(settings, host=session.host, listen=Listen.as_set(settings), runs=session.dirs.runs, needs=needs)


def _one_of_all(session: Session, project: Project) -> tuple[str, ...]:
    """A warning where modules for all ABIs were asked for just now: a gateway runs one."""
    chosen = build_choices(session, project)
    if chosen.abi.value != EVERY_ABI or not chosen.abi.source.is_typed or len(chosen.abis) == 1:
        return ()
    first, *others = chosen.abis
    warning = _("a gateway runs one module: of `{value}` (from {source}) that for ABI {abi}; for another: {command}")
    return (
        warning.format(
            value=chosen.abi.value, source=chosen.abi.source, abi=first, command=f"hgw run --abi {others[-1]}"
        ),
    )


def _record(opened: Opened, result: RunResult, *, digest: Sha256 | None = None) -> None:
    """Write what another hgw process needs in order to use this gateway to the run's folder."""
    facts = {**result.data(), "http_recorded": opened.settings.upstream.value == HTTPBIN}
    opened.folder.record({**facts, "module_sha256": digest} if digest else facts)


def _result(opened: Opened, *, chosen: ChosenEngine, ready: Ready, module: FreshModule, project: Project) -> RunResult:
    facts, plugin, settings = opened.gateway.facts, ready.change.plugin, opened.settings
    return RunResult(
        engine=facts.engine,
        engine_version=facts.version,
        engine_reason=chosen.reason,
        url=opened.gateway.url,
        admin_url=facts.admin_url,
        upstream_url=opened.upstream.at.url,
        run_dir=opened.folder.path,
        gateway_log=facts.log,
        pid=os.getpid(),
        module=plugin.path,
        module_sha256=plugin.sha256,
        image=plugin.image,
        abi=plugin.abi.version,
        renamed_export=ready.applied.renamed.old if ready.applied.renamed else None,
        renamed_to=ready.applied.renamed.new if ready.applied.renamed else None,
        config=config_path(project, settings.config) if ready.change.config is not None else None,
        settings={field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)},
        warnings=(*module.warnings, *ready.applied.notes, *unmapped_services(project, settings)),
    )
