"""The HTTP servers that hgw itself plays: httpbin as the upstream, and services that a plugin calls.

They run in threads of this process, on the loopback address, under waitress: nothing to install, nothing left behind.
"""

import contextlib
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from higress_cli.errors import GatewayError
from higress_cli.gateway.services import Endpoint
from higress_cli.i18n import _
from higress_cli.system import ports

LOOPBACK: Final = "127.0.0.1"
_MOST_RECORDED_BYTES: Final = 1 << 20
_THREADS: Final = 16

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as a server saw it. Header names are lower-case; a body beyond a mebibyte is not kept (None)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def text(self) -> str | None:
        return None if self.body is None else self.body.decode("utf-8", errors="replace")


class Server:
    """A WSGI application on a port of this machine, answering since it was made and until it is closed."""

    def __init__(self, application: Application, *, port: int = 0) -> None:
        """Start it; port 0 is any.

        Raises:
            OSError: the port cannot be had.
        """
        from waitress.server import create_server

        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            application,
            map=self._sockets,
            host=LOOPBACK,
            port=port,
            threads=_THREADS,
            # The application has to see what the gateway says about its client, such as X-Forwarded-Proto.
            clear_untrusted_proxy_headers=False,
        )
        self.at = Endpoint(host=LOOPBACK, port=int(self._server.effective_port))
        self._thread = threading.Thread(target=self._server.run, name=f"server-{self.at.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; nothing listens any more when this returns."""

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


def httpbin() -> Application:
    """The application of the PyPI package httpbin: the very upstream of the guide."""
    logging.getLogger("httpbin").setLevel(logging.ERROR)  # it warns that its own web page is plain
    from httpbin import app

    application: Application = app
    return application


def recorded(application: Application, sink: Callable[[Seen], None]) -> Application:
    """`application`, with `sink` told of each request before it is answered."""

    def record(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
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


def answering(*, status: int, headers: Mapping[str, str], body: str, delay_seconds: float) -> Application:
    """An application that gives the same answer to everything, after `delay_seconds`."""
    from http.client import responses

    phrase = responses.get(status, "Unknown")
    content = body.encode()
    given = {name.lower(): value for name, value in headers.items()}
    given.setdefault("content-length", str(len(content)))
    given.setdefault("content-type", "application/json" if body.lstrip()[:1] in {"{", "["} else "text/plain")

    def answer(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        time.sleep(delay_seconds)
        start_response(f"{status} {phrase}", list(given.items()))
        return [content]

    return answer


@contextlib.contextmanager
def refusing() -> Iterator[Endpoint]:
    """An address where connections are refused as long as the context lasts: nobody else can listen there."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        yield Endpoint(host=LOOPBACK, port=int(holder.getsockname()[1]))


@contextlib.contextmanager
def upstream(*, port: int, sink: Callable[[Seen], None], log: Path, source: str) -> Iterator[Server]:
    """Httpbin on `port` (0: any; `source` says who chose it), each request told to `sink`.

    Raises:
        GatewayError: `port-in-use`.
    """
    with _log_to(log):
        application = recorded(httpbin(), sink)
        try:
            server = Server(application, port=port)
        except OSError as error:
            raise port_in_use(LOOPBACK, port, option="--upstream-port", source=source) from error
        with server:
            yield server


def check_port(bind: str, port: int, *, option: str, source: str) -> None:
    """See that a server can listen there.

    Raises:
        GatewayError: `port-in-use`, `port-refused`.
    """
    reason = ports.refusal(bind, port)
    if reason is not None:
        raise GatewayError(
            _("cannot listen on {bind}:{port} (from {source}): {reason}").format(
                bind=bind, port=port, source=source, reason=reason
            ),
            code="port-refused",
            hint=_("name another with {option}").format(option=option if port else "--bind"),
            details={"bind": bind, "port": port, "source": source},
        )
    if not ports.is_free(bind, port):
        raise port_in_use(bind, port, option=option, source=source)


def port_in_use(bind: str, port: int, *, option: str, source: str) -> GatewayError:
    """The error for a port that somebody else has, with a free one to take instead."""
    holder = ports.holder(port)
    free = ports.free_port(bind, above=port)
    message = (
        _("port {port} (from {source}) is in use by {holder}")
        if holder
        else _("port {port} (from {source}) is in use by another program")
    )
    return GatewayError(
        message.format(port=port, source=source, holder=holder),
        code="port-in-use",
        hint=f"hgw run {option} {free}",
        details={"bind": bind, "port": port, "source": source, "holder": holder, "free": free},
    )


class RequestLog:
    """A file with one JSON object for each request that a server saw."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()

    def __call__(self, seen: Seen) -> None:
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": seen.method,
            "path": seen.path,
            "headers": dict(seen.headers),
            "body": seen.text,
        }
        with self._writing, self._path.open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(entry, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """What the servers' libraries log goes to a file: not a word of it belongs on the terminal."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    loggers = [logging.getLogger(name) for name in ("waitress", "httpbin")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


def _path(environ: Mapping[str, Any]) -> str:
    """Path and query as they were sent."""
    if raw := environ.get("REQUEST_URI"):
        return str(raw)
    query = environ.get("QUERY_STRING")
    return f"{environ.get('PATH_INFO', '/')}{f'?{query}' if query else ''}"


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    found = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            found[key.replace("_", "-").lower()] = str(environ[key])
    return found
