"""kill -9 of hgw, alone or together with its helpers, in each phase: no process and no port is left."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.hgw_process import answers, running, wait_for
from tests.support.plugins import plugin, stuck
from tests.support.ports import unused_port
from tests.support.stub_compilers import stub_compilers

pytestmark = [
    pytest.mark.extra("local"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc; what a kernel does there is Linux's own"),
    pytest.mark.usefixtures("unmeasured"),
]
RUN = ("run", "--port", "0", "--upstream-port", "0", "--output", "json")
SCENARIO = "verify: [{name: slow, request: {path: /delay/9}, expect: {within: 20}}]\n"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    return folder


def family(pid: int) -> list[int]:
    """The processes that `pid` has started, directly or not; those of its own group first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *family(child)]
    return found


def listening(*urls: str) -> set[str]:
    """The sockets that listen on the ports of `urls`, by inode.

    Their ports say too little: once they are closed, any program of this machine may get the same number.
    """
    wanted = {urlsplit(url).port for url in urls}
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) in wanted}


def wait_until_closed(sockets: set[str], *urls: str) -> None:
    """A process that was killed is a zombie before the last of its threads, which share its sockets, has ended."""
    wait_for(lambda: not sockets & listening(*urls), lambda: f"open: {sockets & listening(*urls)}", seconds=10)


def left(pids: Sequence[int]) -> list[str]:
    """Those of the processes that still run, with their command lines."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if state != "Z":
            found.append(f"{pid} {state} {words}")
    return found


def kill_and_look(pid: int, *, together: bool) -> None:
    """Kill hgw, with `together` and its direct children in the same moment; nothing may be left soon after."""
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    everybody = family(pid)
    assert everybody
    for each in (pid, *(children if together else ())):
        os.kill(each, signal.SIGSTOP)
    for each in (pid, *(children if together else ())):
        os.kill(each, signal.SIGKILL)
    wait_for(lambda: not left(everybody), lambda: "\n".join(left(everybody)), seconds=10)


@pytest.mark.parametrize("together", [False, True])
def test_while_the_gateway_runs(here: Path, together: bool) -> None:
    with running(*RUN, cwd=here) as hgw:
        data = hgw.document()["data"]
        urls = data["url"], data["admin_url"], data["upstream_url"]
        sockets = listening(*urls)
        assert len(sockets) >= len(urls)
        kill_and_look(hgw.process.pid, together=together)
    wait_until_closed(sockets, *urls)


@pytest.mark.parametrize("together", [False, True])
def test_while_the_gateway_starts(here: Path, tmp_path: Path, together: bool) -> None:
    (here / "main.wasm").write_bytes(stuck())
    with running(*RUN, cwd=here) as hgw:
        runs = tmp_path / "hgw-home" / "state" / "runs"
        wait_for(lambda: list(runs.glob("*/admin-address.txt")), lambda: hgw.said)
        kill_and_look(hgw.process.pid, together=together)


def test_while_a_new_module_is_loaded(here: Path) -> None:
    with running(*RUN, cwd=here) as hgw:
        data = hgw.document()["data"]
        (here / "main.wasm").write_bytes(stuck())
        hgw.wait_for_text("Loading main.wasm")
        sockets = listening(data["url"])
        assert sockets
        kill_and_look(hgw.process.pid, together=True)
    wait_until_closed(sockets, data["url"])


@pytest.mark.parametrize("phase", ["starts", "runs", "loads", "answers"])
def test_the_engine_builtin_in_each_phase(here: Path, phase: str) -> None:
    gateway, upstream = unused_port(), unused_port()
    urls = f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{upstream}"
    (here / "main.wasm").write_bytes(stuck() if phase == "starts" else plugin())
    given = ("--engine", "builtin", "--port", str(gateway), "--upstream-port", str(upstream), "--output", "json")
    with running("run", *given, cwd=here) as hgw:
        if phase == "starts":
            hgw.wait_for_text("Starting the gateway")
        else:
            url = hgw.document()["data"]["url"]
        if phase == "loads":
            (here / "main.wasm").write_bytes(stuck())
            hgw.wait_for_text("Loading main.wasm")
        if phase == "answers":
            threading.Thread(target=answers, args=(f"{url}/delay/5",), daemon=True).start()
            time.sleep(0.5)  # until the request is under way
        everybody, sockets = family(hgw.process.pid), listening(*urls)
        assert sockets or phase == "starts"
        hgw.process.kill()
        wait_for(lambda: not left(everybody), lambda: "\n".join(left(everybody)))
    wait_until_closed(sockets, *urls)


def test_while_verify_waits_for_an_answer(here: Path) -> None:
    (here / "hgw.yaml").write_text(SCENARIO)
    with running("verify", "--engine", "envoy", cwd=here) as hgw:
        wait_for(lambda: len(family(hgw.process.pid)) > 1, lambda: hgw.said)
        time.sleep(1.0)
        kill_and_look(hgw.process.pid, together=True)


@pytest.fixture
def compiling(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """A plugin whose compiler takes a minute; whether that has begun."""
    (here / "main.wasm").unlink()
    (here / "go.mod").write_text("module demo\n\ngo 1.20\n")
    (here / "main.go").write_text("package main\n\nfunc main() {}\n")
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    monkeypatch.setenv("STUB_SECONDS", "60")
    builds = tmp_path / "hgw-home" / "cache" / "builds"
    return lambda: any(builds.glob(".hgw-staging-*"))


def test_while_it_compiles(here: Path, tmp_path: Path, compiling: Callable[[], bool], monkeypatch) -> None:
    with running("build", cwd=here) as hgw:
        wait_for(compiling, lambda: hgw.said)
        wait_for(lambda: "stub_build" in "".join(left(family(hgw.process.pid))), lambda: hgw.said)
        kill_and_look(hgw.process.pid, together=False)
    assert compiling()
    monkeypatch.setenv("STUB_SECONDS", "0")
    with running("build", cwd=here) as hgw:
        hgw.process.wait(20)
    assert not compiling()


@pytest.mark.parametrize("command", [("doctor",), ("install", "--yes"), ("quickstart", "demo", "--yes")])
def test_while_a_tool_is_asked_in_another_thread(here: Path, tmp_path: Path, command, monkeypatch) -> None:
    tool = tmp_path / "slow" / "go"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n/bin/sleep 60\n/bin/true\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    with running(*command, cwd=here) as hgw:
        wait_for(lambda: "sleep 60" in "".join(left(family(hgw.process.pid))), lambda: hgw.said)
        kill_and_look(hgw.process.pid, together=False)


DYING_AS_IT_LEARNS_A_GROUP = """
import os, signal, sys
from higress_cli.system import last_will, process

def look(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_filename == last_will.__file__ and code.co_name == "add":
        os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(look)
process.run(sys.argv[1:], variables=dict(os.environ))
"""


def with_variable(assignment: str) -> list[str]:
    """The processes that have it in their environment, with their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if assignment.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return left(found)


def test_right_after_a_program_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """hgw does not know the program's process yet; and it is a program of another hgw itself."""
    monkeypatch.setenv("_HGW_STARTED_BY", "1-another")
    program = ("/bin/sh", "-c", "sleep 60 & sleep 60")

    ended = subprocess.run(
        [sys.executable, "-c", DYING_AS_IT_LEARNS_A_GROUP, *program],
        env={**os.environ, "TRIAL": str(tmp_path)},
        check=False,
    )

    assert ended.returncode == -signal.SIGKILL
    wait_for(lambda: not with_variable(f"TRIAL={tmp_path}"), lambda: "\n".join(with_variable(f"TRIAL={tmp_path}")))
