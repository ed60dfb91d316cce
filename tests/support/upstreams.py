"""Servers that answer as go.dev's list of downloads, GitHub's API and the files beside binaryen's releases do."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


def go_file(version: str, platform: str, sha256: str, *, kind: str = "archive") -> dict[str, Any]:
    system, machine = platform.split("-")
    name = f"go{version}.{platform}.tar.gz"
    return {"filename": name, "os": system, "arch": machine, "version": f"go{version}", "sha256": sha256, "kind": kind}


@dataclass
class Upstreams:
    """`go` is go.dev's list; `releases` are pages of GitHub's lists by repository; `files` are texts by their name."""

    go: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def add_go(self, version: str, *files: dict[str, Any], stable: bool = True) -> None:
        self.go.append({"version": f"go{version}", "stable": stable, "files": list(files)})

    def add(self, repository: str, tag: str, assets: dict[str, str | None], *, prerelease: bool = False) -> None:
        """A release on a page of its own; `assets` are names and digests, None where GitHub knows none."""
        listed = [
            {
                "name": name,
                "digest": f"sha256:{digest}" if digest else None,
                "browser_download_url": f"{self.url}/files/{name}",
            }
            for name, digest in assets.items()
        ]
        release = {"tag_name": tag, "draft": False, "prerelease": prerelease, "assets": listed}
        self.releases.setdefault(repository, []).append([release])


@contextmanager
def upstreams() -> Iterator[Upstreams]:
    """Serve until the context ends."""
    served = Upstreams()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """A test's output is for its own words."""

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if path == "/dl/" and query.get("include") == ["all"]:
                self._give(json.dumps(served.go))
            elif path.startswith("/repos/"):
                self._page(path.removeprefix("/repos/").removesuffix("/releases"), int(query.get("page", ["1"])[0]))
            elif (name := path.removeprefix("/files/")) in served.files:
                self._give(served.files[name])
            else:
                self.send_error(404)

        def _page(self, repository: str, number: int) -> None:
            pages = served.releases.get(repository, [[]])
            following = f'<{served.url}/repos/{repository}/releases?page={number + 1}>; rel="next"'
            self._give(json.dumps(pages[number - 1]), link=following if number < len(pages) else None)

        def _give(self, text: str, *, link: str | None = None) -> None:
            self.send_response(200)
            if link:
                self.send_header("Link", link)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield served
        finally:
            server.shutdown()
