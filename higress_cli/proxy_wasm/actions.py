"""What a gateway does with the number that a callback returns."""

from typing import Final

from higress_cli.proxy_wasm.enums import DataAction, HeadersAction, TrailersAction

_BIT_32: Final = 1 << 32


def headers_action(value: int, *, stops_on_headers: bool, replied: bool) -> HeadersAction:
    """The action for what a header callback returned.

    `stops_on_headers` says that the module's ABI is 0.2.100: before it, StopIteration stops the body too. `replied`
    says that a local response was sent in this call. CONTINUE_AND_END_STREAM lets the stream go on like CONTINUE: no
    gateway ends it (proxy-wasm-cpp-host, convertVmCallResultToFilterHeadersStatus; Envoy, convertFilterHeadersStatus).
    """
    value %= _BIT_32
    if replied or value > HeadersAction.STOP_ALL_AND_WATERMARK:
        return HeadersAction.STOP_ALL_AND_WATERMARK
    action = HeadersAction(value)
    if action is HeadersAction.STOP_ITERATION and not stops_on_headers:
        return HeadersAction.STOP_ALL_AND_WATERMARK
    return HeadersAction.CONTINUE if action is HeadersAction.CONTINUE_AND_END_STREAM else action


def data_action(value: int, *, replied: bool) -> DataAction:
    """The action for what a body callback returned."""
    value %= _BIT_32
    if replied or value > DataAction.STOP_NO_BUFFER:
        return DataAction.STOP_NO_BUFFER
    return DataAction(value)


def trailers_action(value: int, *, replied: bool) -> TrailersAction:
    """The action for what a trailer callback returned."""
    return TrailersAction.STOP if replied or value % _BIT_32 else TrailersAction.CONTINUE
