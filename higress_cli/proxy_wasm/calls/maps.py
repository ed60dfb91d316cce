"""Headers, trailers and bodies."""

from typing import TYPE_CHECKING, Final

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calls.table import Table
from higress_cli.proxy_wasm.enums import BufferType, MapType, Status
from higress_cli.proxy_wasm.headers import HeaderMap

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.guest import Guest

FUNCTIONS: Final = Table()


def _readable(guest: "Guest", kind: int) -> HeaderMap | None:
    if kind == MapType.CALL_HEADERS:
        return guest.answer.headers
    if kind == MapType.CALL_TRAILERS:
        return guest.answer.trailers
    context = guest.context
    return context.readable(MapType(kind)) if context and kind <= MapType.CALL_TRAILERS else None


def _writable(guest: "Guest", kind: int) -> HeaderMap | None:
    context = guest.context
    return context.writable(MapType(kind)) if context and kind <= MapType.CALL_TRAILERS else None


@FUNCTIONS.add("proxy_get_header_map_value", "iiiii")
def get_value(guest: "Guest", kind: int, key_at: int, key_size: int, pointer_at: int, size_at: int) -> int:
    found = _readable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    value = found.get(guest.vm.read(key_at, key_size))
    if value is None:
        return Status.NOT_FOUND
    guest.give(value, pointer_at, size_at)
    return Status.OK


@FUNCTIONS.add("proxy_add_header_map_value", "iiiii")
def add_value(guest: "Guest", kind: int, key_at: int, key_size: int, value_at: int, value_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    found.add(guest.vm.read(key_at, key_size), guest.vm.read(value_at, value_size))
    return Status.OK


@FUNCTIONS.add("proxy_replace_header_map_value", "iiiii")
def replace_value(guest: "Guest", kind: int, key_at: int, key_size: int, value_at: int, value_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    found.replace(guest.vm.read(key_at, key_size), guest.vm.read(value_at, value_size))
    return Status.OK


@FUNCTIONS.add("proxy_remove_header_map_value", "iii")
def remove_value(guest: "Guest", kind: int, key_at: int, key_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    found.remove(guest.vm.read(key_at, key_size))
    return Status.OK


@FUNCTIONS.add("proxy_get_header_map_pairs", "iii")
def get_pairs(guest: "Guest", kind: int, pointer_at: int, size_at: int) -> int:
    if kind > MapType.CALL_TRAILERS:
        return Status.BAD_ARGUMENT
    # A map that is out of reach reads as an empty one (Envoy, Context::getHeaderMapPairs).
    guest.give(pairs.encode(_readable(guest, kind) or ()), pointer_at, size_at)
    return Status.OK


@FUNCTIONS.add("proxy_set_header_map_pairs", "iii")
def set_pairs(guest: "Guest", kind: int, at: int, size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    found.replace_all(pairs.decode(guest.vm.read(at, size)))
    return Status.OK


@FUNCTIONS.add("proxy_get_header_map_size", "ii")
def get_size(guest: "Guest", kind: int, size_at: int) -> int:
    found = _readable(guest, kind)
    if found is None:
        return Status.BAD_ARGUMENT
    guest.vm.write_u32(size_at, found.size)
    return Status.OK


def _buffer(guest: "Guest", kind: int) -> bytes | bytearray | None:
    """What a buffer function reads; None is NotFound, as opposed to a body that there is none of."""
    context = guest.context
    if kind == BufferType.REQUEST_BODY and context:
        return context.request.body or b""
    if kind == BufferType.RESPONSE_BODY and context:
        return context.response.body or b""
    others = {
        BufferType.CALL_BODY: guest.answer.body,
        BufferType.VM_CONFIGURATION: guest.settings.vm_configuration,
        BufferType.PLUGIN_CONFIGURATION: guest.configuration,
        BufferType.CALL_DATA: b"",
        BufferType.REDIS_REPLY: guest.answer.redis,
    }
    return others.get(BufferType(kind))


@FUNCTIONS.add("proxy_get_buffer_bytes", "iiiii")
def get_buffer(guest: "Guest", kind: int, start: int, most: int, pointer_at: int, size_at: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return Status.BAD_ARGUMENT
    content = _buffer(guest, kind)
    if content is None:
        return Status.NOT_FOUND
    guest.give(bytes(content[start : start + most]), pointer_at, size_at)
    return Status.OK


@FUNCTIONS.add("proxy_get_buffer_status", "iii")
def get_buffer_status(guest: "Guest", kind: int, size_at: int, flags_at: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return Status.BAD_ARGUMENT
    content = _buffer(guest, kind)
    if content is None:
        return Status.NOT_FOUND
    guest.vm.write_u32(size_at, len(content))
    guest.vm.write_u32(flags_at, 0)
    return Status.OK


@FUNCTIONS.add("proxy_set_buffer_bytes", "iiiii")
def set_buffer(guest: "Guest", kind: int, start: int, size: int, at: int, count: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return Status.BAD_ARGUMENT
    content = guest.vm.read(at, count)
    context = guest.context
    if kind == BufferType.REQUEST_BODY and context:
        body = context.request.body
    elif kind == BufferType.RESPONSE_BODY and context:
        body = context.response.body
    else:
        return Status.BAD_ARGUMENT if _buffer(guest, kind) is not None else Status.NOT_FOUND
    if body is None:
        return Status.BAD_ARGUMENT
    if start == 0:
        # Nothing to replace puts it in front.
        body[:size] = content
        return Status.OK
    if start >= len(body):
        body += content
        return Status.OK
    return Status.BAD_ARGUMENT
