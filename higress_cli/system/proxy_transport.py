"""Requests through a proxy, whose failures say so: httpx tells a proxy that does not answer as if it were the host."""

import ssl

import httpx

from higress_cli.system.error_causes import causes
from higress_cli.system.proxies import Proxy


class ProxyFailure(httpx.ProxyError):
    """A proxy that cannot be reached, or that refuses to pass a request on; `proxy` is which."""

    def __init__(self, proxy: Proxy, error: httpx.TransportError) -> None:
        super().__init__(str(error))
        self.proxy = proxy


class ThroughProxy(httpx.HTTPTransport):
    """A way to hosts by a proxy.

    Raises:
        ValueError: its URL is not that of a proxy.
    """

    def __init__(self, proxy: Proxy, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, proxy=proxy.url)
        self._proxy = proxy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            ProxyFailure: the proxy is in the way.
            httpx.TransportError: what is behind it is.
        """
        try:
            return super().handle_request(request)
        except (httpx.ProxyError, httpx.ConnectError, httpx.ConnectTimeout) as error:
            # The proxy has connected where TLS fails: the certificate is that of the host.
            if any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
                raise
            raise ProxyFailure(self._proxy, error) from error
