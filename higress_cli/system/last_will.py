"""Programs that end when hgw is killed: what no handler in hgw itself can do after SIGKILL.

A small shell holds the other end of a pipe. The kernel closes it however hgw ends, and the shell then kills the process
groups that were still running. hgw learns the group of a program only after that program has started: one that started
in the moment before hgw was killed is recognised by a variable of its environment, which Linux shows (proc(5)).
POSIX only: Windows has no process groups to kill.
"""

import contextlib
import os
import secrets
import subprocess
import threading
import weakref
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


@dataclass(frozen=True, kw_only=True)
class Bond:
    """What binds programs to hgw: `variables` in their environment, and their process groups, by `add` once known."""

    variables: Mapping[str, str]
    add: Callable[[int], None]


class LastWill:
    """What is to end with hgw. Its shell starts with the first program, and ends when nothing has this object."""

    def __init__(self) -> None:
        self._mark: Final = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._shell: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def binding(self) -> Iterator[Bond]:
        """While this context lasts, the programs that get its bond end as soon as hgw has, in any way."""
        if os.name != "posix":
            yield Bond(variables=MappingProxyType({}), add=lambda _group: None)
            return
        self._prepare()
        groups: list[int] = []

        def add(group: int) -> None:
            self._tell("add", group)
            groups.append(group)

        try:
            yield Bond(variables=MappingProxyType({_MARK: self._mark}), add=add)
        finally:
            for group in groups:
                self._tell("drop", group)

    def _prepare(self) -> None:
        """Start the shell, unless it runs: a program must not have to wait for that."""
        with self._lock, contextlib.suppress(OSError):
            if self._shell is None:
                self._shell = _start(self._mark)
                # At the latest when hgw exits in order: then too it is told that there is nothing left to look for.
                weakref.finalize(self, _end, self._shell)

    def _tell(self, word: str, group: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell is not None:
                _say(self._shell, f"{word} {group}")


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


def _say(shell: subprocess.Popen[bytes], line: str) -> None:
    assert shell.stdin is not None  # noqa: S101 -- it was asked for as a pipe
    shell.stdin.write(f"{line}\n".encode())
    shell.stdin.flush()


def _end(shell: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        _say(shell, "farewell ")
    if shell.stdin is not None:
        with contextlib.suppress(OSError):
            shell.stdin.close()
    shell.wait()
