"""What a plugin finds under the paths of get_property (Envoy, Context::findValue, and Higress's additions)."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel, MapType
from higress_cli.proxy_wasm.guest_api import GuestApi
from higress_cli.proxy_wasm.headers import HeaderMap

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.context import StreamContext

Value = str | bytes | bool | int | Mapping[str, "Value"] | None

_LIMITS: Final = {b"set_decoder_buffer_limit": "decoder", b"set_encoder_buffer_limit": "encoder"}
_REBUILD: Final = b"wasm_need_rebuild"
_INBOUND: Final = 1
_MOST_DIGITS: Final = 18
_GRPC_UNKNOWN: Final = 2
_GRPC_OF_HTTP: Final = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}


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
    """Envoy's extensions/filters/common/expr/context.cc, RequestWrapper."""
    headers, facts, progress = context.readable(MapType.REQUEST_HEADERS), context.facts, context.progress
    always: dict[str, Value] = {
        "protocol": facts.protocol,
        "time": facts.start_nanoseconds,
        "duration": progress.nanoseconds,
        "size": progress.received_bytes,
        "total_size": progress.received_bytes,
    }
    if headers is None:
        return always
    path = (headers.get(b":path") or b"").decode("latin-1")
    before, _mark, query = path.partition("?")
    return {
        **always,
        "path": path,
        "url_path": before,
        "query": query.partition("#")[0],
        "host": headers.get(b":authority"),
        "scheme": headers.get(b":scheme"),
        "method": headers.get(b":method"),
        "referer": headers.get(b"referer"),
        "useragent": headers.get(b"user-agent"),
        "id": headers.get(b"x-request-id"),
        "headers": _headers(headers),
        "size": _announced(headers, otherwise=progress.received_bytes),
        "total_size": progress.received_bytes + headers.size,
    }


def _is_number(text: bytes) -> bool:
    """Whether it fits into 64 bits; Python refuses to read very many digits."""
    return text.isdigit() and len(text) <= _MOST_DIGITS


def _announced(headers: HeaderMap, *, otherwise: int) -> int | None:
    """What content-length says; None if it is there and says no number."""
    length = headers.get(b"content-length")
    if length is None:
        return otherwise
    return int(length) if _is_number(length) else None


def _response(context: "StreamContext") -> Value:
    """Envoy's extensions/filters/common/expr/context.cc, ResponseWrapper."""
    progress = context.progress
    headers, trailers = (context.readable(kind) for kind in (MapType.RESPONSE_HEADERS, MapType.RESPONSE_TRAILERS))
    there = [each for each in (trailers, headers) if each is not None]
    return {
        "code": progress.response_code,
        "code_details": progress.response_details or None,
        "flags": 0,
        "grpc_status": _grpc_status(there, progress.response_code),
        "headers": _headers(headers),
        "trailers": _headers(trailers),
        "size": progress.sent_bytes,
        "total_size": progress.sent_bytes + sum(each.size for each in there),
        "backend_latency": progress.upstream_nanoseconds,
    }


def _grpc_status(there: Sequence[HeaderMap], code: int | None) -> int | None:
    """The status of gRPC, also where an answer is none of it (Envoy, source/common/grpc/common.cc and status.cc)."""
    for each in there:
        status = each.get(b"grpc-status")
        if status is not None and _is_number(status):
            return int(status)
    return None if code is None else _GRPC_OF_HTTP.get(code, _GRPC_UNKNOWN)


def _address(of: tuple[str, int] | None) -> dict[str, Value] | None:
    return None if of is None else {"address": _written(of), "port": of[1]}


def _written(address: tuple[str, int]) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{host}:{address[1]}"


def _upstream(context: "StreamContext") -> Value:
    progress = context.progress
    there = _address(progress.upstream)
    if there is None or progress.upstream_local is None:
        return there
    return {**there, "local_address": _written(progress.upstream_local), "transport_failure_reason": ""}


_OF_STREAM: Final[dict[str, Callable[["StreamContext"], Value]]] = {
    "request": _request,
    "response": _response,
    "source": lambda context: _address(context.facts.source),
    "destination": lambda context: _address(context.facts.destination),
    "upstream": _upstream,
    "connection": lambda context: {
        "id": context.facts.connection_id,
        "mtls": False,
        "requested_server_name": "",
    },
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
