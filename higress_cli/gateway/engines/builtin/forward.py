"""Sends a request upstream and passes the answer to the plugin."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import h11

from higress_cli.gateway.engines.builtin.client import Client, reason
from higress_cli.gateway.engines.builtin.happenings import EventQueue, now
from higress_cli.gateway.engines.builtin.patience import patience
from higress_cli.gateway.engines.builtin.wire import (
    Connection,
    announced_length,
    invalid_header,
    response_pairs,
    to_request,
    too_many,
)
from higress_cli.gateway.events import HeadersSentUpstream, SentUpstream
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm import surroundings
from higress_cli.proxy_wasm.context import StreamProgress
from higress_cli.proxy_wasm.direction import Direction
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.host import PluginHost
from higress_cli.proxy_wasm.pairs import Pair
from higress_cli.proxy_wasm.stream import Stream
from higress_cli.system.whole_numbers import whole_number

_POLL_SECONDS: Final = 0.01
_NANOSECONDS: Final = 1_000_000_000
NO_ROUTE: Final = "route_not_found"
NO_METHOD: Final = "filter_removed_required_request_headers"
# Envoy looks for the route again when a plugin has changed the headers: every path fits it, and none without these.
_FOR_ROUTE: Final = (b"x-forwarded-proto", b":path")
UPSTREAM_RESET: Final = "upstream_reset_before_response_started"
TIMEOUT: Final = "response_timeout"
_TIMEOUT_HEADER: Final = b"x-envoy-upstream-rq-timeout-ms"
_MOST_DIGITS: Final = 9
_EXPECTED_HEADER: Final = b"x-envoy-expected-rq-timeout-ms"
_MOST_WAITING: Final = 8
"""How many parts of a body may wait for the upstream before the client has to."""
_GARBLED_DETAILS: Final = f"{UPSTREAM_RESET}{{protocol_error}}"
_CUT_DETAILS: Final = f"{UPSTREAM_RESET}{{connection_termination}}"


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
    properties: Mapping[str, bytes]
    """Answers to the plugin's get_property that come before the gateway's own."""
    now_nanoseconds: Callable[[], int]
    """The time that the plugin sees."""
    state: dict[bytes, bytes] = field(default_factory=dict)
    """What the plugin set with set_property in the stream that ended last."""


class Forward:
    """One request and its answer, with a connection of its own."""

    def __init__(self, way: Way, client: Client, events: EventQueue, *, is_head: bool) -> None:
        self._way = way
        self._client = client
        self._happenings = events
        self._is_head = is_head
        self._started = time.monotonic()
        self._body: asyncio.Queue[h11.Data | h11.EndOfMessage] = asyncio.Queue()
        self._request_sent: float | None = None
        self.begun = asyncio.Event()
        """The headers were sent, or will never be."""
        self._answered = self._over = False
        self._bodiless = False
        self._stream: Stream
        self._progress: StreamProgress
        self._downstream: Connection

    def attach(self, stream: Stream, progress: StreamProgress, downstream: Connection) -> None:
        """Name the stream that the answer goes to, and the connection that it leaves by: before anything else."""
        self._stream, self._progress, self._downstream = stream, progress, downstream

    def data(self, data: bytes, *, end: bool) -> None:
        """A part of the body, to be sent when its turn comes; `ready` says when there is room for more."""
        if data:
            self._body.put_nowait(h11.Data(data=data))
        if end:
            self._body.put_nowait(h11.EndOfMessage())

    async def ready(self) -> None:
        """Wait until the headers are sent, and not too much of the body waits."""
        await self.begun.wait()
        while self._body.qsize() > _MOST_WAITING and not self._over:  # noqa: ASYNC110 -- also ends with the stream
            await asyncio.sleep(_POLL_SECONDS)

    def trailers(self, trailers: HeaderMap) -> None:
        """The end of the request."""
        self._body.put_nowait(h11.EndOfMessage(headers=list(trailers)))

    async def run(self, headers: HeaderMap, *, end: bool) -> None:
        """Send the request upstream and give its answer to the plugin."""
        try:
            await self._run(headers, end=end)
        finally:
            self._over = True
            self.begun.set()

    async def _run(self, headers: HeaderMap, *, end: bool) -> None:
        if any(headers.get(name) is None for name in _FOR_ROUTE) or not (headers.get(b":path") or b"").startswith(b"/"):
            self._stream.answer(404, "", details=NO_ROUTE)
            return
        if headers.get(b":method") is None:
            self._stream.answer(503, "missing required header: :method", details=NO_METHOD)
            return
        way, seconds = self._way, _take_timeout(headers)
        at = _overridden(self._progress.override_host) or way.upstream
        try:
            connection, reused = await self._client.connect(at)
            if reused and not end:
                # A body cannot be sent twice, should the server have closed the connection meanwhile.
                connection.abort()
                connection, reused = await self._client.connect(at, fresh=True)
        except OSError as error:
            self._stream.answer(503, surroundings.REFUSED, details=_refused(error))
            return
        self._progress.upstream, self._progress.upstream_local = connection.peer, connection.local
        complete = False
        try:
            request = to_request(headers, prefix=at.path, host=way.host_header, end=end)
            connection.send(request)
            self._tell_sent(headers)
            self.begun.set()
            announced = announced_length(request.headers)
            sending = None
            if end:
                self._end_request(connection, headers, h11.EndOfMessage(), announced=announced, sent=0)
            else:
                sending = asyncio.create_task(self._send(connection, headers, announced))
            try:
                complete = await self._in_time(connection, sending, seconds=seconds)
            finally:
                await cancelled(sending)
        except h11.LocalProtocolError as error:
            self._happenings.write("error", f"the request cannot be sent upstream: {error}")
            self._stream.answer(503, invalid_header(headers) or surroundings.CUT, details=_CUT_DETAILS)
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
            event = await self._body.get()
            if isinstance(event, h11.Data):
                sent += len(event.data)
                data = event.data if left is None else event.data[:left]
                left = None if left is None else left - len(data)
                if data:
                    connection.send(h11.Data(data=data))
                    await connection.drain()
                continue
            self._end_request(connection, headers, event, announced=announced, sent=sent)
            return

    def _end_request(
        self, connection: Connection, headers: HeaderMap, end: h11.EndOfMessage, *, announced: int | None, sent: int
    ) -> None:
        """All of the request is there: `sent` bytes of body, and its end."""
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
        if announced is None:
            connection.send(h11.EndOfMessage(headers=list(end.headers)))
        elif sent >= announced:
            connection.send(h11.EndOfMessage())

    async def _in_time(
        self, connection: Connection, sending: asyncio.Task[None] | None, *, seconds: float | None
    ) -> bool:
        """Receive the answer, in no more than these seconds from the moment in which all of the request is sent."""
        if seconds is None:
            return await self._receive(connection)
        try:
            async with patience(seconds if sending is None else None) as counted:
                if sending is not None:
                    sending.add_done_callback(lambda _sent: counted.start(seconds))
                return await self._receive(connection)
        except TimeoutError:
            if self._answered:
                self._stream.cut_off(TIMEOUT)
            else:
                self._stream.answer(504, surroundings.TIMED_OUT, details=TIMEOUT)
            return False

    async def _receive(self, connection: Connection) -> bool:
        """Give the upstream's answer to the plugin; whether it came to its end."""
        try:
            return await self._pass_answer(connection)
        except h11.RemoteProtocolError:
            garbled = not connection.read_to_end
        except OSError:
            garbled = False
        if self._answered:
            self._stream.cut_off(UPSTREAM_RESET)
        elif garbled:
            self._stream.answer(502, surroundings.GARBLED, details=_GARBLED_DETAILS)
        else:
            self._stream.answer(503, surroundings.CUT, details=_CUT_DETAILS)
        return False

    async def _pass_answer(self, connection: Connection) -> bool:
        while True:
            event = await connection.event(self._room)
            if isinstance(event, h11.Response):
                if too_many(event.headers):
                    raise h11.RemoteProtocolError("too many headers")
                self._answered = True
                self._answer_headers(event)
            elif isinstance(event, h11.Data):
                self._stream.on_response_data(bytes(event.data), end=False)
                await self._downstream.drain()
            elif isinstance(event, h11.EndOfMessage):
                took = time.monotonic() - (self._request_sent or self._started)
                self._progress.upstream_nanoseconds = int(took * _NANOSECONDS)
                self._answer_end(list(event.headers))
                return True
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError

    async def _room(self) -> None:
        await room(self._stream.response, self._downstream)

    def _answer_headers(self, response: h11.Response) -> None:
        took = int((time.monotonic() - (self._request_sent or self._started)) * 1000)
        pairs = [*response_pairs(response), (b"x-envoy-upstream-service-time", str(took).encode())]
        head = self._is_head or response.status_code in {204, 304}
        self._bodiless = head or announced_length(response.headers) == 0
        self._progress.response_code = response.status_code
        self._stream.on_response_headers(pairs, end=self._bodiless)

    def _answer_end(self, trailers: list[Pair]) -> None:
        if self._bodiless:
            return
        if trailers:
            self._stream.on_response_trailers(trailers)
        else:
            self._stream.on_response_data(b"", end=True)


async def room(direction: Direction, client: Connection) -> None:
    """Wait while the plugin holds as much as it may.

    Raises:
        ConnectionResetError: the client has gone.
    """
    while direction.full:  # what ends it is a call into the plugin, which knows no event loop
        if client.ended:
            raise ConnectionResetError
        await asyncio.sleep(_POLL_SECONDS)


async def cancelled(*tasks: asyncio.Task[None] | None) -> None:
    """End tasks that are not needed any more."""
    for task in tasks:
        if task is not None:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                # asyncio complains about exceptions that nobody retrieves; these are logged where the task was started.
                task.exception()


def _refused(error: OSError) -> str:
    text = reason(error).replace(" ", "_")
    return f"{UPSTREAM_RESET}{{remote_connection_failure|delayed_connect_error:_{text}}}"


def _overridden(address: str | None) -> Endpoint | None:
    """The host that the plugin chose, None where it chose none or gave no address."""
    host, _colon, port = (address or "").rpartition(":")
    number = whole_number(port)
    return Endpoint(host=host.strip("[]"), port=number) if host and number is not None else None


def _take_timeout(headers: HeaderMap) -> float | None:
    """How many seconds the plugin gives the upstream, by the header that is for the gateway (Envoy, router.cc)."""
    value = headers.get(_TIMEOUT_HEADER)
    headers.remove(_TIMEOUT_HEADER)
    if value is None or not value.isdigit() or len(value) > _MOST_DIGITS or not int(value):
        return None
    headers.replace(_EXPECTED_HEADER, value)
    return int(value) / 1000
