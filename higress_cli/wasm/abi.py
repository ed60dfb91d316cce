"""Which proxy-wasm ABI a module is for: its marker export says so, and nothing else does."""

from dataclasses import dataclass
from typing import Final

from higress_cli.wasm.module import Module

MARKER: Final = "proxy_abi_version_"
# The SDK's "0.2.1" modules carry the marker of 0.2.0; hosts treat both alike (proxy-wasm-cpp-host, bytecode_util.cc).
_VERSIONS: Final = {
    "proxy_abi_version_0_1_0": "0.1.0",
    "proxy_abi_version_0_2_0": "0.2.1",
    "proxy_abi_version_0_2_1": "0.2.1",
    "proxy_abi_version_0_2_100": "0.2.100",
}
EXPORT_OF_ABI: Final = {"0.2.1": "proxy_abi_version_0_2_0", "0.2.100": "proxy_abi_version_0_2_100"}
"""The marker that the SDK gives a module of each ABI."""


@dataclass(frozen=True, kw_only=True)
class Abi:
    """`export` is the marker that a host goes by: the first one. `version` None: a marker that no host knows.

    `markers` are all of them; a sound module has exactly one.
    """

    export: str | None
    version: str | None
    markers: tuple[str, ...]


def abi_of(module: Module) -> Abi:
    """The ABI that `module` declares."""
    markers = tuple(
        export.name for export in module.exports if export.kind == "function" and export.name.startswith(MARKER)
    )
    first = markers[0] if markers else None
    return Abi(export=first, version=_VERSIONS.get(first) if first else None, markers=markers)
