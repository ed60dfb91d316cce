"""A Go module proxy that serves what a module cache has downloaded (go.dev/ref/mod, "GOPROXY protocol")."""

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile


def refuses_lists(path: str) -> bool:
    """What a proxy refuses that serves only versions that are named."""
    return path.endswith(("/@v/list", "/@latest"))


def publish(folder: Path, module: str, version: str, *, go: str, source: str = "package dep\n") -> None:
    """Put a version of a Go module of one package into `folder`, made for the Go version `go`."""
    versions = folder / module / "@v"
    versions.mkdir(parents=True, exist_ok=True)
    go_mod = f"module {module}\n\ngo {go}\n"
    with (versions / "list").open("a", encoding="utf-8") as file:
        file.write(f"{version}\n")
    (versions / f"{version}.info").write_text(json.dumps({"Version": version, "Time": "2024-01-01T00:00:00Z"}), "utf-8")
    (versions / f"{version}.mod").write_text(go_mod, "utf-8")
    with ZipFile(versions / f"{version}.zip", "w") as archive:
        archive.writestr(f"{module}@{version}/go.mod", go_mod)
        archive.writestr(f"{module}@{version}/dep.go", source)


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
