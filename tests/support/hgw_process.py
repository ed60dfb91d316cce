"""A real `hgw run` in a process of its own, as a user has it in a terminal."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.support.programs import python_path

T = TypeVar("T")


class Hgw:
    """An `hgw` that was started and goes on. `said` is its stderr so far."""

    def __init__(self, *argv: str, cwd: Path) -> None:
        self._log = cwd.parent / f"stderr-{time.monotonic_ns()}.txt"
        self._out = cwd.parent / f"stdout-{time.monotonic_ns()}.txt"
        with self._log.open("wb") as err, self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "higress_cli", *argv],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONPATH": python_path(), "PYTHONWARNINGS": "error"},
            )

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8", errors="replace")

    def document(self) -> dict[str, Any]:
        """The JSON document on stdout, as soon as it is whole."""
        return wait_for(lambda: _json(self.out), lambda: f"{self.out}\n{self.said}")

    def wait_for_text(self, text: str) -> None:
        wait_for(lambda: text in self.said, lambda: f"{text!r} not in:\n{self.said}")

    def wait_for_count(self, text: str, count: int) -> None:
        wait_for(lambda: self.said.count(text) >= count, lambda: f"not {count} times {text!r} in:\n{self.said}")

    def end(self, wanted: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(wanted)
        return self.process.wait(20)


@contextlib.contextmanager
def running(*argv: str, cwd: Path) -> Iterator[Hgw]:
    """`hgw ARGV`, killed at the end if it is still there."""
    hgw = Hgw(*argv, cwd=cwd)
    try:
        yield hgw
    finally:
        if hgw.process.poll() is None:
            hgw.process.kill()
        hgw.process.wait()


def wait_for(probe: Callable[[], T], explain: Callable[[], str], seconds: float = 20.0) -> T:
    """What `probe` gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)
    return found


def get(url: str) -> tuple[int, str]:
    """Status and body, past any proxy, on a connection of its own."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def post(url: str, body: bytes, *, seconds: float = 10.0) -> int | None:
    """The status of the answer, None where none came in time or it was cut."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, headers={"content-type": "text/plain"})
    try:
        with opener.open(request, timeout=seconds) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, http.client.HTTPException):
        return None


def answers(url: str) -> bool:
    """Whether anybody listens there."""
    try:
        get(url)
    except (urllib.error.URLError, OSError):
        return False
    return True


def serve_once(server: socket.socket, seen: list[bytes] | None = None) -> None:
    """Answer the first connection with 202, and keep what came in `seen`."""
    connection, _address = server.accept()
    with connection:
        request = connection.recv(65536)
        if seen is not None:
            seen.append(request)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
