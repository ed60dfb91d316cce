"""The one place that runs programs: argv lists only, found on the child's own PATH, logged, stoppable."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _

_SUPERVISOR: Final = Path(__file__).with_name("supervise.py")
# Python's own settings would make a Python child (pip, a node-gyp script) behave as hgw was told to.
_NEVER_INHERITED: Final = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A program that ended: `returncode` 0 is success, `output` is stderr and stdout as they came."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


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
    found = shutil.which(name, path=variables.get("PATH", os.defpath))
    return Path(found) if found else None


def command_line(argv: Sequence[str], edits: Mapping[str, str | None] | None = None) -> str:
    """The command as it can be pasted into a POSIX shell, changed variables first."""
    assignments = [f"{name}={shlex.quote(value)}" for name, value in (edits or {}).items() if value is not None]
    return " ".join([*assignments, shlex.join(argv)])


def run(
    argv: Sequence[str],
    *,
    variables: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Completed:
    """Run a program to its end and keep what it printed; its exit status is the caller's to judge.

    `variables` is the child's whole environment, `timeout` is in seconds and `on_line` receives each line of
    stdout and stderr as it comes. A Ctrl-C stops the child before it goes on to the caller.

    Raises:
        ToolError: the program is not there (`program-missing`), cannot be executed (`program-broken`) or
            did not end in time (`program-timeout`).
    """
    started = time.monotonic()
    process = _spawn(argv, variables=variables, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    captured: dict[str, list[str]] = {"stdout": [], "stderr": []}
    speaking = threading.Lock()

    def collect(name: str, stream: IO[bytes]) -> None:
        for raw in stream:
            text = raw.decode("utf-8", errors="replace")
            captured[name].append(text)
            if on_line is not None:
                with speaking:
                    on_line(text.rstrip("\r\n"))

    assert process.stdout is not None  # noqa: S101 -- both were asked for as pipes
    assert process.stderr is not None  # noqa: S101
    readers = [
        threading.Thread(target=collect, args=("stdout", process.stdout), daemon=True),
        threading.Thread(target=collect, args=("stderr", process.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        _stop(process, grace=1.0)
        raise ToolError(
            _("`{program}` did not end within {seconds:g} s").format(program=argv[0], seconds=timeout),
            code="program-timeout",
            details={"argv": list(argv)},
        ) from error
    except BaseException:
        _stop(process, grace=3.0)
        raise
    finally:
        for reader in readers:
            reader.join(timeout=2.0)
        process.stdout.close()
        process.stderr.close()
    return Completed(
        argv=tuple(argv),
        returncode=process.returncode,
        stdout="".join(captured["stdout"]),
        stderr="".join(captured["stderr"]),
        seconds=time.monotonic() - started,
    )


class Running:
    """A program in the background that ends when it is stopped, and also when hgw itself is gone."""

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
        """Ask it to end, wait `grace` seconds, then insist. It is gone when this returns."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(grace + 4.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
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
    way at all, the supervisor stops the program. So no gateway outlives its `hgw run`.

    Raises:
        ToolError: `program-missing` where there is no such program.
    """
    program = _resolve(argv[0], variables)
    supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), program, *argv[1:]]
    with log.open("ab") as sink:
        process = _spawn(supervised, variables=variables, cwd=cwd, stdin=subprocess.PIPE, stdout=sink, stderr=sink)
    return Running(process, argv)


def _resolve(program: str, variables: Mapping[str, str]) -> str:
    found = find_program(program, variables)
    if found is None:
        raise ToolError(
            _("the program `{program}` was not found").format(program=program),
            code="program-missing",
            details={"program": program, "path": variables.get("PATH", "")},
        )
    return str(found)


def _spawn(
    argv: Sequence[str],
    *,
    variables: Mapping[str, str],
    cwd: Path | None,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    resolved = [_resolve(argv[0], variables), *argv[1:]]
    try:
        # A session of its own keeps the terminal's Ctrl-C for hgw, which then stops its children in order.
        return subprocess.Popen(
            resolved,
            cwd=cwd,
            env=dict(variables),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ToolError(
            _("`{program}` cannot be executed: {reason}").format(program=argv[0], reason=error.strerror or error),
            code="program-broken",
            details={"argv": list(argv)},
        ) from error


def _stop(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """Interrupt, wait, terminate, wait, kill: the whole group, so that a compiler's own children end too."""
    for wanted, patience in ((signal.SIGINT, grace), (signal.SIGTERM, 1.0), (None, None)):
        if process.poll() is not None:
            break
        _signal_group(process, wanted)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def _signal_group(process: subprocess.Popen[bytes], wanted: signal.Signals | None) -> None:
    if os.name == "posix":
        try:
            os.killpg(process.pid, wanted or signal.SIGKILL)
        except ProcessLookupError:
            return
    elif wanted is None:
        process.kill()
    else:
        process.terminate()
