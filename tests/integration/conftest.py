"""A gateway of the engine builtin in this process, and a disk with little space."""

import contextlib
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from higress_cli.choice import DEFAULT
from higress_cli.gateway.contract import Place
from higress_cli.gateway.engines.builtin.gateway import BuiltinGateway
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.limits import Limits
from tests.support.builtin import OK, Raw, Serve, Start, change
from tests.support.probes import Probe

QUICK = Limits(call_seconds=0.5, start_seconds=0.5)


@pytest.fixture
def serve() -> Iterator[Serve]:
    made: list[Raw] = []

    def make(answer: Callable[[bytes, socket.socket], None] = OK) -> Raw:
        made.append(Raw(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def start(tmp_path: Path, serve: Serve) -> Iterator[Start]:
    """A gateway that works with a module: `start(probe, services={...}, upstream=...)`."""
    folder = RunFolder.create(tmp_path / "runs")
    with contextlib.ExitStack() as stack:
        stack.callback(folder.leave)

        def make(
            module: Probe | bytes,
            *,
            upstream: Endpoint | None = None,
            port: int = 0,
            limits: Limits = QUICK,
            **parts: Any,
        ) -> BuiltinGateway:
            listening = Listening(bind="127.0.0.1", port=port, option="--port", source=DEFAULT)
            place = Place(
                listening=listening,
                admin=replace(listening, port=0),
                upstream=upstream or serve().at,
                plugin_name="p",
                cache=tmp_path / "cache",
            )
            gateway = stack.enter_context(BuiltinGateway(place, folder, limits=limits))
            gateway.apply(change(folder, module, **parts))
            return gateway

        make.folder = folder  # type: ignore[attr-defined] # functions take any attribute
        yield make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with a megabyte, most of it used."""
    with disk(tmp_path / "disk", options="size=1m") as folder:
        (folder / "used").write_bytes(b"x" * 600_000)
        yield folder


@pytest.fixture
def disk_without_programs(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own from which the system executes nothing."""
    with disk(tmp_path / "disk", options="noexec,size=64m") as folder:
        yield folder


@contextlib.contextmanager
def disk(folder: Path, *, options: str) -> Iterator[Path]:
    """A disk that is mounted at `folder`, where this machine lets us."""
    folder.mkdir()
    if not Path("/bin/mount").exists():
        pytest.skip("only root of a Linux machine can make a disk")
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"only root of a Linux machine can make a disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)
