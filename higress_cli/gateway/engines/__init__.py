"""The engines by name, in the order in which `auto` tries them. Each is a folder, imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from higress_cli.gateway.contract import Engine

TABLE: Final[dict[str, str]] = {
    "envoy": "higress_cli.gateway.engines.envoy.engine",
    "builtin": "higress_cli.gateway.engines.builtin.engine",
    "docker": "higress_cli.gateway.engines.docker.engine",
}
"""A name, and the module whose `ENGINE` it is."""


_ONLY_BY_NAME: Final = frozenset({"docker"})
"""Engines that `auto` leaves alone: they download much, and take seconds for a start."""


def in_auto() -> tuple[str, ...]:
    """The engines that `auto` tries, in order."""
    return tuple(name for name in TABLE if name not in _ONLY_BY_NAME)


def engine(name: str) -> "Engine | None":
    """The engine of this name, None where this version of hgw has none."""
    module = TABLE.get(name)
    return cast("Engine", import_module(module).ENGINE) if module else None
