"""Services that the plugin's configuration or source names and nobody maps to an address."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from higress_cli.gateway.services import EMBEDDED, clusters_of
from higress_cli.gateway.settings import GatewaySettings, load_config
from higress_cli.go.services import is_service, named_services
from higress_cli.go.usage import package_files
from higress_cli.i18n import _
from higress_cli.project.project import Project

_PORT: Final = re.compile(r"port$", re.IGNORECASE)
_HTTP, _REDIS = 80, 6379
_SOMEWHERE: Final = "127.0.0.1:8080"


def unmapped_services(project: Project, settings: GatewaySettings, *, mapped: Collection[str] = ()) -> tuple[str, ...]:
    """A warning for each service that is named and not in `run.services`, with the line that maps it.

    `mapped` are names or keys of services that something else answers for. A service under another port counts as
    mapped: the plugin may have its port from elsewhere.
    """
    known = {cluster.rpartition("|")[2] for cluster in clusters_of(settings.services)}
    known |= {key.rpartition("|")[2].partition(":")[0] for key in mapped}
    found: dict[str, str] = {}
    for name, port, where in _named(project, settings):
        if name not in known and name not in found:
            found[name] = _warning(name, port, where)
    return tuple(found.values())


def _named(project: Project, settings: GatewaySettings) -> Iterator[tuple[str, int | None, str]]:
    config = load_config(project, settings.config)
    if config is not None:
        for name, port in _in_values(config.values):
            yield name, port, str(config.source)
    if project.has_source:
        yield from named_services(list(package_files(project.directory)))


def _in_values(values: Any) -> Iterator[tuple[str, int | None]]:
    """The services in a plugin's configuration, each with the port that stands beside it."""
    if isinstance(values, Mapping):
        ports = [value for key, value in values.items() if _PORT.search(str(key)) and _is_port(value)]
        for value in values.values():
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


def _warning(name: str, port: int | None, where: str) -> str:
    is_redis = "redis" in name.lower()
    usual = _REDIS if is_redis and not name.endswith(".static") else _HTTP
    line = f'"{name}:{port or usual}": "{EMBEDDED if is_redis else _SOMEWHERE}"'
    return _(
        "{where} names the service {name}, which has no address here; under run.services in hgw.yaml: {line}"
    ).format(where=where, name=name, line=line)
