"""The proxy-wasm ABI that a module is for, which only its marker export reveals."""

from dataclasses import dataclass
from typing import Final

from higress_cli.abi import Abi
from higress_cli.wasm.module import Module

MARKER: Final = "proxy_abi_version_"
# Markers that hosts know in addition to those that the SDK exports (proxy-wasm-cpp-host, bytecode_util.cc).
_VERSIONS: Final[dict[str, str]] = {
    "proxy_abi_version_0_1_0": "0.1.0",
    "proxy_abi_version_0_2_1": Abi.V0_2_1,
    **{abi.marker: abi for abi in Abi},
}


@dataclass(frozen=True, kw_only=True)
class DeclaredAbi:
    """The ABI markers of a module. `export` is the first, which is the one that a host uses.

    `version` is None if no host knows that marker. `markers` are all of them; a valid module has exactly one.
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
