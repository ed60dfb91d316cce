"""HTTP clients and requests: how hgw reaches hosts, and why it does not."""

import errno
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from higress_cli import __version__
from higress_cli.errors import HgwError
from higress_cli.i18n import N_, _
from higress_cli.system import trust
from higress_cli.system.error_causes import causes
from higress_cli.system.proxies import proxies
from higress_cli.system.urls import shown
from higress_cli.system.whole_numbers import whole_number

if TYPE_CHECKING:
    import httpx

# A dead network must cost only seconds: a host that does not connect in this time counts as unreachable.
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 20.0
_REFUSALS: Final = frozenset({401, 403, 407, 451})
# By name, because Windows lacks some of them.
_NETWORK: Final = {
    "ECONNREFUSED": N_("the connection was refused"),
    "ECONNRESET": N_("the connection was closed"),
    "EPIPE": N_("the connection was closed"),
    "EHOSTUNREACH": N_("the host cannot be reached"),
    "ENETUNREACH": N_("the network cannot be reached"),
    "ETIMEDOUT": N_("timed out"),
}


class ObstacleKind(StrEnum):
    """Why hgw gets nothing from a host."""

    SILENT = "silent"  # it does not answer
    PROXY = "proxy"  # a proxy on the way refuses
    REFUSED = "refused"  # the host refuses
    UNTRUSTED = "untrusted"  # its certificate is not trusted
    UNUSABLE = "unusable"  # hgw cannot use this address or this proxy; another program may


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why hgw gets nothing from a host; `text` contains no secrets."""

    kind: ObstacleKind
    text: str
    hint: str | None = None


def client(variables: Mapping[str, str], *, direct: bool = False) -> "httpx.Client":
    """A client that follows redirects, honours the proxy and certificate variables and has short timeouts.

    A `direct` one uses no proxy, for hosts on this machine.

    Raises:
        DownloadError: `certificates-unreadable`.
        ValueError: a proxy variable holds something that is not a proxy.
    """
    import httpx

    from higress_cli.system.proxy_transport import ThroughProxy  # noqa: PLC0415 -- it loads httpx

    verify = trust.context(variables)
    ways = {} if direct else proxies(variables)
    return httpx.Client(
        follow_redirects=True,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": f"hgw/{__version__}"},
        verify=verify,
        # httpx itself would read the variables of this process, not those that hgw was given.
        trust_env=False,
        mounts={at: ThroughProxy(proxy, verify) if proxy else None for at, proxy in ways.items()},
    )


def obstacle(url: str, variables: Mapping[str, str]) -> Obstacle | None:
    """Why this machine gets nothing from the host of `url`, None if the host answers. Downloads nothing.

    A 404 for this URL, or a busy host, counts as an answer.
    """
    import httpx

    try:
        with client(variables) as session, session.stream("GET", url) as response:
            if response.status_code in _REFUSALS:
                text = f"HTTP {response.status_code} {response.reason_phrase}".strip()
                return Obstacle(kind=ObstacleKind.REFUSED, text=text)
    except HgwError as error:
        return Obstacle(kind=ObstacleKind.UNTRUSTED, text=error.message, hint=error.hint)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return obstacle_of(error)
    return None


def obstacle_of(error: Exception) -> Obstacle:
    """The obstacle behind an error of a request or of its preparation."""
    import httpx

    from higress_cli.system.proxy_transport import ProxyFailure  # noqa: PLC0415 -- it loads httpx

    text = reason(error)
    if isinstance(error, ProxyFailure):
        whole = _("the proxy {proxy} fails: {reason}").format(proxy=error.proxy, reason=text)
        return Obstacle(kind=ObstacleKind.PROXY, text=whole, hint=error.proxy.advice)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error)):
        return Obstacle(kind=ObstacleKind.UNTRUSTED, text=text, hint=trust.hint())
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return Obstacle(kind=ObstacleKind.SILENT, text=text)
    return Obstacle(kind=ObstacleKind.UNUSABLE, text=text)


def knows_host(error: BaseException) -> bool:
    """Whether nothing says that the host has no address: where a proxy failed, its own name may be the unknown one."""
    import httpx

    found = tuple(causes(error))
    return any(isinstance(cause, httpx.ProxyError) for cause in found) or not any(
        isinstance(cause, socket.gaierror) for cause in found
    )


def speaks_tls(error: BaseException) -> bool:
    """Whether the other side may speak TLS: False where TLS failed for another reason than the certificate."""
    found = tuple(causes(error))
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in found) or not any(
        isinstance(cause, ssl.SSLError) for cause in found
    )


def size_of(url: str, variables: Mapping[str, str]) -> int | None:
    """The size of a file in bytes, None if its server does not say. Downloads nothing."""
    from urllib.request import url2pathname

    import httpx

    if urlsplit(url).scheme == "file":
        path = Path(url2pathname(urlsplit(url).path))
        return path.stat().st_size if path.is_file() else None
    try:
        with client(variables) as session:
            answer = session.head(url, headers={"Accept-Encoding": "identity"})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, HgwError):
        return None
    return whole_number(answer.headers.get("Content-Length", "")) if answer.is_success else None


def reason(error: Exception) -> str:
    """Why a request failed, in one line without secrets (a proxy's password is part of its URL)."""
    return _httpx_reason(error) or _network_reason(error) or shown(str(error)) or type(error).__name__


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer: header names are lower-case, repeated headers are joined by `, `."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a URL leads; `authority` is what its server is called, `path` has the query, both encoded."""

    scheme: str
    host: str
    port: int
    authority: str
    path: bytes

    @classmethod
    def plain(cls, address: str, path: str) -> "Target":
        """A path, encoded already, of the server at `HOST:PORT`."""
        host, _colon, port = address.rpartition(":")
        return cls(scheme="http", host=host.strip("[]"), port=int(port), authority=address, path=path.encode("ascii"))


def target_of(url: str) -> Target:
    """The parts of a URL, encoded as browsers do it.

    Raises:
        NoAnswerError: it is not a URL.
    """
    import httpx

    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NoAnswerError(str(error)) from error
    return Target(
        scheme=parsed.scheme,
        host=parsed.host,
        port=parsed.port or {"https": 443}.get(parsed.scheme, 80),
        authority=parsed.netloc.decode("ascii"),
        path=parsed.raw_path,
    )


def decoded(content: bytes, headers: Sequence[tuple[str, str]]) -> bytes:
    """A body without the encodings that its headers name; as it is if it does not have them."""
    if not any(name.lower() == "content-encoding" for name, _value in headers):
        return content
    import httpx

    encoded = [(name.encode(), value.encode()) for name, value in headers]
    try:
        return httpx.Response(200, headers=encoded, content=content).content
    except httpx.DecodingError:
        return content


class NoAnswerError(Exception):
    """A request got no answer; the text says why."""


def joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; the values of one that comes several times are joined by `, `."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _httpx_reason(error: Exception) -> str | None:
    """What only httpx's own errors say, None for others."""
    if not type(error).__module__.startswith("httpx"):
        return None
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code} {error.response.reason_phrase}".strip()
    return _("timed out") if isinstance(error, httpx.TimeoutException) else None


def _network_reason(error: BaseException) -> str | None:
    """The cause in the user's language, None if it is not a common network error."""
    for cause in causes(error):
        if isinstance(cause, TimeoutError):
            return _("timed out")
        if isinstance(cause, socket.gaierror):
            return _("the host name cannot be resolved")
        if isinstance(cause, OSError) and (known := _NETWORK.get(errno.errorcode.get(cause.errno or 0, ""))):
            return _(known)
    return None
