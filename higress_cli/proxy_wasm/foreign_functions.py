"""Functions by name: Envoy's that matter to a plugin, and those that Higress adds."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel
from higress_cli.proxy_wasm.guest_api import GuestApi

_BODY_FIELD: Final = 0x0A
_END_FIELD: Final = 0x10
# Envoy has them, and no plugin of Higress's is known to call one.
_MISSING: Final = frozenset(
    {"expr_create", "expr_evaluate", "expr_delete", "verify_signature", "sign", "set_envoy_filter_state"}
)

Result = tuple[AbiStatus, bytes]


def call(guest: GuestApi, name: str, argument: bytes) -> Result:
    """Status and result of the function `name`; NOT_FOUND for an unknown one."""
    function = _FUNCTIONS.get(name)
    if function is not None:
        return function(guest, argument)
    if name in _MISSING:
        text = f"the foreign function {name} is not part of this gateway (hgw's engine builtin): NotFound"
        guest.log(LogLevel.ERROR, text.encode())
    return AbiStatus.NOT_FOUND, b""


def _get_log_level(guest: GuestApi, _argument: bytes) -> Result:
    return AbiStatus.OK, struct.pack("<I", guest.settings.log_level)


def _nothing(_guest: GuestApi, _argument: bytes) -> Result:
    return AbiStatus.OK, b""


def _compress(_guest: GuestApi, argument: bytes) -> Result:
    return AbiStatus.OK, zlib.compress(argument)


def _uncompress(_guest: GuestApi, argument: bytes) -> Result:
    try:
        return AbiStatus.OK, zlib.decompress(argument)
    except zlib.error:
        return AbiStatus.SERIALIZATION_FAILURE, b""


def _inject(guest: GuestApi, argument: bytes) -> Result:
    """The argument is the message of wasm-go's pkg/protos/inject_encoded_data.proto: body, and whether it ends."""
    message = _read_inject(argument)
    if message is None:
        return AbiStatus.PARSE_FAILURE, b""
    if guest.context is None:
        return AbiStatus.BAD_ARGUMENT, b""
    guest.context.control.inject(message[0], end=message[1])
    return AbiStatus.OK, b""


def _read_inject(argument: bytes) -> tuple[bytes, bool] | None:
    body, end, position = b"", False, 0
    try:
        while position < len(argument):
            field = argument[position]
            value, position = _varint(argument, position + 1)
            if field == _BODY_FIELD:
                body, position = argument[position : position + value], position + value
            elif field == _END_FIELD:
                end = bool(value)
            else:
                return None
    except IndexError:
        return None
    return (body, end) if position == len(argument) else None


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        value |= (byte & 0x7F) << shift
        shift, position = shift + 7, position + 1
        if byte < 0x80:  # noqa: PLR2004 -- the bit that says that more follows
            return value, position


_FUNCTIONS: Final[dict[str, Callable[[GuestApi, bytes], Result]]] = {
    "get_log_level": _get_log_level,
    "compress": _compress,
    "uncompress": _uncompress,
    "clear_route_cache": _nothing,
    "declare_property": _nothing,
    "set_global_max_requests_per_io_cycle": _nothing,
    "inject_encoded_data_to_filter_chain": _inject,
    "inject_encoded_data_to_filter_chain_on_header": _inject,
}
