"""hgw.yaml as typed values. Every key is optional, so every value here may be None."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.abi import ABI_CHOICES
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.scenario import Scenario, read_scenario
from higress_cli.project.yaml_node import Node, compose

FILE_NAME: Final = "hgw.yaml"
ENGINES: Final = ("auto", "envoy", "builtin", "docker")
TOOLS: Final = ("go", "tinygo", "binaryen")
_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one hgw.yaml says. `services` maps `NAME:PORT` or a whole cluster name to `HOST:PORT`."""

    file: Path
    name: str | None = None
    profile: str | None = None
    abi: str | None = None
    gateway: str | None = None
    toolchain: Mapping[str, str] = field(default_factory=dict)
    out_file: str | None = None
    tags: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    engine: str | None = None
    bind: str | None = None
    port: int | None = None
    admin_port: int | None = None
    upstream: str | None = None
    upstream_port: int | None = None
    config: str | None = None
    services: Mapping[str, str] | None = None
    verify: tuple[Scenario, ...] | None = None


def read_settings(path: Path) -> Settings:
    """Read an hgw.yaml.

    Raises:
        InvalidInput: `yaml-invalid`, `settings-invalid` (place, key and what was expected), `settings-unreadable`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            _("{path} cannot be read: {reason}").format(path=path, reason=error),
            code="settings-unreadable",
            details={"path": path},
        ) from error
    root = compose(path, text)
    if root is None:
        return Settings(file=path)
    top = root.mapping(("name", "profile", "abi", "gateway", "toolchain", "build", "run", "verify"))
    build = _section(top, "build", ("out_file", "tags", "flags"))
    run = _section(
        top,
        "run",
        ("engine", "bind", "port", "admin_port", "upstream", "upstream_port", "config", "services"),
    )
    return Settings(
        file=path,
        name=_text(top, "name"),
        profile=_choice(top, "profile", tuple(Profile)),
        abi=_choice(top, "abi", ABI_CHOICES),
        gateway=_text(top, "gateway"),
        toolchain={name: node.text() for name, node in _section(top, "toolchain", TOOLS).items()},
        out_file=_text(build, "out_file"),
        tags=_texts(build, "tags"),
        flags=_texts(build, "flags"),
        engine=_choice(run, "engine", ENGINES),
        bind=_text(run, "bind"),
        port=_port(run, "port"),
        admin_port=_port(run, "admin_port"),
        upstream=_text(run, "upstream"),
        upstream_port=_port(run, "upstream_port"),
        config=_text(run, "config"),
        services={name: node.text() for name, node in run["services"].mapping().items()} if "services" in run else None,
        verify=tuple(read_scenario(item) for item in top["verify"].items()) if "verify" in top else None,
    )


def _section(entries: Mapping[str, Node], key: str, known: tuple[str, ...]) -> Mapping[str, Node]:
    return entries[key].mapping(known) if key in entries else {}


def _text(entries: Mapping[str, Node], key: str) -> str | None:
    return entries[key].text() if key in entries else None


def _texts(entries: Mapping[str, Node], key: str) -> tuple[str, ...] | None:
    return entries[key].texts() if key in entries else None


def _choice(entries: Mapping[str, Node], key: str, choices: tuple[str, ...]) -> str | None:
    return entries[key].choice(choices) if key in entries else None


def _port(entries: Mapping[str, Node], key: str) -> int | None:
    return entries[key].integer(least=0, most=_HIGHEST_PORT) if key in entries else None
