"""Programs that end when hgw is killed: what no handler in hgw itself can do after SIGKILL.

A small shell holds the other end of a pipe. The kernel closes it however hgw ends, and the shell then kills the process
groups that were still running. A program stays whose start hgw did not live to tell the shell of: that is the moment
in which the kernel knows its process and hgw does not. POSIX only: Windows has no process groups to kill.
"""

import atexit
import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Final

_SCRIPT: Final = """
groups=
while read -r word group; do
    kept=
    for each in $groups; do
        [ "$each" = "$group" ] || kept="$kept $each"
    done
    groups=$kept
    [ "$word" = drop ] || groups="$groups $group"
done
for each in $groups; do
    kill -9 "-$each" 2> /dev/null
done
"""


class _LastWill:
    def __init__(self) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start the shell, unless it runs: a program must not have to wait for that."""
        with self._lock, contextlib.suppress(OSError):
            if self._shell is None:
                self._shell = _start()
                atexit.register(self._end)

    def tell(self, word: str, group: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell is not None and self._shell.stdin is not None:
                self._shell.stdin.write(f"{word} {group}\n".encode())
                self._shell.stdin.flush()

    def _end(self) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.close()
            self._shell.wait()


_will: Final = _LastWill()


@contextlib.contextmanager
def ending_with_hgw() -> Iterator[Callable[[int], None]]:
    """While this context lasts, the process groups that its value is called with end as soon as hgw has, in any way."""
    if os.name != "posix":
        yield lambda _group: None
        return
    _will.prepare()
    groups: list[int] = []

    def add(group: int) -> None:
        _will.tell("add", group)
        groups.append(group)

    try:
        yield add
    finally:
        for group in groups:
            _will.tell("drop", group)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of reach of the terminal's signals, and not in a folder that someone may want to remove.
        start_new_session=True,
        cwd="/",
    )
