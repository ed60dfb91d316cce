"""One request of a client, through the plugin to the upstream, and the answer on its way back."""

import asyncio
import time
import traceback
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

import h11

from higress_cli.gateway.engines.builtin.client import Client, reason
from higress_cli.gateway.engines.builtin.happenings import Happenings, now
from higress_cli.gateway.engines.builtin.wire import (
    Connection,
    announced_length,
    request_pairs,
    response_pairs,
    to_request,
    to_response,
)
from higress_cli.gateway.events import AnsweredBy, HeadersSentUpstream, RequestSeen, SentUpstream, StreamEnded
from higress_cli.gateway.identity import HEADER
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.context import StreamFacts
from higress_cli.proxy_wasm.direction import Direction
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.host import PluginHost
from higress_cli.proxy_wasm.pairs import Pair
from higress_cli.proxy_wasm.stream import CRASH_DETAILS, Stream

_ANSWER_SECONDS: Final = 15.0
"""How long an upstream may take for its answer: the default of Envoy's routes."""
_POLL_SECONDS: Final = 0.01
_VIA_UPSTREAM: Final = "via_upstream"
_UPSTREAM_RESET: Final = "upstream_reset_before_response_started"
_TIMED_OUT: Final = "response_timeout"
_REFUSED: Final = (
    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, "
    "transport failure reason: delayed connect error: {reason}"
)
_CUT: Final = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
_OWN_DETAILS: Final = frozenset(
    {_UPSTREAM_RESET, _TIMED_OUT, "request_payload_too_large", "response_payload_too_large", "http1.codec_error"}
)


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where requests go at the moment: the plugin, what is behind it, and what the answer says of both."""

    host: PluginHost
    route: str
    cluster: str
    upstream: Endpoint
    host_header: str | None
    """What the upstream gets as its host where that is not the client's word."""
    identity: str


class Exchange:
    """A request from its headers to the last callback of its stream (proxy_wasm.stream.Sink)."""

    def __init__(self, way: Way, connection: Connection, client: Client, happenings: Happenings) -> None:
        self._way = way
        self._connection = connection
        self._client = client
        self._happenings = happenings
        self._started = time.monotonic()
        self._over = asyncio.Event()
        self._reset = False
        self._gone = False
        self._stream: Stream
        self._facts: StreamFacts
        self._upstream: asyncio.Queue[h11.Data | h11.EndOfMessage] = asyncio.Queue()
        self._upstream_task: asyncio.Task[None] | None = None
        self._request_sent: float | None = None
        self._answered = False
        self._bodiless = False
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
        self._facts = StreamFacts(
            route_name=self._way.route,
            cluster_name=self._way.cluster,
            source=self._connection.peer,
            destination=self._connection.local,
            upstream=(self._way.upstream.host, self._way.upstream.port),
            start_nanoseconds=time.time_ns(),
            upstream_hosts=((f"{self._way.upstream.host}:{self._way.upstream.port}".encode(), b"{}"),),
        )
        self._stream = self._way.host.open_stream(self._facts, self)
        feeding = self._start(self._feed(request))
        try:
            await self._over.wait()
        finally:
            await _cancelled(feeding, self._upstream_task)
            self._facts.response_details = self._details
            self._way.host.close_stream(self._stream)
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
                await _room(self._stream.request)
                event = await self._connection.event()
                if isinstance(event, h11.Data):
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

    def _end_request(self, trailers: list[Pair]) -> None:
        if trailers:
            self._stream.on_request_trailers(trailers)
        else:
            self._stream.on_request_data(b"", end=True)

    # To the upstream (Sink) ---------------------------------------------------------------------------------------

    def request_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self._upstream_task = self._start(self._talk(headers, end=end))

    def request_data(self, data: bytes, *, end: bool) -> None:
        if data:
            self._upstream.put_nowait(h11.Data(data=data))
        if end:
            self._upstream.put_nowait(h11.EndOfMessage())

    def request_trailers(self, trailers: HeaderMap) -> None:
        self._upstream.put_nowait(h11.EndOfMessage(headers=list(trailers)))

    async def _talk(self, headers: HeaderMap, *, end: bool) -> None:
        """Send the request upstream and give its answer to the plugin."""
        way = self._way
        at = _overridden(self._facts.override_host) or way.upstream
        try:
            connection, reused = await self._client.connect(at)
            if reused and not end:
                # A body cannot be sent twice, should the server have closed the connection meanwhile.
                connection.abort()
                connection, reused = await self._client.connect(at, fresh=True)
        except OSError as error:
            self._stream.answer(503, _REFUSED.format(reason=reason(error)), details=_UPSTREAM_RESET)
            return
        complete = False
        try:
            headers.replace(b"x-envoy-expected-rq-timeout-ms", b"%d" % (_ANSWER_SECONDS * 1000))
            request = to_request(headers, prefix=at.path, host=way.host_header, end=end)
            connection.send(request)
            self._tell_sent(headers)
            if end:
                self._upstream.put_nowait(h11.EndOfMessage())
            sending = self._start(self._send(connection, headers, announced_length(request.headers)))
            try:
                complete = await self._receive(connection)
            finally:
                await _cancelled(sending)
        except h11.LocalProtocolError as error:
            self._happenings.write("error", f"the request cannot be sent upstream: {error}")
            self._stream.answer(503, _CUT, details=_UPSTREAM_RESET)
        finally:
            if complete:
                self._client.release(at, connection)
            else:
                connection.abort()

    def _tell_sent(self, headers: HeaderMap) -> None:
        method, path = (headers.get(name) or b"" for name in (b":method", b":path"))
        self._happenings.tell(HeadersSentUpstream(at=now(), method=method.decode(), path=path.decode("latin-1")))

    async def _send(self, connection: Connection, headers: HeaderMap, announced: int | None) -> None:
        """Pass on the body. More of it than was announced is cut off, as the server would do it."""
        left, sent = announced, 0
        while True:
            event = await self._upstream.get()
            if isinstance(event, h11.Data):
                sent += len(event.data)
                data = event.data if left is None else event.data[:left]
                left = None if left is None else left - len(data)
                if data:
                    connection.send(h11.Data(data=data))
                    await connection.drain()
                continue
            self._request_sent = time.monotonic()
            method, path = (headers.get(name) or b"" for name in (b":method", b":path"))
            self._happenings.tell(
                SentUpstream(
                    at=now(),
                    method=method.decode(),
                    path=path.decode("latin-1"),
                    content_length=announced,
                    body_bytes=sent,
                )
            )
            if left is None or left == 0:
                connection.send(h11.EndOfMessage(headers=list(event.headers) if announced is None else []))
            return

    async def _receive(self, connection: Connection) -> bool:
        """Give the upstream's answer to the plugin; whether it came to its end."""
        try:
            return await self._pass_answer(connection)
        except TimeoutError:
            if not self._answered:
                self._stream.answer(504, "upstream request timeout", details=_TIMED_OUT)
                return False
        except (OSError, h11.RemoteProtocolError):
            pass
        if self._answered:
            self.reset(_UPSTREAM_RESET)
        else:
            self._stream.answer(503, _CUT, details=_UPSTREAM_RESET)
        return False

    async def _pass_answer(self, connection: Connection) -> bool:
        while True:
            await _room(self._stream.response)
            event = await self._in_time(connection)
            if isinstance(event, h11.Response):
                self._answered = True
                self._answer_headers(event)
            elif isinstance(event, h11.Data):
                self._stream.on_response_data(bytes(event.data), end=False)
                await self._connection.drain()
            elif isinstance(event, h11.EndOfMessage):
                self._answer_end(list(event.headers))
                return True
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError

    async def _in_time(self, connection: Connection) -> object:
        """The upstream's next event.

        Raises:
            TimeoutError: it takes too long for it, since the request was sent.
        """
        waiting = asyncio.ensure_future(connection.event())
        try:
            while True:
                begun = self._request_sent
                left = _ANSWER_SECONDS if begun is None else begun + _ANSWER_SECONDS - time.monotonic()
                done, _pending = await asyncio.wait({waiting}, timeout=max(left, 0))
                if done:
                    return waiting.result()
                if begun is not None:
                    raise TimeoutError
        finally:
            waiting.cancel()

    def _answer_headers(self, response: h11.Response) -> None:
        took = int((time.monotonic() - (self._request_sent or self._started)) * 1000)
        pairs = [*response_pairs(response), (b"x-envoy-upstream-service-time", str(took).encode())]
        head = self._method == "HEAD" or response.status_code in {204, 304}
        self._bodiless = head or announced_length(response.headers) == 0
        self._stream.on_response_headers(pairs, end=self._bodiless)

    def _answer_end(self, trailers: list[Pair]) -> None:
        if self._bodiless:
            return
        if trailers:
            self._stream.on_response_trailers(trailers)
        else:
            self._stream.on_response_data(b"", end=True)

    # To the client (Sink) -----------------------------------------------------------------------------------------

    def response_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self._by = self._answered_by()
        headers.replace(HEADER.encode(), f"{self._way.identity}{self._by}".encode())
        headers.replace(b"server", b"envoy")
        if headers.get(b"date") is None:
            headers.add(b"date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode())
        # Whoever answers before the request is complete has to end the connection with it.
        close = self._connection.http.their_state is not h11.DONE
        try:
            response = to_response(headers, end=end, head=self._method == "HEAD", close=close)
            self._connection.send(response)
        except (h11.LocalProtocolError, ValueError) as error:
            self._happenings.write("error", f"the answer cannot be sent: {error}")
            self.reset(CRASH_DETAILS)
            return
        self._status = response.status_code
        # Without a body, the length is about one that there would have been.
        self._announced = None if end else announced_length(response.headers)
        if end:
            self._end_answer([])

    def response_data(self, data: bytes, *, end: bool) -> None:
        left = None if self._announced is None else max(self._announced - self._sent, 0)
        self._sent += len(data)
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

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._check)
        return task

    def _check(self, task: asyncio.Task[None]) -> None:
        """A fault of hgw's own must not leave the client waiting."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._happenings.write("critical", "".join(traceback.format_exception(error)))
            self.reset("a fault of hgw's own")

    # Told ---------------------------------------------------------------------------------------------------------

    @property
    def _details(self) -> str:
        local = self._stream.local_details
        return _VIA_UPSTREAM if local is None else local

    def _answered_by(self) -> AnsweredBy:
        details = self._details
        if details == _VIA_UPSTREAM:
            return AnsweredBy.UPSTREAM
        if details == CRASH_DETAILS:
            return AnsweredBy.CRASHED
        return AnsweredBy.GATEWAY if details in _OWN_DETAILS else AnsweredBy.PLUGIN

    def _tell_end(self) -> None:
        self._happenings.tell(
            StreamEnded(
                at=now(),
                method=self._method,
                path=self._path,
                status=self._status,
                answered_by=self._by,
                milliseconds=int((time.monotonic() - self._started) * 1000),
                content_length=self._announced,
                body_bytes=self._sent,
            )
        )


async def _room(direction: Direction) -> None:
    """Wait while the plugin holds as much as it may."""
    while direction.full:  # noqa: ASYNC110 -- what ends it is a call into the plugin, which knows no event loop
        await asyncio.sleep(_POLL_SECONDS)


async def _cancelled(*tasks: asyncio.Task[None] | None) -> None:
    """End tasks that are not needed any more."""
    for task in tasks:
        if task is not None:
            task.cancel()
            await asyncio.wait({task})


def _with_envoys_own(pairs: list[Pair]) -> list[Pair]:
    """The headers that Envoy adds to a request before any filter sees it, where the client did not send them."""
    names = {name for name, _value in pairs}
    added = [(b"x-forwarded-proto", b"https"), (b"x-request-id", str(uuid.uuid4()).encode())]
    return [*pairs, *(pair for pair in added if pair[0] not in names)]


def _is_chunked(request: h11.Request) -> bool:
    return any(name == b"transfer-encoding" for name, _value in request.headers)


def _overridden(address: str | None) -> Endpoint | None:
    """The host that the plugin chose, None where it chose none or gave no address."""
    host, _colon, port = (address or "").rpartition(":")
    return Endpoint(host=host.strip("[]"), port=int(port)) if host and port.isdecimal() else None
