"""A program that takes this process's place at the terminal until it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from higress_cli.system.process import broken, resolve


def hand_over(argv: Sequence[str], *, variables: Mapping[str, str], cwd: Path, stdout_to_stderr: bool = False) -> int:
    """Run a program on this process's own streams until it ends; return its exit code.

    It stays in hgw's process group, so that Ctrl-C and Ctrl-Z reach it as if it had been started from the shell; other
    signals to end are passed on to it. If a signal ends it, the exit code is 128 plus the signal's number, as in a
    shell.

    Raises:
        ToolError: `program-missing` or `program-broken`.
    """
    program = resolve(argv[0], variables)
    stdout = sys.stderr.fileno() if stdout_to_stderr else None
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with _Relay() as relay:
        try:
            child = subprocess.Popen([program, *argv[1:]], cwd=cwd, env=dict(variables), stdout=stdout)
        except OSError as error:
            raise broken(argv, error) from error
        relay.to(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


class _Relay:
    """A context in which signals to end do not end this process but go to its child."""

    _PASSED_ON: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            known = [wanted for name in self._PASSED_ON if (wanted := getattr(signal, name, None)) is not None]
            self._handlers = {wanted: signal.signal(wanted, self._pass_on) for wanted in known}
        return self

    def __exit__(self, *_error: object) -> None:
        for wanted, handler in self._handlers.items():
            signal.signal(wanted, handler or signal.SIG_DFL)

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Pass signals on to `child`, starting with those that came while it was being started."""
        self._child = child
        for number in self._early:
            self._send(child, number)

    def _pass_on(self, number: int, _frame: object) -> None:
        if number == signal.SIGINT and _at_terminal():
            return  # the terminal sends it to the whole group
        if self._child is None:
            self._early.append(number)
        else:
            self._send(self._child, number)

    def _send(self, child: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            child.send_signal(number)


def _at_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, which then signals its whole group."""
    try:
        return sys.stdin.isatty() and (os.name != "posix" or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp())
    except (OSError, ValueError):
        return False
