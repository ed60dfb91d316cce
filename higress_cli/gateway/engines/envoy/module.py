"""The form in which upstream's Envoy takes a module."""

from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.contract import Renamed
from higress_cli.gateway.plugin import Plugin
from higress_cli.wasm.rewrite import rename_export

MARKER: Final = "proxy_abi_version_0_2_1"
"""The newest marker that upstream's Envoy knows (proxy-wasm-cpp-host, src/bytecode_util.cc)."""


@dataclass(frozen=True, kw_only=True)
class EnvoyModule:
    """What Envoy loads; `renamed` None: the bytes are the file's."""

    content: bytes
    renamed: Renamed | None


def for_envoy(plugin: Plugin) -> EnvoyModule:
    """The module's bytes for upstream's Envoy, which refuses the marker of 0.2.100 and nothing else about it."""
    marker = plugin.abi.export
    if marker is None or not plugin.stops_on_headers:
        return EnvoyModule(content=plugin.content, renamed=None)
    return EnvoyModule(content=rename_export(plugin.content, marker, MARKER), renamed=Renamed(old=marker, new=MARKER))
