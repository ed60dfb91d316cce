"""hgw at a terminal: it asks there, and somebody answers."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.programs import python_path


@dataclass(frozen=True)
class Conversation:
    code: int
    screen: str


def at_terminal(
    *argv: str, answers: Mapping[str, str] | None = None, seconds: float = 60.0, **variables: str
) -> Conversation:
    """Run hgw on a terminal of its own; each of `answers` is typed once, as soon as its question is on the screen."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "higress_cli", *argv],
        env={**os.environ, "PYTHONPATH": python_path(), "TERM": "xterm", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = ""
    waiting = dict(answers or {})
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            said = os.read(terminal, 4096)
        except OSError:  # Linux says so when the program has ended
            break
        if not said:
            break
        screen += said.decode("utf-8", "replace")
        for question in [question for question in waiting if question in screen]:
            os.write(terminal, waiting.pop(question).encode())
    os.close(terminal)
    return Conversation(process.wait(timeout=10), screen)
