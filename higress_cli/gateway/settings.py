"""The settings of a local gateway, each with its source, and the plugin configuration that they name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from higress_cli.choice import Choice, SourceKind
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.project.plugin_config import BOOTSTRAP, PluginConfig, read_plugin_config
from higress_cli.project.project import Project
from higress_cli.settings.project import (
    ADMIN_PORT,
    BIND,
    BUFFER_LIMIT,
    CONFIG,
    ENGINE,
    ENV,
    GATEWAY,
    NAME,
    PORT,
    SERVICES,
    UPSTREAM,
    UPSTREAM_PORT,
)
from higress_cli.settings.resolver import Resolver


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """`upstream` is `httpbin` or a URL; port 0 is any free one; `config` is a path in the project's folder.

    `env` are environment variables of the plugin's VM; `buffer_limit` is in bytes, `gateway` the version of
    Higress's gateway that the plugin is for.
    """

    name: Choice[str]
    engine: Choice[str]
    bind: Choice[str]
    port: Choice[int]
    admin_port: Choice[int]
    upstream: Choice[str]
    upstream_port: Choice[int]
    config: Choice[str]
    services: Choice[Mapping[str, str]]
    env: Choice[Mapping[str, str]]
    buffer_limit: Choice[int]
    gateway: Choice[str]


def choose(settings: Resolver) -> GatewaySettings:
    """The settings in effect.

    Raises:
        UsageError: `choice-invalid`, `service-invalid` for a typed value or a variable.
    """
    return GatewaySettings(
        name=settings.choose(NAME),
        engine=settings.choose(ENGINE),
        bind=settings.choose(BIND),
        port=settings.choose(PORT),
        admin_port=settings.choose(ADMIN_PORT),
        upstream=settings.choose(UPSTREAM),
        upstream_port=settings.choose(UPSTREAM_PORT),
        config=settings.choose(CONFIG),
        services=settings.choose(SERVICES),
        env=settings.choose(ENV),
        buffer_limit=settings.choose(BUFFER_LIMIT),
        gateway=settings.choose(GATEWAY),
    )


def config_path(project: Project, choice: Choice[str]) -> Path:
    """Where the plugin's configuration is, or would be."""
    return (project.directory / choice.value).absolute()


def load_config(project: Project, choice: Choice[str]) -> PluginConfig | None:
    """The plugin's configuration, None if it has none: config.yaml may be absent, but not a file that a setting names.

    Raises:
        InvalidInput: `plugin-config-missing`, `plugin-config-invalid` with line and column, `config-is-bootstrap`.
    """
    path = config_path(project, choice)
    if not path.exists() and not choice.source.is_typed:
        if choice.value == CONFIG.default:
            return None
        raise InvalidInput(
            _("{place}: `{key}` names {path}, which does not exist").format(
                place=choice.source.place, key=CONFIG.key, path=path
            ),
            code="plugin-config-missing",
            hint=_("create that file, or correct the line"),
            details={"path": path, "source": choice.source.place},
        )
    try:
        return read_plugin_config(path, is_fixed=choice.source.kind is SourceKind.DEFAULT)
    except InvalidInput as error:
        if error.code == BOOTSTRAP and project.own is None and project.has_source:
            error.hint = "hgw init --from-existing"
        raise
