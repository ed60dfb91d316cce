"""The one place that speaks HTTP to the outside."""

from collections.abc import Mapping
from typing import Final

import httpx

from higress_cli import __version__

# A dead network has to cost seconds: a host that does not answer the handshake in this time counts as out of reach.
CONNECT_SECONDS: Final = 4.0
READ_SECONDS: Final = 20.0


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


def reason(error: httpx.HTTPError) -> str:
    """Why a request failed, in one line that names no secret (a proxy's password is part of its URL)."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code} {error.response.reason_phrase}".strip()
    return str(error) or type(error).__name__
