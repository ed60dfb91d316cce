"""A local HTTP server for one file, that fails in the ways that mirrors and proxies fail."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase


@dataclass
class FileServer:
    """`statuses` are answered first, one a request; then the first `cuts` answers end after half of their bytes.

    `retry_after` goes with the statuses. After the first cut the file is `changed`, where that is given. `ranges` False
    ignores Range, as some proxies do; one that `trickles` sends a byte at a time.
    `seen` are the Range headers that came ("" where there was none).
    """

    content: bytes
    statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    cuts: int = 0
    changed: bytes | None = None
    ranges: bool = True
    trickles: bool = False
    redirect_to: str | None = None
    seen: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:  # noqa: C901 -- the handler's methods count too
    """Serve until the context ends; `server.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None:
            """A test's output is for its own words."""

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            server.seen.append(wanted)
            if server.statuses:
                self._refuse(server.statuses.pop(0))
            elif server.redirect_to is not None and self.path != server.redirect_to:
                self.send_response(302)
                self.send_header("Location", server.redirect_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._give(wanted)

        def _refuse(self, status: int) -> None:
            self.send_response(status)
            if server.retry_after is not None:
                self.send_header("Retry-After", server.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _give(self, wanted: str) -> None:
            start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted and server.ranges else 0
            if start >= len(server.content) and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            rest = server.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if server.cuts > 0:
                server.cuts -= 1
                self.wfile.write(rest[: len(rest) // 2])
                self.close_connection = True
                server.content = server.changed or server.content
            elif server.trickles:
                _trickle(self.wfile, rest)
            else:
                self.wfile.write(rest)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def _trickle(sink: BufferedIOBase, content: bytes) -> None:
    with contextlib.suppress(OSError):  # whoever asked may have had enough
        for index in range(len(content)):
            sink.write(content[index : index + 1])
            time.sleep(0.001)
