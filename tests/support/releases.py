"""Release hosts on this machine, archives of small tools that run, and an hgw that knows their digests.

The hosts answer as go.dev and GitHub do: an address redirects to a storage host, which honours Range. The archives
are laid out as the real ones; their programs answer their version and nothing else. hgw's pins are data, so a copy
of the package with other pins in `data/archives.toml` is hgw all the same.
"""

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.programs import python_path

ROOT = Path(__file__).parents[2]
PLATFORMS = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")
_SCRIPTS = {
    "go": """\
home="${0%/*}/.."
if [ "$1" = env ]; then cd "$home"; pwd; echo go{version}; exit 0; fi
echo "go $1: not in this stub" >&2; exit 2
""",
    "tinygo": """\
echo "tinygo version {version} linux/amd64 (using go version go1.20.14 and LLVM version 15.0.6)"
""",
    "binaryen": """\
echo "wasm-opt version {version} (version_{version})"
""",
}
_PROGRAMS = {"go": "go", "tinygo": "tinygo", "binaryen": "wasm-opt"}


def archive(tool: str, version: str, *, script: str | None = None, padding: int = 0) -> bytes:
    """A .tar.gz of a tool that answers as `version`; `padding` bytes that do not compress make it large."""
    text = "#!/bin/sh\n" + (script if script is not None else _SCRIPTS[tool].replace("{version}", version))
    top = {"go": "go", "tinygo": "tinygo", "binaryen": f"binaryen-version_{version}"}[tool]
    files = {
        f"{top}/bin/{_PROGRAMS[tool]}": (text.encode(), 0o755),
        f"{top}/README": (b"a stub\n", 0o644),
        f"{top}/src/data": (os.urandom(padding), 0o644),
    }
    return packed(files)


def packed(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A .tar.gz with these files and their permissions."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, (content, mode) in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=1)


@dataclass
class Releases:
    """A release host. `files` are its archives by name.

    `statuses` are answered for a name instead of the archive, and 503 for the first `busy` questions; `wrong` names are
    served with one byte changed; the first `cuts` answers for a name end halfway; `slow` names trickle until `release`
    is set. `requests` are the paths that were asked for, `ranges` the Range headers that storage saw, `served` counts
    whole answers by name.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    cuts: dict[str, int] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    url: str = ""

    def add(self, tool: str, version: str, content: bytes | None = None, **more: Any) -> bytes:
        """Offer an archive under the name that the tool's releases have; the same bytes for every platform."""
        content = archive(tool, version, **more) if content is None else content
        self.files[file_name(tool, version)] = content
        return content

    @property
    def mirrors(self) -> dict[str, str]:
        """The settings that make hgw come here."""
        return {"HGW_MIRROR_GO": f"{self.url}/dl", "HGW_MIRROR_GITHUB": self.url}


def file_name(tool: str, version: str) -> str:
    """The name of an archive, the same for all platforms here."""
    return f"{tool}{version}.tar.gz"


class _Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, releases: Releases) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.releases = releases


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Site

    def log_message(self, *_args: object) -> None:
        """A test's output is for its own words."""

    def do_HEAD(self) -> None:
        name = self.path.rpartition("/")[2]
        content = self.server.releases.files.get(name)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()

    def do_GET(self) -> None:
        releases = self.server.releases
        name = self.path.rpartition("/")[2]
        releases.requests.append(self.path)
        if name in releases.statuses or "*" in releases.statuses:
            self._answer(releases.statuses.get(name) or releases.statuses["*"], {})
        elif name not in releases.files:
            self._answer(404, {})
        elif releases.busy.get(name, 0) > 0:
            releases.busy[name] -= 1
            self._answer(503, {"Retry-After": "1"})
        elif not self.path.startswith("/storage/"):
            self._answer(302, {"Location": f"/storage/{name}"})
        else:
            self._give(name)

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def _give(self, name: str) -> None:
        releases = self.server.releases
        content = releases.files[name]
        if name in releases.wrong:
            content = content[:-1] + bytes([content[-1] ^ 1])
        wanted = self.headers.get("Range", "")
        releases.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        try:
            self._send(name, content[start:])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _send(self, name: str, content: bytes) -> None:
        releases = self.server.releases
        if releases.cuts.get(name, 0) > 0:
            releases.cuts[name] -= 1
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        if name in releases.slow:
            content = self._trickle(content)
        self.wfile.write(content)
        releases.served[name] = releases.served.get(name, 0) + 1

    def _trickle(self, content: bytes) -> bytes:
        """Half of it at once, then a byte now and then until the test says so; the rest is returned."""
        sent = len(content) // 2
        self.wfile.write(content[:sent])
        self.wfile.flush()
        while not self.server.releases.release.wait(0.05):
            self.wfile.write(content[sent : sent + 1])
            self.wfile.flush()
            sent += 1
        return content[sent:]


@contextmanager
def serving(releases: Releases) -> Iterator[Releases]:
    """Serve until the context ends; `releases.url` is where."""
    site = _Site(releases)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    releases.url = f"http://127.0.0.1:{site.server_address[1]}"
    try:
        yield releases
    finally:
        releases.release.set()
        site.shutdown()
        thread.join()
        site.server_close()


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class PinnedHgw:
    """An hgw whose pins are the archives of a release host, run in processes of their own.

    Nothing but what a test puts on its PATH is there, and what its children would reach is out of reach.
    """

    def __init__(self, folder: Path, releases: Releases, *, path: str = "") -> None:
        self.home = folder / "hgw-home"
        self.work = folder / "work"
        self._package = folder / "package"
        self._copy(releases)
        (folder / "no-tools").mkdir(exist_ok=True)
        self.variables = {
            **{name: os.environ[name] for name in ("TMPDIR", "SYSTEMROOT") if name in os.environ},
            "HOME": str(folder / "home"),
            "HGW_HOME": str(self.home),
            "PATH": path or str(folder / "no-tools"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": python_path(self._package),
            "PYTHONWARNINGS": "error",
            "PIP_NO_INDEX": "1",
            **releases.mirrors,
        }

    @property
    def tools(self) -> Path:
        return self.home / "data" / "tools"

    def start(self, *argv: str, **more: str) -> subprocess.Popen[str]:
        """Start `hgw ARGUMENT...`."""
        return subprocess.Popen(
            [sys.executable, "-m", "higress_cli", *argv],
            cwd=self.work,
            env={**self.variables, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __call__(self, *argv: str, **more: str) -> Ended:
        """Run `hgw ARGUMENT...` to its end."""
        process = self.start(*argv, **more)
        out, err = process.communicate(timeout=120)
        return Ended(process.returncode, out, err)

    def pin(self, file: str, pattern: str, replacement: str) -> None:
        """Change one pin in a data file of this hgw."""
        path = self._package / "higress_cli" / "data" / file
        changed, count = re.subn(pattern, replacement, path.read_text("utf-8"))
        assert count == 1, f"{pattern} is not in {file} once"
        path.write_text(changed, encoding="utf-8")

    def installed(self) -> list[str]:
        """What the store holds, as `NAME/VERSION+SOURCE`; leftovers of any kind count too."""
        if not self.tools.exists():
            return []
        found = [path for path in self.tools.iterdir() if path.name != ".lock"]
        return sorted(
            str(below.relative_to(self.tools))
            for path in found
            for below in (path.iterdir() if path.is_dir() else [path])
        )

    def _copy(self, releases: Releases) -> None:
        target = self._package / "higress_cli"
        if not target.exists():
            # Bytecode saves half a second a process; what another test is just writing of it is passed by.
            shutil.copytree(ROOT / "higress_cli", target, ignore=shutil.ignore_patterns("*.pyc.*"))
        rows: dict[str, dict[str, list[str]]] = {"go": {}, "tinygo": {}, "binaryen": {}}
        for name, content in releases.files.items():
            tool = next(known for known in rows if name.startswith(known))
            version = name.removeprefix(tool).removesuffix(".tar.gz")
            digest = hashlib.sha256(content).hexdigest()
            row = f'{{ file = "{name}", sha256 = "{digest}", source = "a test" }}'
            rows[tool][version] = [f"{platform} = {row}" for platform in PLATFORMS]
        lines = [
            text
            for tool, versions in rows.items()
            for text in (f"[{tool}]", *(line for v, row in versions.items() for line in (f'[{tool}."{v}"]', *row)))
        ]
        (target / "data" / "archives.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.work.mkdir(exist_ok=True)
