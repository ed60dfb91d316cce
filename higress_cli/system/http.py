"""The one place that speaks HTTP to the outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from higress_cli import __version__

# A dead network has to cost seconds: a host that does not answer the handshake in this time counts as out of reach.
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 20.0
_REFUSALS: Final = frozenset({401, 403, 407, 429, 451})


def client(variables: Mapping[str, str]) -> httpx.Client:
    """A client that follows redirects, honours the proxy and certificate variables and gives up soon."""
    import ssl

    verify: ssl.SSLContext | bool = True
    if bundle := variables.get("SSL_CERT_FILE"):
        verify = ssl.create_default_context(cafile=bundle)
    return httpx.Client(
        follow_redirects=True,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": f"hgw/{__version__}"},
        verify=verify,
    )


def authorities(variables: Mapping[str, str]) -> Path:
    """The file with the certificate authorities that a server's certificate is checked by."""
    import certifi

    return Path(variables.get("SSL_CERT_FILE") or certifi.where())


def refusal(url: str, variables: Mapping[str, str]) -> str | None:
    """Why the host of `url` gives nothing to this machine, None where it answers; nothing is downloaded.

    That it does not have this very file (404) is an answer; that it or a proxy refuses, or is broken, is none.
    """
    try:
        with client(variables) as session, session.stream("GET", url) as response:
            status = response.status_code
            if status in _REFUSALS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
                return f"HTTP {status} {response.reason_phrase}".strip()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return reason(error) if isinstance(error, httpx.HTTPError) else str(error)
    return None


def reason(error: httpx.HTTPError) -> str:
    """Why a request failed, in one line that names no secret (a proxy's password is part of its URL)."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code} {error.response.reason_phrase}".strip()
    return str(error) or type(error).__name__


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
    given = {"user-agent": f"hgw/{__version__}", "accept": "*/*"}
    given |= {name.lower(): value for name, value in (headers or {}).items()}
    try:
        # A certificate store takes longer to load than a request on this machine takes.
        with httpx.Client(trust_env=False, timeout=timeout, verify=url.startswith("https:")) as session:
            request = httpx.Request(method, url, headers=given, content=body or None)
            answer = session.send(request)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswerError(reason(error) if isinstance(error, httpx.HTTPError) else str(error)) from error
    return Answer(
        status=answer.status_code,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=answer.content,
    )
