"""HTTP/1.1 connections over asyncio streams, in h11's words, and the way between its headers and a stream's."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11

from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.pairs import Pair

# What Envoy takes of a message's headers on the wire; a plugin may add more.
_MOST_HEADERS: Final = 100
_MOST_HEADER_BYTES: Final = 60 * 1024
# How much is read at once: the plugin gets larger bodies in such parts. From clients it is as much as Envoy reads with
# Higress's limit for a listener; its limit for clusters is 10 MiB.
_CHUNKS: Final = {h11.SERVER: 32 * 1024, h11.CLIENT: 1024 * 1024}
# About one connection, not about the message: of a client's, none of these is passed on.
_HOP_BY_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
# What a plugin says of the connection is passed on, but for these: how a body ends is the connection's own affair, and
# nothing can be upgraded.
_NEVER_UPSTREAM: Final = frozenset({b"transfer-encoding", b"upgrade"})
_NEVER_DOWNSTREAM: Final = _HOP_BY_HOP - {b"keep-alive"}
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN: Final = re.compile(rb"[\r\n\0]")
# Envoy, HeaderUtility::requestShouldHaveNoBody: without a body, they need no length.
_BODILESS: Final = frozenset({b"GET", b"HEAD", b"DELETE", b"TRACE", b"CONNECT"})
_TRAILERS_WANTED: Final = (b"te", b"trailers")
_MOST_DIGITS: Final = 18
_LENGTH: Final = b"content-length"
_CHUNKED: Final = (b"transfer-encoding", b"chunked")

Event = h11.Event | type[h11.PAUSED] | type[h11.NEED_DATA]


class Reader(asyncio.StreamReader):
    """A reader that knows of the end before everything is read: a client may go away while its body is held."""

    ended = False

    def feed_eof(self) -> None:
        self.ended = True
        super().feed_eof()


class Connection:
    """A connection with its state in HTTP. What is sent goes out at once; `drain` waits until it is not too much."""

    def __init__(
        self, role: type[h11.CLIENT] | type[h11.SERVER], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=_MOST_HEADER_BYTES)
        self._reader = reader
        self._most = _CHUNKS[role]
        self.read_to_end = False
        """Whether all that the other side sent has been read, and it has closed the connection."""
        self._writer = writer

    @property
    def usable(self) -> bool:
        """Whether both sides are done with a message and another one can follow."""
        done = self.http.our_state is h11.DONE and self.http.their_state is h11.DONE
        return done and not self._writer.is_closing() and not self._reader.at_eof()

    @property
    def idle(self) -> bool:
        """Whether it waits for its first or its next message, as far as one can see."""
        return not self._writer.is_closing() and not self._reader.at_eof()

    @property
    def peer(self) -> tuple[str, int]:
        name = self._writer.get_extra_info("peername") or ("", 0)
        return str(name[0]), int(name[1])

    @property
    def local(self) -> tuple[str, int]:
        name = self._writer.get_extra_info("sockname") or ("", 0)
        return str(name[0]), int(name[1])

    @property
    def ended(self) -> bool:
        """Whether the other side has closed the connection; what it sent before may still be unread."""
        return self._writer.is_closing() or (isinstance(self._reader, Reader) and self._reader.ended)

    async def event(self, ready: Callable[[], Awaitable[None]] | None = None) -> Event:
        """What comes next; PAUSED where the other side has begun with a further message.

        `ready` is waited for before more is read from the connection.

        Raises:
            h11.RemoteProtocolError: it is not HTTP, or was cut off. OSError: the connection is gone.
        """
        while True:
            found = self.http.next_event()
            if not isinstance(found, type) or found is h11.PAUSED:
                return found
            if ready is not None:
                await ready()
            data = await self._reader.read(self._most)
            self.read_to_end = not data
            self.http.receive_data(data)

    async def listen(self) -> None:
        """Return when the other side has closed the connection, whatever it still sends."""
        with contextlib.suppress(OSError):
            while data := await self._reader.read(self._most):
                self.http.receive_data(data)

    def send(self, *events: h11.Event) -> None:
        """Send these; nothing is sent where one of them is not allowed.

        Raises:
            h11.LocalProtocolError: a header that cannot be sent, or more body than was announced.
        """
        content = b"".join(self.http.send(event) or b"" for event in events)
        if content and not self._writer.is_closing():
            self._writer.write(content)

    async def drain(self) -> None:
        """Wait while the other side is slow to read."""
        with contextlib.suppress(OSError):
            await self._writer.drain()

    def close(self) -> None:
        """Send what is left, then end the connection."""
        self._writer.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()


def request_pairs(request: h11.Request, *, scheme: bytes) -> list[Pair]:
    """A client's request as a stream gets it: Envoy's pseudo-headers first, nothing that is about the connection."""
    named_there = (value for name, value in request.headers if name == b"connection")
    dropped = _HOP_BY_HOP | {name.strip().lower() for value in named_there for name in value.split(b",")}
    kept = [pair for pair in request.headers if pair[0] not in dropped]
    named = [pair for pair in kept if pair[0] != b"te" or pair == _TRAILERS_WANTED]
    host = next((value for name, value in named if name == b"host"), b"")
    pseudo = [(b":authority", host), (b":path", request.target), (b":method", request.method), (b":scheme", scheme)]
    return [*pseudo, *(pair for pair in named if pair[0] not in {b"host", b"expect"})]


def response_pairs(response: h11.Response) -> list[Pair]:
    """An upstream's answer as a stream gets it: what is about the connection leaves it behind the plugin."""
    return [(b":status", str(response.status_code).encode()), *response.headers]


def to_request(headers: Iterable[Pair], *, prefix: str, host: str | None, end: bool) -> h11.Request:
    """What goes to a server: `prefix` goes in front of the path, `host` takes the place of the request's own.

    Raises:
        h11.LocalProtocolError: a header that cannot be sent.
    """
    found = HeaderMap("request", headers)
    authority = host.encode() if host else found.get(b":authority") or b""
    plain = _plain(found, without=_NEVER_UPSTREAM)
    method = found.get(b":method") or b""
    if found.get(_LENGTH) is None and not end:
        plain.append(_CHUNKED)
    elif found.get(_LENGTH) is None and method not in _BODILESS:
        plain.append((_LENGTH, b"0"))
    target = prefix.encode() + (found.get(b":path") or b"/")
    return h11.Request(method=method, target=target, headers=[(b"host", authority), *plain])


def to_response(headers: HeaderMap, *, end: bool, head: bool, close: bool) -> h11.Response:
    """What goes to the client.

    Raises:
        h11.LocalProtocolError: a header that cannot be sent.
    """
    # A plugin may have written any number of digits, and Python refuses to read very many.
    status = int((headers.get(b":status") or b"200")[:_MOST_DIGITS])
    plain = _plain(headers, without=_NEVER_DOWNSTREAM)
    bodiless = status in {204, 304} or status < 200  # noqa: PLR2004 -- RFC 9110: these never have a body
    if end and not head and not bodiless:
        plain = [pair for pair in plain if pair[0] != _LENGTH]
        plain.append((_LENGTH, b"0"))
    if close:
        plain.append((b"connection", b"close"))
    return h11.Response(status_code=status, headers=plain, reason=_phrase(status))


def invalid_header(headers: Iterable[Pair]) -> str | None:
    """What Envoy says of a request whose headers it does not send, None if all are valid (codec_impl.cc)."""
    for name, value in headers:
        shown = name.decode("latin-1").encode("unicode_escape").decode()
        if name and not name.startswith(b":") and not _TOKEN.fullmatch(name):
            return f"invalid header name: {shown}"
        if _FORBIDDEN.search(value):
            return f"invalid header value for: {shown}"
    return None


def too_many(headers: Iterable[Pair]) -> bool:
    """Whether Envoy would not take these headers: a client gets 431, and 502 where they are an upstream's."""
    sizes = [len(name) + len(value) for name, value in headers]
    return len(sizes) > _MOST_HEADERS or sum(sizes) > _MOST_HEADER_BYTES


def http_date() -> bytes:
    """The time as a header says it."""
    return formatdate(usegmt=True).encode()


def announced_length(headers: Iterable[Pair]) -> int | None:
    """The body's size by content-length, None where it says nothing."""
    value = next((value for name, value in headers if name == _LENGTH), b"")
    return int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else None


def _plain(headers: Iterable[Pair], *, without: frozenset[bytes]) -> list[Pair]:
    """The headers that are sent as they are; spaces around a value mean nothing, and h11 refuses them."""
    kept = ((name, value) for name, value in headers if not name.startswith(b":") and name not in without)
    return [(name, value.strip(b" \t")) for name, value in kept]


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
