"""A gateway with an upstream behind it, opened in the same way by every command."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.choice import DEFAULT
from higress_cli.errors import InvalidInput
from higress_cli.gateway.connections import LOOPBACK
from higress_cli.gateway.contract import Change, Engine, Gateway, Place
from higress_cli.gateway.engine import ChosenEngine, choose_engine
from higress_cli.gateway.listening import Listening, check_ports
from higress_cli.gateway.plugin import Needs, Plugin
from higress_cli.gateway.redis_server import Played, played
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import clusters_of
from higress_cli.gateway.settings import GatewaySettings, config_path, load_config
from higress_cli.gateway.upstream import Upstream, check_upstream, open_upstream
from higress_cli.gateway.words import waiting_line
from higress_cli.go.mod import read_go_mod
from higress_cli.project.project import Project
from higress_cli.session import Session
from higress_cli.settings.project import HTTPBIN
from higress_cli.system import trust
from higress_cli.system.host import Host


@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where a gateway, its admin API and hgw's own upstream listen."""

    gateway: Listening
    admin: Listening
    upstream: Listening

    @classmethod
    def as_set(cls, settings: GatewaySettings) -> "Listen":
        """The addresses from the settings."""
        bind, port, admin, upstream = settings.bind, settings.port, settings.admin_port, settings.upstream_port
        return cls(
            gateway=Listening(
                bind=bind.value, port=port.value, option="--port", source=port.source, bind_source=bind.source
            ),
            admin=Listening(bind=LOOPBACK, port=admin.value, option="--admin-port", source=admin.source),
            upstream=Listening(bind=LOOPBACK, port=upstream.value, option="--upstream-port", source=upstream.source),
        )


_ANYWHERE: Final = Listening(bind=LOOPBACK, port=0, option="--port", source=DEFAULT)
ANY_PORTS: Final = Listen(gateway=_ANYWHERE, admin=_ANYWHERE, upstream=_ANYWHERE)
"""Free ports that only this machine reaches."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A gateway that starts with its first `apply`, its upstream and services, and the folder for their files.

    `settings` are those that it was opened with.
    """

    settings: GatewaySettings
    engine: Engine
    gateway: Gateway
    upstream: Upstream
    folder: RunFolder
    played: Played

    def change(self, project: Project, settings: GatewaySettings, plugin: Plugin) -> Change:
        """A change from the settings and the plugin's configuration file as it is now.

        Raises:
            InvalidInput: `plugin-config-missing`, `plugin-config-invalid`.
        """
        return Change(
            plugin=plugin,
            config=load_config(project, settings.config),
            config_file=config_path(project, settings.config),
            services=self.played.places(clusters_of(settings.services)),
            env=settings.env.value,
            buffer_limit=settings.buffer_limit.value,
            packages=_own_packages(project),
        )


def check_machine(
    settings: GatewaySettings,
    *,
    host: Host,
    listen: Listen | None = None,
    runs: Path | None = None,
    needs: Needs | None = None,
) -> ChosenEngine:
    """Choose the engine for these settings and check that this machine has all that a gateway needs.

    `needs` is what is known about a module that is not compiled yet.

    Raises:
        ToolError: `engine-missing`. GatewayError: `port-refused`, `port-in-use`.
        InvalidInput, UsageError: `service-invalid` for the upstream.
    """
    chosen = choose_engine(settings.engine, host=host, needs=needs)
    check_upstream(settings.upstream)
    if listen is not None:
        own = (listen.upstream,) if settings.upstream.value == HTTPBIN else ()
        check_ports((listen.gateway, listen.admin, *own), runs=runs)
    return chosen


@contextlib.contextmanager
def open_gateway(
    session: Session, chosen: ChosenEngine, settings: GatewaySettings, *, listen: Listen
) -> Iterator[Opened]:
    """A gateway of the chosen engine with a run folder; all of it ends with the context.

    The session's reporter hears what is waited for while a change takes long, from other threads too.

    Raises:
        ConflictError: the folder cannot be created. ToolError: `engine-missing`. GatewayError: `port-in-use`.
    """
    with contextlib.ExitStack() as stack:
        folder = RunFolder.create(session.dirs.runs)
        stack.callback(folder.leave)
        upstream = stack.enter_context(open_upstream(settings.upstream, at=listen.upstream, folder=folder))
        place = Place(
            listening=listen.gateway,
            admin=listen.admin,
            upstream=upstream.at,
            plugin_name=settings.name.value,
            certificates=trust.bundle(session.variables),
            cache=session.dirs.cache,
            show=session.reporter.detail,
            tell=lambda waiting: session.reporter.note(waiting_line(waiting)),
            version=settings.gateway.value,
        )
        services = stack.enter_context(played())
        gateway = stack.enter_context(chosen.engine.open(place, folder, variables=session.variables))
        yield Opened(
            settings=settings,
            engine=chosen.engine,
            gateway=gateway,
            upstream=upstream,
            folder=folder,
            played=services,
        )


def _own_packages(project: Project) -> tuple[str, ...]:
    """The path of the project's Go module; empty if unknown."""
    try:
        module = read_go_mod(project.go_mod).module if project.go_mod.is_file() else None
    except InvalidInput:
        return ()
    return (module,) if module else ()
