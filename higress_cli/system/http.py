"""The one place that speaks HTTP to the outside."""

import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from higress_cli import __version__
from higress_cli.errors import HgwError
from higress_cli.i18n import N_, _
from higress_cli.system import trust
from higress_cli.system.urls import shown

# A dead network has to cost seconds: a host that does not answer the handshake in this time counts as out of reach.
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 20.0
_REFUSALS: Final = frozenset({401, 403, 407, 451})
# By name: Windows has not all of them.
_NETWORK: Final = {
    "ECONNREFUSED": N_("the connection was refused"),
    "ECONNRESET": N_("the connection was closed"),
    "EPIPE": N_("the connection was closed"),
    "EHOSTUNREACH": N_("the host cannot be reached"),
    "ENETUNREACH": N_("the network cannot be reached"),
    "ETIMEDOUT": N_("timed out"),
}


class Kind(StrEnum):
    """What keeps hgw from getting something from a host."""

    SILENT = "silent"  # nobody answers
    PROXY = "proxy"  # a proxy on the way says no
    REFUSED = "refused"  # the host says no
    UNTRUSTED = "untrusted"  # its certificate is not trusted
    UNUSABLE = "unusable"  # hgw cannot use this address or this proxy; another program may


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a host gives nothing to hgw; `text` names no secret."""

    kind: Kind
    text: str
    hint: str | None = None


def client(variables: Mapping[str, str]) -> httpx.Client:
    """A client that follows redirects, honours the proxy and certificate variables and gives up soon.

    Raises:
        DownloadError: `certificates-unreadable`.
        ValueError: a proxy variable holds something that is not a proxy.
    """
    return httpx.Client(
        follow_redirects=True,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": f"hgw/{__version__}"},
        verify=trust.context(variables),
    )


def obstacle(url: str, variables: Mapping[str, str]) -> Obstacle | None:
    """Why the host of `url` gives nothing to this machine, None where it answers; nothing is downloaded.

    A 404 for this very file, or a busy host, counts as an answer.
    """
    try:
        with client(variables) as session, session.stream("GET", url) as response:
            if response.status_code in _REFUSALS:
                text = f"HTTP {response.status_code} {response.reason_phrase}".strip()
                return Obstacle(kind=Kind.REFUSED, text=text)
    except HgwError as error:
        return Obstacle(kind=Kind.UNTRUSTED, text=error.message, hint=error.hint)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return obstacle_of(error)
    return None


def obstacle_of(error: Exception) -> Obstacle:
    """What an error of a request, or of the preparations for it, says about its host."""
    text = reason(error)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return Obstacle(kind=Kind.UNTRUSTED, text=text, hint=trust.hint())
    if isinstance(error, httpx.ProxyError):
        return Obstacle(kind=Kind.PROXY, text=text)
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return Obstacle(kind=Kind.SILENT, text=text)
    return Obstacle(kind=Kind.UNUSABLE, text=text)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def size_of(url: str, variables: Mapping[str, str]) -> int | None:
    """How many bytes a file has, None where its server does not say; nothing is downloaded."""
    if urlsplit(url).scheme == "file":
        path = Path(url2pathname(urlsplit(url).path))
        return path.stat().st_size if path.is_file() else None
    try:
        with client(variables) as session:
            answer = session.head(url, headers={"Accept-Encoding": "identity"})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, HgwError):
        return None
    length = answer.headers.get("Content-Length", "")
    return int(length) if answer.is_success and length.isdigit() else None


def reason(error: Exception) -> str:
    """Why a request failed, in one line that names no secret (a proxy's password is part of its URL)."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code} {error.response.reason_phrase}".strip()
    return _network_reason(error) or shown(str(error)) or type(error).__name__


def _network_reason(error: BaseException) -> str | None:
    """The cause in the language of the user, None where it is not one of those that a network usually has."""
    if isinstance(error, httpx.TimeoutException):
        return _("timed out")
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return _("the host name cannot be resolved")
        if isinstance(cause, OSError) and (known := _NETWORK.get(errno.errorcode.get(cause.errno or 0, ""))):
            return _(known)
    return None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer: header names are lower-case, several values of one header are joined by `, `."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


class NoAnswerError(Exception):
    """A request that got no answer; the text says why."""


def ask(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float,
) -> Answer:
    """Send one request exactly as given, on a connection of its own, past any proxy; redirects are not followed.

    `timeout` is in seconds, for connecting and for each silence after that.

    Raises:
        NoAnswerError: nobody answered, or not with HTTP.
    """
    return _ask(url, method=method, headers=headers or {}, body=body, timeout=timeout, trace=None)


class Asking:
    """A request like that of `ask`, sent from a thread of its own, so that something else can end the wait for it."""

    def __init__(self, url: str, *, method: str, headers: Mapping[str, str], body: bytes, timeout: float) -> None:
        self._socket: socket.socket | None = None
        self._given_up = False
        self._answer: Answer | NoAnswerError = NoAnswerError("given up")
        self._request = (url, method, headers, body, timeout)
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it is over, after at most so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """Close the connection: there will be no answer. Returns when the thread has ended."""
        self._given_up = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def answer(self) -> Answer:
        """The answer to a request that is over.

        Raises:
            NoAnswerError: there was none.
        """
        if isinstance(self._answer, NoAnswerError):
            raise self._answer
        return self._answer

    def _run(self) -> None:
        url, method, headers, body, timeout = self._request
        try:
            self._answer = _ask(url, method=method, headers=headers, body=body, timeout=timeout, trace=self._heard)
        except NoAnswerError as error:
            self._answer = error

    def _heard(self, event: str, facts: Mapping[str, Any]) -> None:
        """What httpcore tells of its connection (https://www.encode.io/httpcore/extensions/#trace)."""
        if event == "connection.connect_tcp.complete":
            self._socket = facts["return_value"].get_extra_info("socket")
            if self._given_up and self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


def _ask(
    url: str,
    *,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
    trace: Callable[[str, Mapping[str, Any]], None] | None,
) -> Answer:
    given = {"user-agent": f"hgw/{__version__}", "accept": "*/*"}
    given |= {name.lower(): value for name, value in headers.items()}
    try:
        # A certificate store takes longer to load than a request on this machine takes.
        with httpx.Client(trust_env=False, timeout=timeout, verify=url.startswith("https:")) as session:
            request = httpx.Request(method, url, headers=given, content=body or None)
            if trace is not None:
                request.extensions["trace"] = trace
            answer = session.send(request)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswerError(reason(error)) from error
    return Answer(
        status=answer.status_code,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=answer.content,
    )
