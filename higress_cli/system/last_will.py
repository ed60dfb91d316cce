"""Programs that end when hgw is killed: what no handler in hgw itself can do after SIGKILL.

A small shell holds the other end of a pipe. The kernel closes it however hgw ends, and the shell then kills the process
groups that were still running. POSIX only: Windows has no process groups to kill.
"""

import atexit
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
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

    def tell(self, word: str, group: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell is None:
                self._shell = _start()
                atexit.register(self._end)
            assert self._shell.stdin is not None  # noqa: S101 -- it was asked for as a pipe
            self._shell.stdin.write(f"{word} {group}\n".encode())
            self._shell.stdin.flush()

    def _end(self) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.close()
            self._shell.wait()


_will: Final = _LastWill()


@contextlib.contextmanager
def ends_with_hgw(group: int) -> Iterator[None]:
    """While this context lasts, the process group `group` is killed as soon as hgw has ended in any way."""
    if os.name != "posix":
        yield
        return
    _will.tell("add", group)
    try:
        yield
    finally:
        _will.tell("drop", group)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of reach of the terminal's signals; in no folder that somebody wants to remove.
        start_new_session=True,
        cwd="/",
    )
