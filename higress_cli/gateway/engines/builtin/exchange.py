"""One request of a client and its answer, both through the plugin."""

import asyncio
import time
import traceback
import uuid
from collections.abc import Coroutine
from typing import Final

import h11

from higress_cli.gateway.engines.builtin.client import Client
from higress_cli.gateway.engines.builtin.forward import (
    NO_METHOD,
    NO_ROUTE,
    TIMEOUT,
    UPSTREAM_RESET,
    Forward,
    Way,
    cancelled,
    room,
)
from higress_cli.gateway.engines.builtin.happenings import EventQueue, now
from higress_cli.gateway.engines.builtin.wire import (
    Connection,
    announced_length,
    http_date,
    request_pairs,
    to_response,
)
from higress_cli.gateway.events import AnsweredBy, Overflow, RequestSeen, StreamEnded
from higress_cli.gateway.identity import HEADER
from higress_cli.proxy_wasm.context import StreamFacts, StreamProgress
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.pairs import Pair
from higress_cli.proxy_wasm.stream import (
    CRASH_DETAILS,
    NO_STATUS_DETAILS,
    REQUEST_TOO_LARGE_DETAILS,
    RESPONSE_TOO_LARGE_DETAILS,
    Stream,
)

_VIA_UPSTREAM: Final = "via_upstream"
_NANOSECONDS: Final = 1_000_000_000
_OVERFLOWS: Final = {
    REQUEST_TOO_LARGE_DETAILS: Overflow.REQUEST,
    RESPONSE_TOO_LARGE_DETAILS: Overflow.RESPONSE,
}
_OWN_DETAILS: Final = frozenset(
    {
        UPSTREAM_RESET,
        TIMEOUT,
        NO_ROUTE,
        NO_METHOD,
        NO_STATUS_DETAILS,
        *_OVERFLOWS,
        "http1.codec_error",
    }
)


class ProxiedRequest:
    """A request from its headers to the last callback of its stream (proxy_wasm.stream.Sink)."""

    def __init__(self, way: Way, connection: Connection, client: Client, happenings: EventQueue) -> None:
        self._way = way
        self._connection = connection
        self._client = client
        self._happenings = happenings
        self._started = time.monotonic()
        self._over = asyncio.Event()
        self._reset = False
        self._gone = False
        self._stream: Stream
        self._forward: Forward
        self._progress = StreamProgress()
        self._upstream_task: asyncio.Task[None] | None = None
        self._method = self._path = ""
        self._status: int | None = None
        self._by: AnsweredBy | None = None
        self._announced: int | None = None
        self._sent = 0

    async def run(self, request: h11.Request) -> bool:
        """Serve the request; whether the connection can take another one."""
        self._method, self._path = request.method.decode(), request.target.decode("latin-1")
        self._happenings.tell(RequestSeen(at=now(), method=self._method, path=self._path))
        if self._connection.http.they_are_waiting_for_100_continue:
            self._connection.send(h11.InformationalResponse(status_code=100, headers=[]))
        facts = StreamFacts(
            route_name=self._way.route,
            cluster_name=self._way.cluster,
            source=self._connection.peer,
            destination=self._connection.local,
            start_nanoseconds=self._way.now_nanoseconds(),
            properties=self._way.properties,
            upstream_hosts=((f"{self._way.upstream.host}:{self._way.upstream.port}".encode(), b"{}"),),
        )
        self._forward = Forward(self._way, self._client, self._happenings, is_head=self._method == "HEAD")
        self._stream = self._way.host.open_stream(facts, self._progress, sink=self)
        self._forward.attach(self._stream, self._progress, self._connection)
        feeding = self._start(self._feed(request))
        try:
            await self._over.wait()
        finally:
            await cancelled(feeding, self._upstream_task)
            self._progress.response_details = self._details
            self._progress.nanoseconds = int((time.monotonic() - self._started) * _NANOSECONDS)
            self._way.host.close_stream(self._stream)
            self._way.state.clear()
            self._way.state.update(self._stream.context.state)
            self._tell_end()
        if self._reset or self._gone:
            self._connection.abort()
            return False
        await self._connection.drain()
        return self._connection.usable

    # From the client ----------------------------------------------------------------------------------------------

    async def _feed(self, request: h11.Request) -> None:
        """Give the request to the plugin as it comes, then watch whether the client stays."""
        pairs = _with_envoys_own(request_pairs(request, scheme=b"https"))
        has_body = announced_length(request.headers) not in {None, 0} or _is_chunked(request)
        try:
            if not has_body:
                # Nothing has to be read for it, and an answer may then leave the connection open.
                await self._connection.event()
            self._stream.on_request_headers(pairs, end=not has_body)
            while has_body:
                event = await self._connection.event(self._ready)
                if isinstance(event, h11.Data):
                    self._progress.received_bytes += len(event.data)
                    self._stream.on_request_data(bytes(event.data), end=False)
                elif isinstance(event, h11.EndOfMessage):
                    self._end_request(list(event.headers))
                    has_body = False
                else:
                    break
            await self._connection.listen()
        except (OSError, h11.RemoteProtocolError):
            pass
        self._gone = True
        self._over.set()

    async def _ready(self) -> None:
        """Wait before more of the body is read: until the headers that the plugin let pass are sent, and for room."""
        if self._upstream_task is not None:
            await self._forward.ready()
        await room(self._stream.request, self._connection)

    def _end_request(self, trailers: list[Pair]) -> None:
        if trailers:
            self._stream.on_request_trailers(trailers)
        else:
            self._stream.on_request_data(b"", end=True)

    # To the upstream (Sink) ---------------------------------------------------------------------------------------

    def request_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self._upstream_task = self._start(self._forward.run(headers, end=end))

    def request_data(self, data: bytes, *, end: bool) -> None:
        self._forward.data(data, end=end)

    def request_trailers(self, trailers: HeaderMap) -> None:
        self._forward.trailers(trailers)

    # To the client (Sink) -----------------------------------------------------------------------------------------

    def response_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self._by = self._answered_by()
        headers.replace(HEADER.encode(), f"{self._way.identity}{self._by}".encode())
        headers.replace(b"server", b"envoy")
        if headers.get(b"date") is None:
            headers.add(b"date", http_date())
        # Whoever answers before the request is complete has to end the connection with it; Envoy ends it after its own
        # 400 as well, or the plugin's (source/common/http/conn_manager_impl.cc, sendLocalReply).
        close = self._connection.http.their_state is not h11.DONE or self._is_local(headers, 400)
        try:
            response = to_response(headers, end=end, head=self._method == "HEAD", close=close)
            self._connection.send(response)
        except (h11.LocalProtocolError, ValueError) as error:
            self._happenings.write("error", f"the answer cannot be sent: {error}")
            self.reset(CRASH_DETAILS)
            return
        self._status = self._progress.response_code = response.status_code
        # Without a body, the length is about one that there would have been.
        self._announced = None if end else announced_length(response.headers)
        if end:
            self._end_answer([])

    def response_data(self, data: bytes, *, end: bool) -> None:
        left = None if self._announced is None else max(self._announced - self._sent, 0)
        self._sent += len(data)
        self._progress.sent_bytes = self._sent
        passed = data if left is None else data[:left]
        if passed and self._method != "HEAD":
            self._connection.send(h11.Data(data=passed))
        if end:
            self._end_answer([])

    def response_trailers(self, trailers: HeaderMap) -> None:
        self._end_answer(list(trailers))

    def reset(self, details: str) -> None:
        self._happenings.write("warn", f"connection to the client dropped: {details}")
        self._reset = True
        self._over.set()

    def _end_answer(self, trailers: list[Pair]) -> None:
        try:
            self._connection.send(h11.EndOfMessage(headers=trailers if self._announced is None else []))
        except h11.LocalProtocolError:
            # The body is shorter than its content-length: the client has to see that it is not complete.
            self._reset = True
        if self._announced is not None and self._sent > self._announced:
            self._connection.http.send_failed()
        self._over.set()

    # Tasks --------------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._check)
        return task

    def _check(self, task: asyncio.Task[None]) -> None:
        """A bug in hgw must not leave the client waiting."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._happenings.write("critical", "".join(traceback.format_exception(error)))
            self.reset("a bug in hgw")

    # Told ---------------------------------------------------------------------------------------------------------

    @property
    def _details(self) -> str:
        local = self._stream.local_details
        return _VIA_UPSTREAM if local is None else local

    def _is_local(self, headers: HeaderMap, status: int) -> bool:
        """Whether this is an answer with that status, and not the upstream's."""
        return self._stream.local_details is not None and headers.get(b":status") == str(status).encode()

    def _answered_by(self) -> AnsweredBy:
        details = self._details
        if details == _VIA_UPSTREAM:
            return AnsweredBy.UPSTREAM
        if details == CRASH_DETAILS:
            return AnsweredBy.CRASHED
        return AnsweredBy.GATEWAY if details.partition("{")[0] in _OWN_DETAILS else AnsweredBy.PLUGIN

    def _tell_end(self) -> None:
        overflow = _OVERFLOWS.get(self._details)
        self._happenings.tell(
            StreamEnded(
                at=now(),
                method=self._method,
                path=self._path,
                status=self._status,
                answered_by=self._by if overflow is None else AnsweredBy.GATEWAY,
                milliseconds=int((time.monotonic() - self._started) * 1000),
                content_length=self._announced,
                body_bytes=self._sent,
                overflow=overflow,
            )
        )


def _with_envoys_own(pairs: list[Pair]) -> list[Pair]:
    """The headers that Envoy adds to a request before any filter sees it, where the client did not send them."""
    names = {name for name, _value in pairs}
    added = [(b"x-forwarded-proto", b"https"), (b"x-request-id", str(uuid.uuid4()).encode())]
    return [*pairs, *(pair for pair in added if pair[0] not in names)]


def _is_chunked(request: h11.Request) -> bool:
    return any(name == b"transfer-encoding" for name, _value in request.headers)
