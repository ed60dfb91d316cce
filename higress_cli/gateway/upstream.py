"""The upstream of a gateway: httpbin in this process, or another server."""

import contextlib
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, Protocol

from higress_cli.choice import Choice
from higress_cli.document import JsonObject
from higress_cli.gateway.extra import ExtraMissing
from higress_cli.gateway.listening import Listening, PortTaken, taken_error
from higress_cli.gateway.log_file import MOST_BYTES, LogFile
from higress_cli.gateway.run_folder import UPSTREAM, RunFolder
from higress_cli.gateway.servers import Application, Seen, Server, recorded
from higress_cli.gateway.services import Endpoint, endpoint
from higress_cli.gateway.watch import Tail
from higress_cli.settings.project import HTTPBIN

_PACKAGES: Final = ("httpbin", "waitress")


class Upstream(Protocol):
    """A server behind the gateway."""

    @property
    def at(self) -> Endpoint: ...

    def seen(self) -> Sequence[Seen] | None:
        """The requests that reached it since the last call; None if hgw cannot see them."""


def check_upstream(wanted: Choice[str]) -> None:
    """Check that the upstream of the setting `wanted` is usable, without importing its packages.

    Raises:
        ToolError: `engine-missing` if it is httpbin and one of its packages is not installed.
        InvalidInput, UsageError: `service-invalid` if it is not an address.
    """
    if wanted.value != HTTPBIN:
        endpoint(wanted.value, source=wanted.source, word=HTTPBIN)
        return
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise ExtraMissing(package)


@contextlib.contextmanager
def open_upstream(wanted: Choice[str], *, at: Listening, folder: RunFolder) -> Iterator[Upstream]:
    """The upstream of the setting `wanted`; httpbin listens on `at` and keeps its files in `folder`.

    Raises:
        ToolError: `engine-missing`. GatewayError: `port-in-use`.
        InvalidInput, UsageError: `service-invalid`.
    """
    check_upstream(wanted)
    if wanted.value != HTTPBIN:
        yield _Foreign(endpoint(wanted.value, source=wanted.source))
        return
    with _log_to(folder.server_log):
        application = recorded(_httpbin(), RequestLog(folder.log(UPSTREAM)))
        try:
            server = Server(application, port=at.port)
        except OSError as error:
            raise taken_error([PortTaken.of(at)]) from error
        with server:
            yield _Own(server, folder.path / UPSTREAM)


class _Foreign:
    def __init__(self, at: Endpoint) -> None:
        self.at = at

    def seen(self) -> None:
        return None


class _Own:
    def __init__(self, server: Server, log: Path) -> None:
        self.at = server.at
        self._requests = SeenRequests(log)

    def seen(self) -> Sequence[Seen]:
        return self._requests.take()


class SeenRequests:
    """The requests that were added to a `RequestLog` since the last call, also by another hgw."""

    def __init__(self, path: Path) -> None:
        """Follow the file `path` from its current end."""
        self._tail = Tail(path, only_new=True)

    def take(self) -> Sequence[Seen]:
        """The new requests, oldest first."""
        return [_seen(entry) for entry in self._tail.objects()]


def _seen(entry: JsonObject) -> Seen:
    headers, body = entry.get("headers"), entry.get("body")
    return Seen(
        method=str(entry.get("method")),
        path=str(entry.get("path")),
        headers=headers if isinstance(headers, dict) else {},
        body=None if body is None else str(body).encode(),
    )


def _httpbin() -> Application:
    """The application of the PyPI package httpbin, the upstream that the guide uses."""
    logging.getLogger("httpbin").setLevel(logging.ERROR)  # it warns that its own web page is plain
    from httpbin import app

    application: Application = app
    return application


class RequestLog:
    """A file with one JSON object for each request that a server saw."""

    def __init__(self, log: LogFile) -> None:
        self._log = log

    def __call__(self, seen: Seen) -> None:
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": seen.method,
            "path": seen.path,
            "headers": dict(seen.headers),
            "body": seen.text,
        }
        self._log.add(json.dumps(entry, ensure_ascii=False))


class _QuietHandler(RotatingFileHandler):
    """A log of limited size; failures to write it are ignored."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """Do nothing: the standard handler prints a traceback."""


@contextlib.contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Send what the servers' libraries log to a file, not to the terminal."""
    handler = _QuietHandler(path, encoding="utf-8", delay=True, maxBytes=MOST_BYTES, backupCount=1)
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
