"""Connections to what is behind the gateway: its upstream, and the services that a plugin calls."""

import asyncio
import os
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import h11

from higress_cli.gateway.engines.builtin.happenings import EventQueue
from higress_cli.gateway.engines.builtin.patience import patience
from higress_cli.gateway.engines.builtin.wire import Connection, response_pairs, to_request
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.pairs import Pair
from higress_cli.proxy_wasm.surroundings import HttpAnswer, HttpCall, cut_off, refused, timed_out

_CONNECT_SECONDS: Final = 5.0
_MOST_IDLE: Final = 8
_READ_BYTES: Final = 1024 * 1024
"""How much of an answer may wait to be read before its sender has to."""
_INCOMPLETE: Final = HttpAnswer(headers=())
"""What the plugin gets of an answer that began and was not completed: nothing."""


class Client:
    """Opens connections and keeps some of those that can be used again."""

    def __init__(self, certificates: Path | None, happenings: EventQueue) -> None:
        """`certificates` are the authorities by which a server's own certificate is checked."""
        self._certificates = certificates
        self._happenings = happenings
        self._idle: dict[Endpoint, list[Connection]] = {}

    async def connect(self, at: Endpoint, *, fresh: bool = False) -> tuple[Connection, bool]:
        """A connection, and whether it was used before.

        Raises:
            OSError: the server cannot be reached.
        """
        kept = self._idle.get(at, [])
        while kept and not fresh:
            connection = kept.pop()
            if connection.idle:
                return connection, True
            connection.abort()
        async with patience(_CONNECT_SECONDS):
            reader, writer = await self.open(at, self._tls() if at.tls else None)
        return Connection(h11.CLIENT, reader, writer), False

    async def open(
        self, at: Endpoint, tls: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection, with `tls` an encrypted one.

        Raises:
            OSError: the server cannot be reached.
        """
        try:
            return await asyncio.open_connection(
                at.host, at.port, ssl=tls, server_hostname=at.host if tls else None, limit=_READ_BYTES
            )
        except OSError as error:
            self._happenings.tell_if_short(error)
            raise

    def release(self, at: Endpoint, connection: Connection) -> None:
        """The answer is complete: keep the connection where it can be used again."""
        kept = self._idle.setdefault(at, [])
        if connection.usable and len(kept) < _MOST_IDLE:
            connection.http.start_next_cycle()
            kept.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is kept."""
        for kept in self._idle.values():
            for connection in kept:
                connection.abort()
        self._idle.clear()

    async def call(self, at: Endpoint, call: HttpCall) -> HttpAnswer:
        """The answer to a plugin's call, or what a gateway tells the plugin where there is none."""
        progress = _Progress()
        try:
            async with patience(call.timeout_milliseconds / 1000 or None):
                return await self._call(at, call, progress)
        except TimeoutError:
            return _INCOMPLETE if progress.answered else timed_out()

    async def _call(self, at: Endpoint, call: HttpCall, progress: "_Progress") -> HttpAnswer:
        try:
            connection, reused = await self.connect(at)
            answer = await self._exchange(at, connection, call, progress)
            if answer is None and reused:
                # The server had closed the kept connection meanwhile.
                connection, _reused = await self.connect(at, fresh=True)
                answer = await self._exchange(at, connection, call, progress)
        except OSError:
            return refused()
        return answer or cut_off()

    async def _exchange(
        self, at: Endpoint, connection: Connection, call: HttpCall, progress: "_Progress"
    ) -> HttpAnswer | None:
        """The answer, None where the connection ended before one began."""
        complete = False
        try:
            end = not call.body and not call.trailers
            connection.send(to_request(_with_envoys_own(call), prefix=at.path, host=None, end=end))
            if call.body:
                connection.send(h11.Data(data=call.body))
            # A body with a length has no trailers in HTTP/1.1.
            connection.send(h11.EndOfMessage(headers=[] if call.body else list(call.trailers)))
            progress.sent = time.monotonic()
            answer = await _answer(connection, progress)
            complete = answer is not None
        except (OSError, h11.ProtocolError):
            answer = None
        finally:
            if complete:
                self.release(at, connection)
            else:
                connection.abort()
        return _INCOMPLETE if answer is None and progress.answered else answer

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._certificates) if self._certificates else None)


@dataclass
class _Progress:
    sent: float = 0.0
    answered: bool = False
    """Whether an answer has begun."""


def reason(error: OSError) -> str:
    """Why connecting failed, in the system's words."""
    if isinstance(error, TimeoutError):
        return "connection timeout"
    # asyncio's own text names the address, which would differ from run to run.
    known = os.strerror(error.errno) if error.errno else str(error)
    return known or type(error).__name__


def _with_envoys_own(call: HttpCall) -> list[Pair]:
    """The request with the headers that Envoy's client adds to it."""
    timeout = call.timeout_milliseconds
    own = [(b"x-envoy-internal", b"true")]
    return [*call.headers, *own, *([(b"x-envoy-expected-rq-timeout-ms", b"%d" % timeout)] if timeout else [])]


async def _answer(connection: Connection, progress: _Progress) -> HttpAnswer | None:
    headers: tuple[Pair, ...] = ()
    content = bytearray()
    while True:
        event = await connection.event()
        if isinstance(event, h11.Response):
            progress.answered = True
            took = b"%d" % int((time.monotonic() - progress.sent) * 1000)
            headers = (*response_pairs(event), (b"x-envoy-upstream-service-time", took))
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            return HttpAnswer(headers=headers, body=bytes(content), trailers=tuple(event.headers))
        elif isinstance(event, h11.ConnectionClosed):
            return None
