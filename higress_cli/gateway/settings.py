"""The settings of a local gateway, each with who chose it, and the plugin configuration that they name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.project.plugin_config import PluginConfig, read_plugin_config
from higress_cli.project.project import Project
from higress_cli.project.settings import ENGINES, Settings
from higress_cli.system.ports import HIGHEST

HTTPBIN: Final = "httpbin"
_CONFIG_FILE: Final = "config.yaml"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was said on the command line; None is nothing. `services` are texts `NAME:PORT=HOST:PORT`."""

    engine: str | None = None
    bind: str | None = None
    port: int | None = None
    admin_port: int | None = None
    upstream: str | None = None
    upstream_port: int | None = None
    config: str | None = None
    services: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """`upstream` is `httpbin` or a URL; port 0 is any; `config` is a path in the project's folder.

    `services` of the command line are added to those of the source that wins without them.
    """

    engine: Choice[str]
    bind: Choice[str]
    port: Choice[int]
    admin_port: Choice[int]
    upstream: Choice[str]
    upstream_port: Choice[int]
    config: Choice[str]
    services: Choice[Mapping[str, str]]


def choose(project: Project, *, given: Given, variables: Mapping[str, str]) -> GatewaySettings:
    """The settings that win for `project`.

    Raises:
        UsageError: `choice-invalid` for what was typed or is in a variable.
    """

    def of(name: str, default: T, read: Callable[[Settings], T | None], parse: Callable[[str, str], T]) -> Choice[T]:
        variable = f"HGW_{name.upper()}"
        text = variables.get(variable)
        option = f"--{name.replace('_', '-')}"
        return project.choose(
            read,
            flag=(getattr(given, name), option),
            variable=(parse(text, variable) if text else None, variable),
            default=default,
        )

    engine = of("engine", "auto", lambda settings: settings.engine, _text)
    if engine.value not in ENGINES:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=engine.value, source=engine.source, choices=", ".join(ENGINES)
            ),
            code="choice-invalid",
        )
    bind = of("bind", "127.0.0.1", lambda settings: settings.bind, _text)
    typed = _services(given.services, "--service")
    services: Choice[Mapping[str, str]] = project.choose(
        lambda settings: settings.services,
        flag=(None, "--service"),
        variable=(_services(variables.get("HGW_SERVICES", "").split(","), "HGW_SERVICES") or None, "HGW_SERVICES"),
        default={},
    )
    return GatewaySettings(
        engine=engine,
        bind=_address(bind),
        port=of("port", 10000, lambda settings: settings.port, _port),
        admin_port=of("admin_port", 0, lambda settings: settings.admin_port, _port),
        upstream=of("upstream", HTTPBIN, lambda settings: settings.upstream, _text),
        upstream_port=of("upstream_port", 12345, lambda settings: settings.upstream_port, _port),
        config=of("config", _CONFIG_FILE, lambda settings: settings.config, _text),
        services=Choice({**services.value, **typed}, Source(SourceKind.FLAG, "--service")) if typed else services,
    )


def _address(bind: Choice[str]) -> Choice[str]:
    if bind.value == "localhost":
        return Choice("127.0.0.1", bind.source)
    try:
        ip_address(bind.value)
    except ValueError as error:
        raise bind.source.refusal(
            _("`{value}` (from {source}) is no IP address").format(value=bind.value, source=bind.source),
            code="choice-invalid",
            hint=_("127.0.0.1 is this machine alone, 0.0.0.0 every network that it is in"),
        ) from error
    return bind


def config_path(project: Project, choice: Choice[str]) -> Path:
    """Where the plugin's configuration is, or would be."""
    return (project.directory / choice.value).absolute()


def load_config(project: Project, choice: Choice[str]) -> PluginConfig | None:
    """The plugin's configuration, None where it has none: config.yaml may be absent, a file that was named may not.

    Raises:
        InvalidInput: `plugin-config-missing`, `plugin-config-invalid` with line and column.
    """
    path = config_path(project, choice)
    if choice.value == _CONFIG_FILE and not choice.source.is_typed and not path.exists():
        return None
    return read_plugin_config(path)


def _services(texts: tuple[str, ...] | list[str], source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        if not text.strip():
            continue
        key, separator, address = text.strip().partition("=")
        if not separator or not key or not address:
            raise UsageError(
                _("`{value}` (from {source}) is not NAME:PORT=HOST:PORT").format(value=text, source=source),
                code="service-invalid",
                hint=_("for example: --service my-svc.dns:80=127.0.0.1:8080"),
            )
        found[key] = address
    return found


def _text(value: str, _source: str) -> str:
    return value


def _port(value: str, source: str) -> int:
    if not value.isdecimal() or int(value) > HIGHEST:
        raise UsageError(
            _("{variable}={value}: expected a port from 0 to {most}").format(
                variable=source, value=value, most=HIGHEST
            ),
            code="choice-invalid",
        )
    return int(value)
