"""Programs that end when hgw is killed: what no handler in hgw itself can do after SIGKILL.

A small shell holds the other end of a pipe. The kernel closes it however hgw ends, and the shell then kills the process
groups that were still running. hgw learns the group of a program only after that program has started: one that started
in the moment before hgw was killed is recognised by a variable of its environment, which Linux shows (proc(5)).
POSIX only: Windows has no process groups to kill.
"""

import atexit
import contextlib
import os
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_MARK: Final = "_HGW_STARTED_BY"
_SCRIPT: Final = """
groups=
while read -r word group; do
    kept=
    for each in $groups; do
        [ "$each" = "$group" ] || kept="$kept $each"
    done
    groups=$kept
    case $word in
        add) groups="$groups $group" ;;
        farewell) orderly=yes ;;
    esac
done
for each in $groups; do
    kill -9 "-$each" 2> /dev/null
done
[ -z "$orderly" ] && [ -r /proc/self/environ ] || exit 0
# Python closes the pipe in a new process right before it executes the program: on a busy machine, well before.
for seconds in 0 0.1 0.4 1.5; do
    sleep "$seconds"
    for each in $(grep -lsF -e "$1" /proc/[0-9]*/environ); do
        each=${each#/proc/}
        kill -9 "${each%/environ}" 2> /dev/null
    done
done
"""


class _LastWill:
    def __init__(self) -> None:
        self.mark: Final = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._shell: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start the shell, unless it runs: a program must not have to wait for that."""
        with self._lock, contextlib.suppress(OSError):
            if self._shell is None:
                self._shell = _start(self.mark)
                atexit.register(self._end)

    def tell(self, word: str, group: int | str = "") -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell is not None and self._shell.stdin is not None:
                self._shell.stdin.write(f"{word} {group}\n".encode())
                self._shell.stdin.flush()

    def _end(self) -> None:
        self.tell("farewell")
        if self._shell is not None and self._shell.stdin is not None:
            with contextlib.suppress(OSError):
                self._shell.stdin.close()
            self._shell.wait()


_will: Final = _LastWill()


@dataclass(frozen=True, kw_only=True)
class Bond:
    """What binds programs to hgw: `variables` in their environment, and their process groups, by `add` once known."""

    variables: Mapping[str, str]
    add: Callable[[int], None]


@contextlib.contextmanager
def ending_with_hgw() -> Iterator[Bond]:
    """While this context lasts, the programs that get its bond end as soon as hgw has, in any way."""
    if os.name != "posix":
        yield Bond(variables=MappingProxyType({}), add=lambda _group: None)
        return
    _will.prepare()
    groups: list[int] = []

    def add(group: int) -> None:
        _will.tell("add", group)
        groups.append(group)

    try:
        yield Bond(variables=MappingProxyType({_MARK: _will.mark}), add=add)
    finally:
        for group in groups:
            _will.tell("drop", group)


def _start(mark: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "sh", f"{_MARK}={mark}"],
        # Without the mark of an hgw that started this one: it would be taken for one of its programs.
        env={name: value for name, value in os.environ.items() if name != _MARK},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Out of reach of the terminal's signals, and not in a folder that someone may want to remove.
        start_new_session=True,
        cwd="/",
    )
