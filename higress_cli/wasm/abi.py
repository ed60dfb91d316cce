"""Which proxy-wasm ABI a module is for: its marker export says so, and nothing else does."""

from dataclasses import dataclass
from typing import Final

from higress_cli.abi import Abi
from higress_cli.wasm.module import Module

MARKER: Final = "proxy_abi_version_"
# Markers that hosts know beside those that the SDK gives a module (proxy-wasm-cpp-host, bytecode_util.cc).
_VERSIONS: Final[dict[str, str]] = {
    "proxy_abi_version_0_1_0": "0.1.0",
    "proxy_abi_version_0_2_1": Abi.V0_2_1,
    **{abi.marker: abi for abi in Abi},
}


@dataclass(frozen=True, kw_only=True)
class DeclaredAbi:
    """`export` is the marker that a host goes by: the first one. `version` None: a marker that no host knows.

    `markers` are all of them; a sound module has exactly one.
    """

    export: str | None
    version: str | None
    markers: tuple[str, ...]


def abi_of(module: Module) -> DeclaredAbi:
    """The ABI that `module` declares."""
    markers = tuple(
        export.name for export in module.exports if export.kind == "function" and export.name.startswith(MARKER)
    )
    first = markers[0] if markers else None
    return DeclaredAbi(export=first, version=_VERSIONS.get(first) if first else None, markers=markers)
