"""Connections to what is behind the gateway: its upstream, and the services that a plugin calls."""

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

import h11

from higress_cli.gateway.engines.builtin.wire import Connection, response_pairs, to_request
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.surroundings import HttpAnswer, HttpCall, cut_off, refused, timed_out

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.pairs import Pair

_CONNECT_SECONDS: Final = 5.0
_MOST_IDLE: Final = 8


class Client:
    """Opens connections and keeps some of those that can be used again."""

    def __init__(self, certificates: Path | None) -> None:
        """`certificates` are the authorities by which a server's own certificate is checked."""
        self._certificates = certificates
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
        context = self._tls() if at.tls else None
        name = at.host if context else None
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(at.host, at.port, ssl=context, server_hostname=name)
        return Connection(h11.CLIENT, reader, writer), False

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
        try:
            async with asyncio.timeout(call.timeout_milliseconds / 1000 or None):
                return await self._call(at, call)
        except TimeoutError:
            return timed_out()

    async def _call(self, at: Endpoint, call: HttpCall) -> HttpAnswer:
        try:
            connection, reused = await self.connect(at)
        except OSError as error:
            return refused(reason(error))
        answer = await self._exchange(at, connection, call)
        if answer is None and reused:
            # The server had closed the kept connection meanwhile.
            try:
                connection, _reused = await self.connect(at, fresh=True)
            except OSError as error:
                return refused(reason(error))
            answer = await self._exchange(at, connection, call)
        return answer or cut_off()

    async def _exchange(self, at: Endpoint, connection: Connection, call: HttpCall) -> HttpAnswer | None:
        """The answer, None where the connection ended before one was complete."""
        complete = False
        try:
            end = not call.body and not call.trailers
            connection.send(to_request(call.headers, prefix=at.path, host=None, end=end))
            if call.body:
                connection.send(h11.Data(data=call.body))
            # A body with a length has no trailers in HTTP/1.1.
            connection.send(h11.EndOfMessage(headers=[] if call.body else list(call.trailers)))
            answer = await _answer(connection)
            complete = answer is not None
        except (OSError, h11.ProtocolError):
            return None
        finally:
            if complete:
                self.release(at, connection)
            else:
                connection.abort()
        return answer

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._certificates) if self._certificates else None)


async def _answer(connection: Connection) -> HttpAnswer | None:
    headers: tuple[Pair, ...] = ()
    content = bytearray()
    while True:
        event = await connection.event()
        if isinstance(event, h11.Response):
            headers = tuple(response_pairs(event))
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            return HttpAnswer(headers=headers, body=bytes(content), trailers=tuple(event.headers))
        elif isinstance(event, h11.ConnectionClosed):
            return None


def reason(error: OSError) -> str:
    """Why connecting failed, in the system's words."""
    if isinstance(error, TimeoutError):
        return "connection timeout"
    return (error.strerror or str(error) or type(error).__name__).split("] ")[-1]
