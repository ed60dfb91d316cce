"""Headers, trailers and bodies."""

from typing import Final

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calls.table import Table
from higress_cli.proxy_wasm.enums import AbiStatus, BufferType, LogLevel, MapType
from higress_cli.proxy_wasm.guest_api import GuestApi
from higress_cli.proxy_wasm.headers import HeaderMap

FUNCTIONS: Final = Table()


@FUNCTIONS.add("proxy_get_header_map_value", "iiiii")
def get_value(guest: GuestApi, kind: int, key_at: int, key_size: int, pointer_at: int, size_at: int) -> int:
    found = _readable(guest, kind)
    if found is None:
        # While the plugin logs, there may have been no response (Envoy, Context::getHeaderMapValue).
        logging = guest.context is not None and guest.context.logging
        return AbiStatus.NOT_FOUND if logging else AbiStatus.BAD_ARGUMENT
    value = found.get(guest.vm.read(key_at, key_size))
    if value is None:
        return AbiStatus.NOT_FOUND
    guest.give(value, pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_add_header_map_value", "iiiii")
def add_value(guest: GuestApi, kind: int, key_at: int, key_size: int, value_at: int, value_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return AbiStatus.BAD_ARGUMENT
    found.add(guest.vm.read(key_at, key_size), guest.vm.read(value_at, value_size))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_replace_header_map_value", "iiiii")
def replace_value(guest: GuestApi, kind: int, key_at: int, key_size: int, value_at: int, value_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return AbiStatus.BAD_ARGUMENT
    found.replace(guest.vm.read(key_at, key_size), guest.vm.read(value_at, value_size))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_remove_header_map_value", "iii")
def remove_value(guest: GuestApi, kind: int, key_at: int, key_size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return AbiStatus.BAD_ARGUMENT
    found.remove(guest.vm.read(key_at, key_size))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_header_map_pairs", "iii")
def get_pairs(guest: GuestApi, kind: int, pointer_at: int, size_at: int) -> int:
    if kind > MapType.CALL_TRAILERS:
        return AbiStatus.BAD_ARGUMENT
    # A map that is out of reach reads as an empty one (Envoy, Context::getHeaderMapPairs).
    guest.give(pairs.encode(_readable(guest, kind) or ()), pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_header_map_pairs", "iii")
def set_pairs(guest: GuestApi, kind: int, at: int, size: int) -> int:
    found = _writable(guest, kind)
    if found is None:
        return AbiStatus.BAD_ARGUMENT
    found.replace_all(pairs.decode(guest.vm.read(at, size)))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_header_map_size", "ii")
def get_size(guest: GuestApi, kind: int, size_at: int) -> int:
    found = _readable(guest, kind)
    if found is None:
        return AbiStatus.BAD_ARGUMENT
    guest.vm.write_u32(size_at, found.size)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_buffer_bytes", "iiiii")
def get_buffer(guest: GuestApi, kind: int, start: int, most: int, pointer_at: int, size_at: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return AbiStatus.BAD_ARGUMENT
    content = _buffer(guest, kind)
    if content is None:
        return AbiStatus.NOT_FOUND
    guest.give(bytes(content[start : start + most]), pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_buffer_status", "iii")
def get_buffer_status(guest: GuestApi, kind: int, size_at: int, flags_at: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return AbiStatus.BAD_ARGUMENT
    content = _buffer(guest, kind)
    if content is None:
        return AbiStatus.NOT_FOUND
    guest.vm.write_u32(size_at, len(content))
    guest.vm.write_u32(flags_at, 0)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_buffer_bytes", "iiiii")
def set_buffer(guest: GuestApi, kind: int, start: int, size: int, at: int, count: int) -> int:
    if kind > BufferType.REDIS_REPLY:
        return AbiStatus.BAD_ARGUMENT
    content = guest.vm.read(at, count)
    context = guest.context
    if kind == BufferType.REQUEST_BODY and context:
        body = context.request.body
    elif kind == BufferType.RESPONSE_BODY and context:
        body = context.response.body
    else:
        return AbiStatus.BAD_ARGUMENT if _buffer(guest, kind) is not None else AbiStatus.NOT_FOUND
    if body is None:
        return AbiStatus.BAD_ARGUMENT
    if start == 0:
        # Nothing to replace puts it in front.
        body[:size] = content
        return AbiStatus.OK
    if start >= len(body):
        body += content
        return AbiStatus.OK
    return AbiStatus.BAD_ARGUMENT


def _readable(guest: GuestApi, kind: int) -> HeaderMap | None:
    if kind == MapType.CALL_HEADERS:
        return guest.answer.headers
    if kind == MapType.CALL_TRAILERS:
        return guest.answer.trailers
    context = guest.context
    return context.readable(MapType(kind)) if context and kind <= MapType.CALL_TRAILERS else None


def _writable(guest: GuestApi, kind: int) -> HeaderMap | None:
    context = guest.context
    return context.writable(MapType(kind)) if context and kind <= MapType.CALL_TRAILERS else None


def _buffer(guest: GuestApi, kind: int) -> bytes | bytearray | None:
    """What a buffer function reads; None means NotFound, which differs from an empty body."""
    context = guest.context
    if kind == BufferType.REQUEST_BODY and context:
        return context.request.body or b""
    if kind == BufferType.RESPONSE_BODY and context:
        return context.response.body or b""
    if kind in {BufferType.DOWNSTREAM_DATA, BufferType.UPSTREAM_DATA}:
        guest.log(LogLevel.ERROR, b"the builtin engine has no TCP: NotFound")
    others = {
        BufferType.CALL_BODY: guest.answer.body,
        BufferType.VM_CONFIGURATION: guest.settings.vm_configuration,
        BufferType.PLUGIN_CONFIGURATION: guest.configuration,
        BufferType.CALL_DATA: b"",
        BufferType.REDIS_REPLY: guest.answer.redis,
    }
    return others.get(BufferType(kind))
