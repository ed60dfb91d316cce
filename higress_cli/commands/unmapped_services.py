"""Services that the plugin's configuration or source names and nobody maps to an address."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from higress_cli.gateway.services import clusters_of, mapping_line
from higress_cli.gateway.settings import GatewaySettings, load_config
from higress_cli.go.services import Client, clients, is_service, named_services
from higress_cli.go.usage import package_files
from higress_cli.i18n import _
from higress_cli.project.project import Project

_PORT: Final = re.compile(r"port$", re.IGNORECASE)
_MATCH: Final = "_match_"
"""What the keys of a rule begin with that say for whom it is: those services are the upstream, and are not called."""
_HTTP, _REDIS = 80, 6379


def unmapped_services(project: Project, settings: GatewaySettings, *, mapped: Collection[str] = ()) -> tuple[str, ...]:
    """A warning for each service that is named and not in `run.services`, with the line that maps it.

    `mapped` are names or keys of services that something else answers for. A service under another port counts as
    mapped: the plugin may have its port from elsewhere.
    """
    known = {cluster.rpartition("|")[2] for cluster in clusters_of(settings.services)}
    known |= {key.rpartition("|")[2].partition(":")[0] for key in mapped}
    files = package_files(project.directory) if project.has_source else ()
    usual = _Usual.of(list(clients(files)))
    found: dict[str, str] = {}
    for name, port, where in _in_config(project, settings):
        found.setdefault(name, usual.warning(name, where, port=port))
    for named in named_services(files):
        client = named.client
        text = usual if client is None else _Usual(port=client.port, is_redis=client.is_redis)
        found.setdefault(named.name, text.warning(named.name, named.place))
    return tuple(warning for name, warning in found.items() if name not in known)


@dataclass(frozen=True, kw_only=True)
class _Usual:
    """How the plugin's clients call services, as far as its source shows it; None is what it does not show."""

    port: int | None
    is_redis: bool | None

    @classmethod
    def of(cls, clients: Sequence[Client]) -> Self:
        """What all these clients have in common."""
        ports = {client.port for client in clients}
        kinds = {client.is_redis for client in clients}
        return cls(port=ports.pop() if len(ports) == 1 else None, is_redis=kinds.pop() if len(kinds) == 1 else None)

    def warning(self, name: str, where: str, *, port: int | None = None) -> str:
        """The warning about the service that is named in `where`, with the port that stands beside it there."""
        is_redis = self.is_redis if self.is_redis is not None else "redis" in name.lower()
        guess = _REDIS if is_redis and not name.endswith(".static") else _HTTP
        line = mapping_line(f"{name}:{port or self.port or guess}", is_redis=is_redis)
        return _(
            "{where} names the service {name}, which has no address here; under run.services in hgw.yaml: {line}"
        ).format(where=where, name=name, line=line)


def _in_config(project: Project, settings: GatewaySettings) -> Iterator[tuple[str, int | None, str]]:
    config = load_config(project, settings.config)
    if config is not None:
        for name, port in _in_values(config.values):
            yield name, port, str(config.source)


def _in_values(values: object) -> Iterator[tuple[str, int | None]]:
    """The services in a plugin's configuration, each with the port that stands beside it."""
    if isinstance(values, Mapping):
        ports = [value for key, value in values.items() if _PORT.search(str(key)) and _is_port(value)]
        for key, value in values.items():
            if str(key).startswith(_MATCH):
                continue
            if isinstance(value, str) and is_service(value):
                yield value, ports[0] if len(ports) == 1 else None
            else:
                yield from _in_values(value)
    elif isinstance(values, list):
        for value in values:
            if isinstance(value, str) and is_service(value):
                yield value, None
            else:
                yield from _in_values(value)


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
