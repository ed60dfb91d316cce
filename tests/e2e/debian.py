"""Programs of Debian's packages, unpacked into the checkout's .cache without installing anything."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import filelock

from higress_cli.gateway.services import Endpoint
from tests.e2e.conftest import CACHE
from tests.support.hgw_process import wait_for

PYTHON_PACKAGES = (
    "attr cached-property certifi chardet charset-normalizer distro docker dockerpty docopt dotenv idna jsonschema "
    "packaging pkg-resources pyrsistent requests setuptools six texttable urllib3 websocket yaml"
)
COMPOSE = ("docker-compose", *(f"python3-{name}" for name in PYTHON_PACKAGES.split()))
REDIS = ("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1")
START = "import sys; from compose.cli.main import main; sys.argv[0] = 'docker-compose'; main()"


def unpacked(name: str, *packages: str) -> Path:
    """The root folder of these packages, without what they depend on."""
    folder = CACHE / name
    with filelock.FileLock(CACHE / f"{name}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            for part in ("lists/partial", "archives/partial", "debs", "root"):
                (folder / part).mkdir(parents=True)
            apt = (
                "apt-get", "-q", "-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}",
                "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User=",
            )  # fmt: skip
            subprocess.run([*apt, "update"], check=True, capture_output=True)
            subprocess.run([*apt, "download", *packages], check=True, capture_output=True, cwd=folder / "debs")
            for package in (folder / "debs").glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(folder / "root")], check=True)
            (folder / "done").touch()
    return folder / "root"


def docker_compose(folder: Path) -> Path:
    """Debian's docker-compose as a program in `folder`. It needs no daemon for judging files, and no root."""
    packages = unpacked("e2e-compose", *COMPOSE) / "usr" / "lib" / "python3" / "dist-packages"
    program = folder / "docker-compose"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH=\'{packages}\' PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -c "{START}" "$@"\n'
    )
    program.chmod(0o755)
    return program


@contextlib.contextmanager
def redis_server(folder: Path, *, password: str = "") -> Iterator[Endpoint]:
    """Where Debian's redis-server listens, until the context ends. It keeps everything in memory."""
    root = unpacked("e2e-redis", *REDIS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        at = Endpoint(host="127.0.0.1", port=free.getsockname()[1])
    options = {"port": at.port, "bind": at.host, "dir": folder, "save": "", "requirepass": password}
    argv = [str(root / "usr" / "bin" / "redis-server"), *(str(w) for k, v in options.items() for w in (f"--{k}", v))]
    libraries = os.pathsep.join(map(str, (root / "usr" / "lib").glob("*-linux-gnu")))
    log = folder / "redis.log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, env={"LD_LIBRARY_PATH": libraries}, stdout=output, stderr=output)
    try:
        wait_for(lambda: "Ready to accept connections" in log.read_text("utf-8"), lambda: log.read_text("utf-8"))
        yield at
    finally:
        process.terminate()
        process.wait(20)
