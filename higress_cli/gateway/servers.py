"""The HTTP servers that hgw itself runs: the upstream, and services that a plugin calls.

They run in threads of this process, on the loopback address, under waitress, so none can outlive hgw.
"""

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from wsgiref.types import StartResponse, WSGIEnvironment

from higress_cli.gateway.connections import LOOPBACK
from higress_cli.gateway.extra import ExtraMissing
from higress_cli.gateway.services import Endpoint
from higress_cli.system.http import joined

_MOST_RECORDED_BYTES: Final = 1 << 20
_THREADS: Final = 16

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as a server saw it. Header names are lower-case; `body` is None if it is larger than a mebibyte.

    `pairs` are the headers one by one, and `trailers`, if the server sees them.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    pairs: tuple[tuple[str, str], ...] = ()
    trailers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_pairs(
        cls,
        *,
        method: str,
        path: str,
        pairs: tuple[tuple[str, str], ...],
        body: bytes,
        trailers: tuple[tuple[str, str], ...],
    ) -> Self:
        return cls(method=method, path=path, headers=joined(pairs), body=body, pairs=pairs, trailers=trailers)

    @property
    def text(self) -> str | None:
        return None if self.body is None else self.body.decode("utf-8", errors="replace")

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a header; joined ones if the server does not see them one by one."""
        if self.pairs:
            return tuple(value for key, value in self.pairs if key == name)
        return (self.headers[name],) if name in self.headers else ()


class Server:
    """A WSGI application on a port of this machine, which runs from its creation until it is closed."""

    def __init__(self, application: Application, *, port: int = 0) -> None:
        """Start it; port 0 is any free one.

        Raises:
            OSError: the port is taken, or may not be used.
            ToolError: `engine-missing` if waitress is not installed.
        """
        try:
            from waitress.server import create_server
        except ImportError as error:
            raise ExtraMissing("waitress") from error

        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            application,
            map=self._sockets,
            host=LOOPBACK,
            port=port,
            threads=_THREADS,
            # The application must see the gateway's headers about its client, such as X-Forwarded-Proto.
            clear_untrusted_proxy_headers=False,
        )
        self.at = Endpoint(host=LOOPBACK, port=int(self._server.effective_port))
        self._thread = threading.Thread(target=self._server.run, name=f"server-{self.at.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop. The port is closed when this returns."""

        def end() -> None:
            self._server.asyncore.close_all(self._sockets, ignore_all=True)

        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=0.1)
        with contextlib.suppress(OSError):
            self._server.trigger.pull_trigger(end)
        self._thread.join(timeout=2.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def recorded(application: Application, sink: Callable[[Seen], None]) -> Application:
    """`application`, with a call of `sink` for each request before it is answered."""

    def record(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes | None = b""
        if length > _MOST_RECORDED_BYTES:
            body = None
        elif length:
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(body or b"")
        sink(Seen(method=environ["REQUEST_METHOD"], path=_path(environ), headers=_headers(environ), body=body))
        return application(environ, start_response)

    return record


@contextlib.contextmanager
def refusing() -> Iterator[Endpoint]:
    """An address that refuses connections until the context ends; no other program can listen there."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        yield Endpoint(host=LOOPBACK, port=int(holder.getsockname()[1]))


def _path(environ: WSGIEnvironment) -> str:
    """Path and query as they were sent."""
    if raw := environ.get("REQUEST_URI"):
        return str(raw)
    query = environ.get("QUERY_STRING")
    return f"{environ.get('PATH_INFO', '/')}{f'?{query}' if query else ''}"


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    found = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): _bytes_as_text(str(value))
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            found[key.replace("_", "-").lower()] = str(environ[key])
    return found


def _bytes_as_text(value: str) -> str:
    """WSGI hands over the bytes of a header one character each (PEP 3333)."""
    return value.encode("latin-1").decode("utf-8", "replace")
