"""Single HTTP exchanges whose every answer is the caller's to judge: statuses, redirects and retries included."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from higress_cli.i18n import _
from higress_cli.system import http
from higress_cli.system.http import Obstacle, ObstacleKind
from higress_cli.system.urls import shown

_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS: Final = ("authorization", "cookie")


class NoReplyError(Exception):
    """A request got no answer, or not all of it; `obstacle` says why.

    `knows_host`: the host has an address. `speaks_tls`: nothing says that the other side speaks no TLS.
    """

    def __init__(self, obstacle: Obstacle, *, knows_host: bool = True, speaks_tls: bool = True) -> None:
        super().__init__(obstacle.text)
        self.obstacle = obstacle
        self.knows_host = knows_host
        self.speaks_tls = speaks_tls


class TooLongError(Exception):
    """An answer has more bytes than the caller reads."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """Bytes to send, in chunks; `size` is their number."""

    size: int
    chunks: Iterator[bytes] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer whose body is still to be read: header names are lower-case. `url` is where it came from."""

    status: int
    headers: Mapping[str, str]
    url: str
    _response: httpx.Response = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives.

        Raises:
            NoReplyError: the connection broke.
        """
        with _as_no_reply():
            yield from self._response.iter_raw()

    def read(self, *, most_bytes: int) -> bytes:
        """The whole body.

        Raises:
            TooLongError: it has more than `most_bytes`.
            NoReplyError: the connection broke.
        """
        parts, left = [], most_bytes
        for chunk in self.chunks():
            left -= len(chunk)
            if left < 0:
                raise TooLongError
            parts.append(chunk)
        return b"".join(parts)


class Web:
    """HTTP clients, made at first use: loading the certificates takes time."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._clients: dict[bool, httpx.Client] = {}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    @contextlib.contextmanager
    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | Body = b""
    ) -> Iterator[Reply]:
        """Send one request. A redirect of a GET or HEAD is followed; other hosts never see credentials.

        Raises:
            NoReplyError: there was no answer.
            DownloadError: `certificates-unreadable`.
        """
        given = {"accept-encoding": "identity", **{name.lower(): value for name, value in (headers or {}).items()}}
        for _hop in range(_HOPS):
            with self._send(method, url, given, body) as reply:
                target = reply.headers.get("location")
                if method not in {"GET", "HEAD"} or reply.status not in _REDIRECTS or target is None:
                    yield reply
                    return
            there = join(url, target)
            if not same_origin(url, there):
                given = {name: value for name, value in given.items() if name not in _SECRET_HEADERS}
            url = there
        raise NoReplyError(Obstacle(kind=ObstacleKind.UNUSABLE, text="too many redirects"))

    @contextlib.contextmanager
    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | Body) -> Iterator[Reply]:
        content, sized = (body, {}) if isinstance(body, bytes) else (body.chunks, {"content-length": str(body.size)})
        with _as_no_reply():
            client = self._client(url)
            request = client.build_request(method, url, headers={**headers, **sized}, content=content or None)
            response = client.send(request, stream=True, follow_redirects=False)
        try:
            names = {name.lower(): value for name, value in response.headers.items()}
            yield Reply(status=response.status_code, headers=names, url=url, _response=response)
        finally:
            response.close()

    def _client(self, url: str) -> httpx.Client:
        direct = is_loopback(urlsplit(url).hostname or "")
        if direct not in self._clients:
            self._clients[direct] = http.client(self._variables, direct=direct)
        return self._clients[direct]


def is_loopback(host: str) -> bool:
    """Whether a host, without its port, is this machine by its very name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def join(url: str, location: str) -> str:
    """Where a Location header leads to.

    Raises:
        NoReplyError: nowhere, since it is not an address.
    """
    try:
        there = urljoin(url, location)
        _origin(urlsplit(there))
    except ValueError as error:
        # What comes after the path may be a signature.
        text = _("`{address}` is not an address").format(address=shown(location.partition("?")[0]))
        raise NoReplyError(Obstacle(kind=ObstacleKind.UNUSABLE, text=text)) from error
    return there


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


@contextlib.contextmanager
def _as_no_reply() -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NoReplyError(
            http.obstacle_of(error),
            knows_host=http.knows_host(error),
            speaks_tls=http.speaks_tls(error),
        ) from error
