"""An HTTP/1.1 server whose answers a function gives: with trailers, in chunks, late, or none at all."""

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import h11

from higress_cli.gateway.connections import ConnectionServer
from higress_cli.gateway.servers import Seen
from higress_cli.proxy_wasm.redis import RespError, end_of_value, words_of

Pairs = tuple[tuple[str, str], ...]

_CHUNK: Final = 65536
_PAUSE: Final = 0.01
_REDIS: Final = b"*"
"""The first byte of a Redis command, which no HTTP request begins with."""
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer after `delay` seconds; `parts` of its body are sent one by one, with `chunked` without a length."""

    status: int = 200
    headers: Pairs = ()
    parts: tuple[bytes, ...] = ()
    chunked: bool = False
    trailers: Pairs = ()
    delay: float = 0.0

    @property
    def completed(self) -> Pairs:
        """The headers, with those that describe the body if the author left them out."""
        names = {name.lower() for name, _value in self.headers}
        own: list[tuple[str, str]] = []
        if not names & {"content-length", "transfer-encoding"} and self.status not in _BODILESS:
            length = str(sum(map(len, self.parts)))
            chunked = self.chunked or self.trailers
            own.append(("transfer-encoding", "chunked") if chunked else ("content-length", length))
        if "content-type" not in names and self.parts:
            is_json = self.parts[0].lstrip()[:1] in {b"{", b"["}
            own.append(("content-type", "application/json" if is_json else "text/plain"))
        return (*self.headers, *own)


def _ignore(_words: list[bytes]) -> None:
    """For a server that nobody takes for a Redis."""


class ScriptedServer(ConnectionServer):
    """Answers every request as `answer` says, from its creation until it is closed.

    `on_redis` hears the words of a Redis command that a client sends by mistake.
    """

    def __init__(self, answer: Callable[[Seen], Reply], *, on_redis: Callable[[list[bytes]], None] = _ignore) -> None:
        self._answer = answer
        self._on_redis = on_redis
        super().__init__(self._serve)

    def _serve(self, wire: socket.socket) -> None:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wire.recv(1, socket.MSG_PEEK) == _REDIS:
            self._on_redis(_redis_command(wire))
            return
        connection = h11.Connection(h11.SERVER)
        try:
            while (seen := _receive(connection, wire)) is not None:
                _send(connection, wire, self._answer(seen), method=seen.method)
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except h11.ProtocolError:
            return


def _redis_command(wire: socket.socket) -> list[bytes]:
    """The words of the command that the client sends, empty if it does not send all of it."""
    content = b""
    try:
        while end_of_value(content) is None:
            chunk = wire.recv(_CHUNK)
            if not chunk:
                return []
            content += chunk
        return words_of(content[: end_of_value(content)])
    except RespError:
        return []


def _receive(connection: h11.Connection, wire: socket.socket) -> Seen | None:
    """The next request, None if there is no more."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                wire.sendall(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            connection.receive_data(wire.recv(_CHUNK))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Seen.of_pairs(
                method=head.method.decode("ascii"),
                path=head.target.decode("utf-8", "replace"),
                pairs=_texts(head.headers),
                body=bytes(body),
                trailers=_texts(event.headers),
            )
        else:
            return None


def _send(connection: h11.Connection, wire: socket.socket, reply: Reply, *, method: str) -> None:
    time.sleep(reply.delay)
    phrase = HTTPStatus(reply.status).phrase if reply.status in set(HTTPStatus) else "Unknown"
    head = h11.Response(
        status_code=reply.status,
        reason=phrase,
        headers=[(name.encode(), value.encode()) for name, value in reply.completed],
    )
    wire.sendall(connection.send(head) or b"")
    for number, part in enumerate(reply.parts if method != "HEAD" and reply.status not in _BODILESS else ()):
        time.sleep(_PAUSE if number else 0)
        wire.sendall(connection.send(h11.Data(data=part)) or b"")
    trailers = [(name.encode(), value.encode()) for name, value in reply.trailers]
    wire.sendall(connection.send(h11.EndOfMessage(headers=trailers if method != "HEAD" else [])) or b"")


def _texts(pairs: Iterable[tuple[bytes, bytes]]) -> Pairs:
    return tuple((name.decode("ascii").lower(), value.decode("utf-8", "replace")) for name, value in pairs)
