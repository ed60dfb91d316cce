"""A request and its answer on their way through the plugin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from higress_cli.proxy_wasm.context import Side, StreamContext
from higress_cli.proxy_wasm.direction import Direction, Outlet
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.pairs import Pair

CRASH_DETAILS: Final = "wasm_fail_stream"
"""Envoy's response code details for an answer in place of a crashed plugin's."""
_UNAVAILABLE: Final = 503
# Envoy's words: source/common/http/filter_manager.cc, requestDataTooLarge and responseDataTooLarge.
REQUEST_TOO_LARGE_DETAILS: Final = "request_payload_too_large"
RESPONSE_TOO_LARGE_DETAILS: Final = "response_payload_too_large"
_REQUEST_TOO_LARGE: Final = (413, REQUEST_TOO_LARGE_DETAILS, b"Payload Too Large")
_RESPONSE_TOO_LARGE: Final = (500, RESPONSE_TOO_LARGE_DETAILS, b"Internal Server Error")
NO_STATUS_DETAILS: Final = "filter_removed_required_response_headers"
_NO_STATUS: Final = (502, NO_STATUS_DETAILS, b"missing required header: :status")


class Sink(Protocol):
    """Where the two directions lead; nothing here may call back into the stream before it returns."""

    def request_headers(self, headers: HeaderMap, *, end: bool) -> None: ...
    def request_data(self, data: bytes, *, end: bool) -> None: ...
    def request_trailers(self, trailers: HeaderMap) -> None: ...
    def response_headers(self, headers: HeaderMap, *, end: bool) -> None: ...
    def response_data(self, data: bytes, *, end: bool) -> None: ...
    def response_trailers(self, trailers: HeaderMap) -> None: ...
    def reset(self, details: str) -> None:
        """Drop the connection to the client, because the answer cannot be completed."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Where a stream waits for its plugin: in `phase`, after `value` was returned there."""

    phase: str
    value: int


@dataclass(frozen=True)
class _Reply:
    status: int
    details: str
    body: bytes = b""
    headers: tuple[Pair, ...] = ()


class Stream:
    """The owner calls the `on_...` methods in the order in which things happen on the wire, then `close`."""

    def __init__(self, sink: Sink, *, limit: int, deferred: Callable[[Callable[[], None]], None]) -> None:
        """`deferred` runs an action when the call into the plugin that is running has ended."""
        self._sink = sink
        self._deferred = deferred
        self._limit = limit
        self._context: StreamContext | None = None
        self._busy = 0
        self._reply: _Reply | None = None
        self.closed = False
        self.local_details: str | None = None
        """The details of a local answer, None while there is none."""

    def attach(self, context: StreamContext) -> None:
        """Give the stream its context, before anything else."""
        self._context = context
        sink = self._sink
        upstream = Outlet(
            headers=sink.request_headers,
            data=sink.request_data,
            trailers=sink.request_trailers,
            too_large=lambda: self._send(_Reply(*_REQUEST_TOO_LARGE)),
        )
        downstream = Outlet(
            headers=self._answer_headers,
            data=sink.response_data,
            trailers=sink.response_trailers,
            too_large=lambda: self._send(_Reply(*_RESPONSE_TOO_LARGE)),
        )
        self.request = Direction(context.request, upstream, limit=self._limit)
        self.response = Direction(context.response, downstream, limit=self._limit)
        _connect(context.request, self.request, "request_trailers")
        _connect(context.response, self.response, "response_trailers")

    @property
    def context(self) -> StreamContext:
        assert self._context is not None, "attach comes first"  # noqa: S101 -- an invariant of this file
        return self._context

    @property
    def pause(self) -> Pause | None:
        """Where the stream waits for its plugin, None where it does not."""
        for direction, prefix in ((self.response, "response"), (self.request, "request")):
            if direction.paused:
                acted = [entry for entry in self.context.acted if entry.phase.startswith(prefix)]
                if acted:
                    return Pause(phase=acted[-1].phase, value=acted[-1].value)
        return None

    # From the wire --------------------------------------------------------------------------------------------

    def on_request_headers(self, pairs: Iterable[Pair], *, end: bool) -> None:
        headers = HeaderMap("request", pairs)
        self._enter(lambda: self.request.on_headers(headers, end=end))

    def on_request_data(self, chunk: bytes, *, end: bool) -> None:
        buffering = self.context.request.buffering
        self._enter(lambda: self.request.on_data(chunk, end=end, buffering=buffering))

    def on_request_trailers(self, pairs: Iterable[Pair]) -> None:
        trailers = HeaderMap("request_trailers", pairs)
        self._enter(lambda: self.request.on_trailers(trailers))

    def on_response_headers(self, pairs: Iterable[Pair], *, end: bool) -> None:
        if self.local_details is None:
            headers = HeaderMap("response", pairs)
            self._enter(lambda: self.response.on_headers(headers, end=end))

    def on_response_data(self, chunk: bytes, *, end: bool) -> None:
        if self.local_details is None:
            buffering = self.context.response.buffering
            self._enter(lambda: self.response.on_data(chunk, end=end, buffering=buffering))

    def on_response_trailers(self, pairs: Iterable[Pair]) -> None:
        if self.local_details is None:
            trailers = HeaderMap("response_trailers", pairs)
            self._enter(lambda: self.response.on_trailers(trailers))

    def answer(self, status: int, text: str, *, details: str) -> None:
        """Answer in place of an upstream that is down or too slow; the plugin sees this answer."""
        self._send(_Reply(status, details, text.encode()))

    def cut_off(self, details: str) -> None:
        """The upstream's answer ends before it is complete."""
        self._reset(details)

    def close(self) -> None:
        """The stream is over, one way or the other: the plugin's last callbacks."""
        if self.closed:
            return
        self.closed = True
        self.request.aborted = self.response.aborted = True
        trailers = self.response.trailers
        self.context.finish(request=self.request.headers, response=self.response.headers, trailers=trailers)

    def fail(self) -> None:
        """The plugin's VM crashed: answer 503 if that is still possible, else reset."""
        if not self.closed and self.local_details != CRASH_DETAILS:
            self._send(_Reply(_UNAVAILABLE, CRASH_DETAILS))

    # From the plugin (context.Control) ------------------------------------------------------------------------

    def resume_request(self) -> None:
        self._deferred(lambda: self._enter(self.request.resume))

    def resume_response(self) -> None:
        self._deferred(lambda: self._enter(self.response.resume))

    def reply(self, status: int, *, body: bytes, headers: list[Pair], details: str) -> None:
        answer = _Reply(status, details, body, tuple(headers))
        self._deferred(lambda: self._send(answer))

    def reset(self) -> None:
        self._deferred(lambda: self._reset(CRASH_DETAILS))

    def inject(self, data: bytes, *, end: bool) -> None:
        self._deferred(lambda: self._enter(lambda: self.response.inject(data, end=end)))

    def set_limit(self, side: str, limit: int) -> None:
        (self.request if side == "decoder" else self.response).limit = limit

    def _enter(self, action: Callable[[], None]) -> None:
        """Run one step; a local answer requested in it is sent when the step has ended."""
        if self.closed:
            return
        self._busy += 1
        try:
            action()
        finally:
            self._busy -= 1
        if not self._busy and self._reply is not None:
            answer, self._reply = self._reply, None
            self._begin(answer)

    def _send(self, answer: _Reply) -> None:
        """Send a local answer. A second one is ignored, unless it reports a crash."""
        if self.closed or (self.local_details is not None and answer.details != CRASH_DETAILS):
            return
        if self.response.headers is None:
            self.local_details = answer.details
            self.request.aborted = True
            if self._busy:
                self._reply = answer
            else:
                self._begin(answer)
        elif not self.response.headers_sent:
            self._send_past_plugin(answer)
        else:
            self._reset(answer.details)

    def _send_past_plugin(self, answer: _Reply) -> None:
        """Answer where the plugin has seen response headers already."""
        self.local_details = answer.details
        self.request.aborted = self.response.aborted = True
        headers = _reply_headers(answer)
        self.response.headers = headers
        self.response.headers_sent = True
        end = not answer.body or self._is_head
        self._sink.response_headers(headers, end=end)
        if not end:
            self._sink.response_data(answer.body, end=True)

    def _answer_headers(self, headers: HeaderMap, *, end: bool) -> None:
        if (headers.get(b":status") or b"").isdigit():
            self._sink.response_headers(headers, end=end)
        else:
            self._send_past_plugin(_Reply(*_NO_STATUS))

    def _begin(self, answer: _Reply) -> None:
        """Send an answer through the plugin's response callbacks."""
        headers = _reply_headers(answer)
        end = not answer.body or self._is_head

        def step() -> None:
            self.response.on_headers(headers, end=end)
            if not end:
                self.response.on_data(answer.body, end=True, buffering=False)

        self._enter(step)

    @property
    def _is_head(self) -> bool:
        return self.request.headers is not None and self.request.headers.get(b":method") == b"HEAD"

    def _reset(self, details: str) -> None:
        if self.closed:
            return
        self.local_details = details
        self.request.aborted = self.response.aborted = True
        self._sink.reset(details)


def _connect(side: Side, direction: Direction, kind: Literal["request_trailers", "response_trailers"]) -> None:
    """Let the plugin reach what the gateway holds of one direction."""

    def add_trailers() -> HeaderMap:
        added = HeaderMap(kind)
        direction.add_trailers(added)
        side.trailers = added
        return added

    side.buffered = lambda: direction.buffered
    side.add_trailers = add_trailers


def _reply_headers(answer: _Reply) -> HeaderMap:
    """The headers of a local answer (Envoy, Http::Utility::prepareLocalReply)."""
    plain = (pair for pair in answer.headers if not pair[0].startswith(b":"))
    headers = HeaderMap("response", [(b":status", str(answer.status).encode()), *plain])
    if answer.body:
        headers.replace(b"content-length", str(len(answer.body)).encode())
        if headers.get(b"content-type") is None:
            headers.add(b"content-type", b"text/plain")
    else:
        headers.remove(b"content-length")
        headers.remove(b"content-type")
    return headers
