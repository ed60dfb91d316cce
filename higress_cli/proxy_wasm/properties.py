"""What a plugin finds under the paths of get_property (Envoy, Context::findValue, and Higress's additions)."""

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calling import GuestApi
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel, MapType
from higress_cli.proxy_wasm.headers import HeaderMap

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.context import StreamContext

Value = str | bytes | bool | int | Mapping[str, "Value"] | None

_LIMITS: Final = {b"set_decoder_buffer_limit": "decoder", b"set_encoder_buffer_limit": "encoder"}
_REBUILD: Final = b"wasm_need_rebuild"
_INBOUND: Final = 1


def get(guest: GuestApi, path: bytes) -> bytes | None:
    """The property's serialised value, None where there is none. A NUL divides segments, and may stand last."""
    segments = path.removesuffix(b"\0").split(b"\0")
    context = guest.context
    if context is not None:
        given = context.facts.properties.get(b".".join(segments).decode("utf-8", "replace"))
        if given is not None:
            return given
    name = segments[0].decode("utf-8", "replace")
    find = _OF_PLUGIN.get(name)
    if find is not None:
        value = find(guest)
    elif context is None:
        return None
    elif name in _OF_STREAM:
        value = _OF_STREAM[name](context)
    else:
        # set_property stores a path as a whole, but only a path of one segment finds it again (Envoy, findValue).
        return context.state.get(segments[0]) if len(segments) == 1 else None
    for segment in segments[1:]:
        if not isinstance(value, Mapping):
            return None
        value = value.get(segment.decode("utf-8", "replace"))
    return _serialise(value)


def set_value(guest: GuestApi, path: bytes, value: bytes) -> AbiStatus:
    """Store a property of the stream; some of Higress's act at once."""
    context = guest.context
    if context is None:
        return AbiStatus.NOT_FOUND
    key = path.removesuffix(b"\0")
    if key in _LIMITS:
        try:
            context.control.set_limit(_LIMITS[key], int(value))
        except ValueError:
            guest.log(LogLevel.WARN, key + b" is not a number: " + value)
    elif key == _REBUILD:
        guest.rebuild_wanted = value == b"true"
    context.state[key] = value
    return AbiStatus.OK


def property_bytes(value: str | int | bool) -> bytes:  # noqa: FBT001 -- a value among others
    """A value in the form in which a plugin gets it."""
    return _serialise(value) or b""


def _serialise(value: Value) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, int):
        return struct.pack("<q", value)
    return pairs.encode((key.encode(), _serialise(inner) or b"") for key, inner in value.items() if inner is not None)


# Values -------------------------------------------------------------------------------------------------------


def _headers(found: HeaderMap | None) -> Mapping[str, Value]:
    return {name.decode("latin-1"): value for name, value in found or ()}


def _request(context: "StreamContext") -> Value:
    headers = context.readable(MapType.REQUEST_HEADERS)
    if headers is None:
        return {"protocol": context.facts.protocol, "time": context.facts.start_nanoseconds}
    path = (headers.get(b":path") or b"").decode("latin-1")
    parts = urlsplit(path)
    return {
        "path": path,
        "url_path": parts.path,
        "query": parts.query,
        "host": headers.get(b":authority"),
        "scheme": headers.get(b":scheme"),
        "method": headers.get(b":method"),
        "referer": headers.get(b"referer"),
        "useragent": headers.get(b"user-agent"),
        "id": headers.get(b"x-request-id"),
        "time": context.facts.start_nanoseconds,
        "protocol": context.facts.protocol,
        "headers": _headers(headers),
        "size": int(headers.get(b"content-length") or 0),
        "total_size": headers.size,
    }


def _response(context: "StreamContext") -> Value:
    headers = context.readable(MapType.RESPONSE_HEADERS)
    details = context.facts.response_details or None
    if headers is None:
        return {"code_details": details}
    status = headers.get(b":status") or b""
    return {
        "code": int(status[:9]) if status.isdigit() else None,
        "code_details": details,
        "flags": 0,
        "headers": _headers(headers),
        "trailers": _headers(context.readable(MapType.RESPONSE_TRAILERS)),
        "size": int(headers.get(b"content-length") or 0),
        "total_size": headers.size,
    }


def _address(of: tuple[str, int] | None) -> Value:
    if of is None:
        return None
    host = f"[{of[0]}]" if ":" in of[0] else of[0]
    return {"address": f"{host}:{of[1]}", "port": of[1]}


_OF_STREAM: Final[dict[str, Callable[["StreamContext"], Value]]] = {
    "request": _request,
    "response": _response,
    "source": lambda context: _address(context.facts.source),
    "destination": lambda context: _address(context.facts.destination),
    "upstream": lambda context: _address(context.facts.upstream),
    "connection": lambda context: {"id": context.facts.connection_id, "mtls": False},
    "connection_id": lambda context: context.facts.connection_id,
    "route_name": lambda context: context.facts.route_name,
    "cluster_name": lambda context: context.facts.cluster_name,
    "xds": lambda context: {
        "route_name": context.facts.route_name,
        "cluster_name": context.facts.cluster_name,
    },
    "metadata": lambda _context: b"",
    "route_metadata": lambda _context: b"",
    "cluster_metadata": lambda _context: b"",
    "upstream_host_metadata": lambda _context: None,
    "filter_state": lambda context: {
        f"wasm.{key.decode('utf-8', 'replace')}": value for key, value in context.state.items()
    },
}
_OF_PLUGIN: Final[dict[str, Callable[[GuestApi], Value]]] = {
    "plugin_name": lambda guest: guest.settings.plugin_name,
    "plugin_root_id": lambda guest: guest.settings.root_id,
    "plugin_vm_id": lambda guest: guest.settings.vm_id,
    "plugin_vm_memory": lambda guest: guest.vm.memory_bytes,
    "node": lambda _guest: {"id": "hgw", "cluster": "hgw"},
    "listener_direction": lambda _guest: _INBOUND,
    "listener_metadata": lambda _guest: b"",
}
