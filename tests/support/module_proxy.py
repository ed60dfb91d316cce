"""A Go module proxy that serves what a module cache has downloaded (go.dev/ref/mod, "GOPROXY protocol")."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


def refuses_lists(path: str) -> bool:
    """What a proxy refuses that serves only versions that are named."""
    return path.endswith(("/@v/list", "/@latest"))


@contextlib.contextmanager
def module_proxy(folder: Path, *, refuses: Callable[[str], bool] = lambda _path: False) -> Iterator[str]:
    """The URL of a proxy in front of `folder`; paths that it `refuses` are answered with 403 and a reason."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

        def do_GET(self) -> None:
            if not refuses(self.path):
                super().do_GET()
                return
            reason = b"This module version is not available.\n"
            self.send_response(403)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(reason)))
            self.end_headers()
            self.wfile.write(reason)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
