"""What reads plugin images in clusters, run on this machine: each says whether it takes an image of a registry.

The gateway's agent is the program in tests/e2e/judge. The plugin server copies an image with oras and has rules about
what came (higress-group/plugin-server, pull_plugins.py, 56f04e9). Kubernetes mounts what containerd can unpack.
"""

import contextlib
import http.client
import json
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.images import Shape
from tests.support.real_registries import Place, Programs, judged, oras

_START_SECONDS: Final = 30.0
_RAW: Final = "application/vnd.module.wasm.content.layer.v1+wasm"
_TARS: Final = frozenset(
    {"application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.oci.image.layer.v1.tar+gzip"}
)


def publish(place: Place, repository: str, shape: Shape) -> None:
    """Push an image as it is, however odd, by requests of the distribution specification."""
    connection = http.client.HTTPConnection(place.host, timeout=20)

    def ask(method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> str:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
        return str(answer.headers.get("Location") or "")

    for digest, content in shape.blobs.items():
        location = ask("POST", f"/v2/{repository}/blobs/uploads/")
        ask("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", content)
    for child in shape.children:
        ask("PUT", f"/v2/{repository}/manifests/{child.digest}", child.content, child.media_type)
    ask("PUT", f"/v2/{repository}/manifests/1", shape.content, shape.media_type)
    connection.close()


def gateway_takes(programs: Programs, place: Place, images: list[str]) -> Mapping[str, bool]:
    """The verdict of the gateway's agent about each image."""
    return {item["image"]: bool(item["taken"]) for item in judged(programs, place, *images)}


def plugin_server_takes(programs: Programs, place: Place, image: str) -> bool:
    """The verdict of the plugin server."""
    with tempfile.TemporaryDirectory() as name:
        layout = Path(name)
        oras(programs, place, "cp", image, "--to-oci-layout", str(layout))
        entries = json.loads((layout / "index.json").read_text("utf-8"))["manifests"]
        if len(entries) != 1:
            return False  # an index and what it lists
        layers = json.loads(_blob(layout, entries[0]["digest"]).read_text("utf-8")).get("layers", [])
        wanted = [layer for layer in layers if layer["mediaType"] in {_RAW, *_TARS}]
        if len(wanted) != 1:
            return False
        blob = _blob(layout, wanted[0]["digest"])
        if wanted[0]["mediaType"] == _RAW:
            return blob.read_bytes().startswith(b"\0asm")
        try:
            with tarfile.open(blob, "r:gz") as tar:
                found = [entry for entry in tar.getmembers() if entry.isfile() and entry.name.endswith(".wasm")]
                content = tar.extractfile(found[0]) if len(found) == 1 else None
                return content is not None and content.read(4) == b"\0asm"
        except tarfile.TarError:
            return False


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


@dataclass(frozen=True)
class Containerd:
    """A containerd that runs in `folder`; `variables` are those by which its programs are found."""

    folder: Path
    variables: Mapping[str, str]

    def takes(self, image: str) -> bool:
        """Whether an image can be pulled over plain HTTP and mounted, and has a module in it."""
        # Its path is what containerd calls the mounted snapshot, so it must be a new one.
        mounted = Path(tempfile.mkdtemp(dir=self.folder))
        snapshots = ("--snapshotter", "native")
        try:
            if self._ctr("images", "pull", "--plain-http", *snapshots, image):
                return False
            assert self._ctr("images", "mount", *snapshots, image, str(mounted)) == 0
            try:
                return any(mounted.rglob("*.wasm"))
            finally:
                subprocess.run(["umount", str(mounted)], check=True)
        finally:
            mounted.rmdir()

    def _ctr(self, *argv: str) -> int:
        socket = str(self.folder / "socket")
        done = subprocess.run(["ctr", "--address", socket, *argv], env=self.variables, capture_output=True, check=False)
        return done.returncode

    def answers(self) -> bool:
        return self._ctr("version") == 0


@contextlib.contextmanager
def containerd(root: Path) -> Iterator[Containerd]:
    """Debian's containerd, unpacked in `root`, until the context ends. It needs root."""
    path = f"{root / 'usr' / 'sbin'}:{root / 'usr' / 'bin'}:{os.environ['PATH']}"
    libraries = str(root / "usr" / "lib" / "x86_64-linux-gnu")
    # Short: a socket's path may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="hgw-containerd-", dir="/tmp") as name:
        folder = Path(name)
        variables = {"PATH": path, "LD_LIBRARY_PATH": libraries, "HOME": name}
        config = (
            f'version = 2\nroot = "{folder / "root"}"\nstate = "{folder / "state"}"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{folder / "socket"}"\n'
        )
        (folder / "config.toml").write_text(config, "utf-8")
        argv = ["containerd", "--config", str(folder / "config.toml")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(argv, env=variables, stdout=log, stderr=log)
        try:
            running = Containerd(folder, variables)
            deadline = time.monotonic() + _START_SECONDS
            while not running.answers():
                assert time.monotonic() < deadline, (folder / "log").read_text("utf-8", "replace")[-3000:]
                time.sleep(0.1)
            yield running
        finally:
            process.terminate()
            process.wait(20)
