"""A machine or a shell that gives hgw too little: said, with what helps, and never as a bug of hgw."""

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.conftest import Hgw
from tests.support.hgw_process import get, running, wait_for
from tests.support.plugins import plugin
from tests.support.programs import basic_programs, python_path
from tests.support.tool_stubs import write_program

pytestmark = [
    pytest.mark.extra("local"),
    # Without memory, coverage cannot write what it measured and says so itself.
    pytest.mark.usefixtures("unmeasured"),
    pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of a shell on Linux"),
]


def limited(limit: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run hgw in a shell with `ulimit LIMIT`."""
    words = " ".join([sys.executable, "-m", "higress_cli", *argv])
    return subprocess.run(
        ["/bin/bash", "-c", f"ulimit {limit}; exec {words}"],
        env={**os.environ, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> None:
    (tmp_path / "work" / "main.wasm").write_bytes(plugin(entry="_initialize"))


@pytest.mark.parametrize(("command", "most"), [("verify", 8), ("verify", 12), ("verify", 16), ("run", 16)])
def test_too_few_open_files(command: str, most: int) -> None:
    ended = limited(f"-n {most}", command, "--no-build", "--engine", "builtin")
    assert ended.returncode == 6, ended.stderr
    assert "hgw cannot open one more file: too many are open" in ended.stderr
    assert "hint: ulimit -n 1024" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_few_open_files_are_enough() -> None:
    assert limited("-n 32", "verify", "--no-build", "--engine", "builtin").returncode == 0


def test_a_gateway_with_more_connections_than_it_may_have_says_so_once_and_goes_on(tmp_path: Path) -> None:
    words = ("run", "--port", "0", "--upstream-port", "0", "--engine", "builtin", "--output", "json")
    with running(*words, cwd=tmp_path / "work") as hgw:
        url = hgw.document()["data"]["url"]
        resource.prlimit(hgw.process.pid, resource.RLIMIT_NOFILE, (32, 32))
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with contextlib.ExitStack() as connections:
            for _number in range(40):
                connections.enter_context(socket.create_connection(address))
            hgw.wait_for_text("too many are open; connections wait or fail until others end\nhint: ulimit -n 1024\n")
            time.sleep(1.5)  # asyncio tries again each second
        wait_for(lambda: get(f"{url}/get")[0] == 200, lambda: hgw.said)
        assert hgw.said.count("too many are open") == 1
        assert "Traceback" not in hgw.said
        assert hgw.end() == 0


@pytest.mark.parametrize("engine", ["builtin", "envoy"])
def test_a_temporary_folder_from_which_nothing_is_executed_is_enough(
    disk_without_programs: Path, hgw: Hgw, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("TMPDIR", str(disk_without_programs))
    monkeypatch.setattr(tempfile, "tempdir", None)
    ended = hgw("verify", "--no-build", "--engine", engine)
    assert ended.code == 0, ended.err
    assert list(disk_without_programs.iterdir()) == []


def test_a_store_from_which_nothing_is_executed_is_refused_before_anything_is_fetched(
    disk_without_programs: Path, hgw: Hgw, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = disk_without_programs / "data" / "tools" / "binaryen" / "108+package" / "bin" / "wasm-opt"
    write_program(tool, "echo wasm-opt version 108\n")
    receipt = {"name": "binaryen", "version": "108", "source": "package", "origin": "x", "executable": "bin/wasm-opt"}
    (tool.parents[1] / "receipt.json").write_text(json.dumps(receipt))
    monkeypatch.setenv("HGW_HOME", str(disk_without_programs))
    monkeypatch.setenv("PATH", basic_programs())

    assert "cannot be executed: its disk is mounted with noexec" in " ".join(hgw("doctor", "wasm-opt").out.split())
    ended = hgw("install")
    assert ended.code == 6, ended.err
    assert f"tools cannot run from {disk_without_programs / 'data' / 'tools'}" in ended.err
    assert "hint: set HGW_HOME to a folder on another disk" in ended.err
    assert tool.exists()


@pytest.mark.parametrize("kilobytes", [60_000, 150_000, 400_000])
def test_too_little_memory(kilobytes: int) -> None:
    ended = limited(f"-v {kilobytes}", "verify", "--no-build", "--engine", "builtin")
    assert ended.returncode in {4, 6}, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "memory" in ended.stderr or "cannot be loaded" in ended.stderr
