"""The configuration of a plugin in a file for a gateway, and how such a file names the plugin that it is for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from higress_cli.digest import Sha256
from higress_cli.document import JsonObject
from higress_cli.fault import Fault

RULES: Final = "_rules_"
"""The key under which a plugin gets the configurations of single routes, domains and services."""
_MODULE_NAMES: Final = frozenset({"main.wasm", "plugin.wasm"})


@dataclass(frozen=True, kw_only=True)
class Written:
    """What one resource or one filter configures; `place` is FILE:LINE:COLUMN.

    `values` is the configuration that holds everywhere, None if there is none to compare; `rules` are those of a
    resource's `matchRules`, in the form in which the plugin gets them. `owner` names another plugin that it is for,
    None if it is for this one.
    """

    place: str
    values: JsonObject | None
    rules: tuple[Any, ...] = ()
    owner: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PluginNames:
    """How files for a gateway may name the plugin of a folder.

    `names` are those of the plugin, its folder and its Go module; `modules` are the file names of its module, and
    `mounts` maps the names that files have in a container to those that they have on the machine. `digests` are the
    SHA-256 digests of the modules that are there, each with the module's file name.
    """

    names: frozenset[str]
    modules: frozenset[str] = _MODULE_NAMES
    mounts: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[Sha256, str] = field(default_factory=dict)

    def include(self, candidate: str) -> bool:
        """Whether a name is one of the plugin's, with or without a version behind it."""
        return any(
            re.fullmatch(rf"{re.escape(_plain(name))}(?:[-.@:]v?\d.*|\.internal)?", _plain(candidate))
            for name in self.names
            if name
        )

    def stranger_in(self, candidates: Iterable[str]) -> str | None:
        """The first of some names if none of them is the plugin's; None if one is, or if there are no names."""
        named = [candidate for candidate in candidates if candidate]
        return named[0] if named and not any(self.include(candidate) for candidate in named) else None

    def is_own_module(self, file_name: str) -> bool:
        """Whether a file of this name in a container is the plugin's module."""
        return self.mounts.get(file_name, file_name) in self.modules or self.include(file_name.removesuffix(".wasm"))

    def is_general(self, file_name: str) -> bool:
        """Whether the module of any plugin may be called so."""
        return file_name in _MODULE_NAMES


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
