"""A single HTTP/1.1 request, sent exactly as given, with trailers, in chunks if asked for, and its answer."""

import contextlib
import errno
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import h11

from higress_cli import __version__
from higress_cli.system.http import (
    CONNECT_SECONDS,
    Answer,
    NoAnswerError,
    Target,
    decoded,
    joined,
    reason,
    target_of,
)

Pairs = Sequence[tuple[str, str]]

_CHUNK: Final = 65536
_MOST_HEADER_BYTES: Final = 1 << 20
_PAUSE: Final = 0.01
"""Between two parts of a body, so that they do not arrive as one."""


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A request: `parts` of a body are sent one after another. With `chunked` it has no content-length."""

    url: str
    method: str = "GET"
    headers: Pairs = ()
    parts: tuple[bytes, ...] = ()
    chunked: bool = False
    trailers: Pairs = ()


@dataclass(frozen=True, kw_only=True)
class WholeAnswer(Answer):
    """An answer with its headers one by one, and its trailers; names are lower-case.

    `content` is the body as it came, `body` without its content encoding.
    """

    content: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()


class Asking:
    """A request in its own thread and on its own connection, so that the caller can stop waiting for it.

    It uses no proxy and follows no redirects. `timeout` is in seconds, for each wait for data.
    """

    def __init__(self, outgoing: Outgoing, *, timeout: float) -> None:
        self._outgoing = outgoing
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._given_up = False
        self._answer: WholeAnswer | NoAnswerError = NoAnswerError("given up")
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; return whether the request is over."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """Close the connection without an answer. Returns when the thread has ended."""
        self._given_up = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def answer(self) -> WholeAnswer:
        """The answer to a request that is over.

        Raises:
            NoAnswerError: there was none.
        """
        if isinstance(self._answer, NoAnswerError):
            raise self._answer
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask(target_of(self._outgoing.url))
        except NoAnswerError as error:
            self._answer = error
        except (OSError, h11.ProtocolError) as error:
            self._answer = NoAnswerError(reason(error))

    def _ask(self, target: Target) -> WholeAnswer:
        connection, content = _prepared(self._outgoing, target)
        with _connect(target, timeout=self._timeout) as wire:
            self._socket = wire
            if self._given_up:
                raise ConnectionAbortedError
            sending = threading.Thread(target=_send, args=(wire, content), daemon=True)
            sending.start()
            try:
                return _receive(connection, wire)
            finally:
                with contextlib.suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)
                sending.join()


def ask(
    at: str | Target,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float,
) -> Answer:
    """Send one short request as `Asking` does it, to a URL or a target, and wait for the answer in this thread.

    Raises:
        NoAnswerError: there was no answer, or it was not HTTP.
    """
    pairs = tuple((headers or {}).items())
    outgoing = Outgoing(url="", method=method, headers=pairs, parts=(body,) if body else ())
    target = at if isinstance(at, Target) else target_of(at)
    try:
        connection, content = _prepared(outgoing, target)
        with _connect(target, timeout=timeout) as wire:
            wire.sendall(b"".join(content))
            return _receive(connection, wire)
    except (OSError, h11.ProtocolError) as error:
        raise NoAnswerError(reason(error)) from error


def _prepared(outgoing: Outgoing, target: Target) -> tuple[h11.Connection, Sequence[bytes]]:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    return connection, [connection.send(event) or b"" for event in _events(outgoing, target)]


def _connect(target: Target, *, timeout: float) -> socket.socket:
    plain = socket.create_connection((target.host, target.port), timeout=min(timeout, CONNECT_SECONDS))
    plain.settimeout(timeout)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if target.scheme != "https":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)


def _events(outgoing: Outgoing, target: Target) -> Iterable[h11.Event]:
    given = [(name.lower(), value) for name, value in outgoing.headers]
    names = {name for name, _value in given}
    own = [("host", target.authority), ("user-agent", f"hgw/{__version__}"), ("accept", "*/*")]
    if not names & {"content-length", "transfer-encoding"}:
        if outgoing.chunked or outgoing.trailers:
            own.append(("transfer-encoding", "chunked"))
        elif outgoing.parts or outgoing.method in {"POST", "PUT", "PATCH"}:
            own.append(("content-length", str(sum(map(len, outgoing.parts)))))
    headers = [*(pair for pair in own if pair[0] not in names), *given]
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    yield h11.Request(method=outgoing.method, target=target.path, headers=encoded)
    for part in outgoing.parts:
        yield h11.Data(data=part)
    yield h11.EndOfMessage(headers=[(name.encode(), value.encode()) for name, value in outgoing.trailers])


def _send(wire: socket.socket, content: Sequence[bytes]) -> None:
    with contextlib.suppress(OSError):
        for part in content:
            if part:
                wire.sendall(part)
                time.sleep(_PAUSE if len(content) > 3 else 0)  # noqa: PLR2004 -- headers, one part, the end


def _receive(connection: h11.Connection, wire: socket.socket) -> WholeAnswer:
    head: h11.Response | None = None
    content = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            received = wire.recv(_CHUNK)
            if not received and head is None:
                raise ConnectionResetError(errno.ECONNRESET, "closed without an answer")
            connection.receive_data(received)
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            pairs = _text_pairs(head.headers)
            return WholeAnswer(
                status=head.status_code,
                headers=joined(pairs),
                body=decoded(bytes(content), pairs),
                content=bytes(content),
                pairs=pairs,
                trailers=_text_pairs(event.headers),
            )
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            raise ConnectionResetError


def _text_pairs(pairs: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("ascii").lower(), value.decode("utf-8", "replace")) for name, value in pairs)
