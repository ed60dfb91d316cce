"""Real registries on this machine, and programs that read them: fetched once in a checkout and kept in its .cache.

Debian's docker-registry is unpacked from its package; go-containerregistry's registry and crane are compiled from their
Go module, oras from its own, and so is the program in tests/e2e/judge. Nothing is installed, and nobody has to be root.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import filelock

from tests.support.ports import unused_port

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".cache" / "registries"
JUDGE: Final = ROOT / "tests" / "e2e" / "judge"
CERTIFICATES: Final = Path(__file__).with_name("certificates")
_COMMANDS: Final = {
    "registry": "github.com/google/go-containerregistry/cmd/registry@v0.22.1",
    "crane": "github.com/google/go-containerregistry/cmd/crane@v0.22.1",
    "oras": "oras.land/oras/cmd/oras@v1.3.6",
}
USER, PASSWORD = "me", "s3cret"
# `htpasswd -B`: docker-registry takes bcrypt alone.
_HTPASSWD: Final = "me:$2a$05$Q4qdYtkeCW8sZ1P1/Jd6WO543eRSSk60FOZU5LnS783M9vh3lI9TO\n"


@dataclass(frozen=True)
class Programs:
    docker_registry: Path
    registry: Path
    crane: Path
    oras: Path
    judge: Path


@dataclass(frozen=True)
class Place:
    """A registry that runs. `variables` are those with which clients trust it and log in."""

    host: str
    variables: Mapping[str, str]
    tls: bool = False

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.host.rpartition(":")[2])


def provide(variables: Mapping[str, str]) -> Programs:
    """The programs, made if they are not there yet; `variables` has a PATH with the go command, and a HOME."""
    programs = Programs(
        docker_registry=FOLDER / "usr" / "bin" / "docker-registry",
        registry=FOLDER / "bin" / "registry",
        crane=FOLDER / "bin" / "crane",
        oras=FOLDER / "bin" / "oras",
        judge=FOLDER / "bin" / "judge",
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(FOLDER / "lock"):
        if not programs.docker_registry.exists():
            _run(["apt-get", "download", "docker-registry"], FOLDER, variables)
            [package] = FOLDER.glob("docker-registry_*.deb")
            _run(["dpkg-deb", "-x", str(package), "."], FOLDER, variables)
        go = {**variables, "GOBIN": str(FOLDER / "bin"), "GOFLAGS": "-mod=readonly"}
        for name, command in _COMMANDS.items():
            if not (FOLDER / "bin" / name).exists():
                _run(["go", "install", command], FOLDER, {**go, "GOFLAGS": ""})
        _run(["go", "build", "-o", str(programs.judge), "."], JUDGE, go)
    return programs


def _run(argv: list[str], cwd: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(argv, cwd=cwd, env=dict(variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def docker_registry(programs: Programs, folder: Path) -> Iterator[Place]:
    """Debian's docker-registry with TLS by an authority of nobody and a password."""
    port = unused_port()
    (folder / "htpasswd").write_text(_HTPASSWD, "utf-8")
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {
            "addr": f"127.0.0.1:{port}",
            "tls": {"certificate": str(CERTIFICATES / "server.pem"), "key": str(CERTIFICATES / "server.key")},
        },
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(json.dumps(config), "utf-8")
    docker = folder / "docker"
    docker.mkdir()
    (docker / "config.json").write_text(
        json.dumps({"auths": {f"localhost:{port}": {"username": USER, "password": PASSWORD}}}), "utf-8"
    )
    variables = {"SSL_CERT_FILE": str(CERTIFICATES / "authority.pem"), "DOCKER_CONFIG": str(docker)}
    argv = [str(programs.docker_registry), "serve", str(folder / "config.yml")]
    with _serving(argv, port, folder):
        yield Place(host=f"localhost:{port}", variables=variables, tls=True)


@contextlib.contextmanager
def plain_registry(programs: Programs, folder: Path) -> Iterator[Place]:
    """go-containerregistry's registry: in memory, without TLS and without a password."""
    port = unused_port()
    with _serving([str(programs.registry), "-port", str(port)], port, folder):
        yield Place(host=f"localhost:{port}", variables={"DOCKER_CONFIG": str(folder)})


@contextlib.contextmanager
def _serving(argv: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / f"{Path(argv[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            assert process.poll() is None, f"{argv[0]} has ended"
            assert time.monotonic() < deadline, f"{argv[0]} does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def judged(programs: Programs, place: Place, *images: str) -> list[dict[str, Any]]:
    """What the Go program around go-containerregistry says of each image."""
    return [json.loads(line) for line in _ask(programs.judge, place, *images).splitlines()]


def crane(programs: Programs, place: Place, *argv: str) -> str:
    """What crane prints."""
    return _ask(programs.crane, place, *argv)


def oras(programs: Programs, place: Place, *argv: str) -> str:
    """What oras prints: `argv` is a command of two words or one, and its arguments."""
    # At localhost oras takes plain HTTP for granted.
    option = "--from-plain-http" if argv[0] == "cp" else "--plain-http"
    return _ask(programs.oras, place, *argv, f"{option}={str(not place.tls).lower()}")


def curl(place: Place, path: str, *, accept: str = "*/*") -> bytes:
    """What curl gets from a path of the registry, however often it is sent elsewhere."""
    argv = ["curl", "--silent", "--show-error", "--fail", "--location", "--header", f"Accept: {accept}"]
    if place.tls:
        argv += ["--cacert", place.variables["SSL_CERT_FILE"], "--user", f"{USER}:{PASSWORD}"]
    scheme = "https" if place.tls else "http"
    done = subprocess.run([*argv, f"{scheme}://{place.host}{path}"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _ask(program: Path, place: Place, *argv: str) -> str:
    home = Path(place.variables["DOCKER_CONFIG"])
    return _run([str(program), *argv], home, {"HOME": str(home), "PATH": os.environ["PATH"], **place.variables})
