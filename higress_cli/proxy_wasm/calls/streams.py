"""What a plugin does to its stream: answer, resume, close, inject, choose a host."""

from typing import Final

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calls.table import SINCE_0_2_0, V0_1_0, Table
from higress_cli.proxy_wasm.enums import AbiStatus, StreamType
from higress_cli.proxy_wasm.guest_api import GuestApi

FUNCTIONS: Final = Table()


@FUNCTIONS.add("proxy_send_local_response", "iiiiiiii")
def send_local_response(
    guest: GuestApi,
    status: int,
    details_at: int,
    details_size: int,
    body_at: int,
    body_size: int,
    headers_at: int,
    headers_size: int,
    _grpc_status: int,
) -> int:
    vm = guest.vm
    details = vm.read(details_at, details_size).decode("utf-8", "replace")
    body = vm.read(body_at, body_size)
    headers = pairs.decode(vm.read(headers_at, headers_size))
    context = guest.context
    if context is not None:
        context.replied = True
        if not context.reply_sent:
            context.reply_sent = True
            context.control.reply(status, body=body, headers=headers, details=details)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_continue_stream", "i", markers=SINCE_0_2_0)
def continue_stream(guest: GuestApi, kind: int) -> int:
    if kind not in {StreamType.REQUEST, StreamType.RESPONSE}:
        return AbiStatus.BAD_ARGUMENT
    context = guest.context
    if context is not None:
        if kind == StreamType.REQUEST:
            context.control.resume_request()
        else:
            context.control.resume_response()
        # Envoy clears these for either direction (Context::continueStream).
        context.request.forget()
    return AbiStatus.OK


@FUNCTIONS.add("proxy_continue_request", "", markers=V0_1_0)
def continue_request(guest: GuestApi) -> int:
    return continue_stream(guest, StreamType.REQUEST)


@FUNCTIONS.add("proxy_continue_response", "", markers=V0_1_0)
def continue_response(guest: GuestApi) -> int:
    return continue_stream(guest, StreamType.RESPONSE)


@FUNCTIONS.add("proxy_close_stream", "i", markers=SINCE_0_2_0)
def close_stream(guest: GuestApi, kind: int) -> int:
    if kind > StreamType.UPSTREAM:
        return AbiStatus.BAD_ARGUMENT
    context = guest.context
    if context is not None and kind in {StreamType.REQUEST, StreamType.RESPONSE}:
        context.control.reset()
    return AbiStatus.OK


@FUNCTIONS.add("proxy_clear_route_cache", "", markers=V0_1_0)
def clear_route_cache(_guest: GuestApi) -> int:
    # There is one route.
    return AbiStatus.OK


@FUNCTIONS.add("proxy_inject_encoded_data_to_filter_chain", "iii")
def inject_encoded_data(guest: GuestApi, at: int, size: int, end: int) -> int:
    context = guest.context
    data = guest.vm.read(at, size)
    if context is None:
        return AbiStatus.BAD_ARGUMENT
    context.control.inject(data, end=bool(end))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_upstream_hosts", "ii")
def get_upstream_hosts(guest: GuestApi, pointer_at: int, size_at: int) -> int:
    context = guest.context
    if context is None:
        return AbiStatus.BAD_ARGUMENT
    guest.give(pairs.encode(context.facts.upstream_hosts), pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_upstream_override_host", "ii")
def set_upstream_override_host(guest: GuestApi, at: int, size: int) -> int:
    context = guest.context
    address = guest.vm.read(at, size).decode("utf-8", "replace")
    if context is None or not address:
        return AbiStatus.BAD_ARGUMENT
    context.progress.override_host = address
    return AbiStatus.OK
