"""Kill hgw at each point at which it changes a folder: `python -m tests.support.kill_points FOLDER ARGV NEXT`.

ARGV and NEXT are JSON lists. For each point, a process gets the folder as it was, runs `main(ARGV)` in it and
is killed with SIGKILL right before the change; then another runs `main(NEXT)`. Prints a JSON list with what each point
left behind. With a number in place of NEXT, only that point's process runs, and the folder stays as it is then.
"""

import contextlib
import io
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CHANGES = frozenset(
    {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "os.truncate"}
)


def changes_below(folder: Path, event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audit event of Python is a change of something in `folder`."""
    if event == "open":
        path, _mode, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        return bool(writes) and isinstance(path, str) and path.startswith(str(folder))
    return event in _CHANGES and any(str(item).startswith(str(folder)) for item in arguments)


def die_at(point: int, folder: Path) -> None:
    """Kill this process right before its change number `point` in `folder`."""
    seen = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if changes_below(folder, event, arguments) and next(seen) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_a_process(work: Callable[[], int], *, dying_at: int, folder: Path) -> int:
    """What `work` returned in a copy of this process; negative if a signal ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        die_at(dying_at, folder)
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def contents(folder: Path) -> dict[str, str | None]:
    """Everything below `folder`: files with their content, folders with None."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8", "replace") if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def main(folder: Path, argv: list[str], following: list[str] | int) -> list[dict[str, Any]]:
    from higress_cli.cli.main import main as hgw

    if isinstance(following, int):
        os.chdir(folder)
        in_a_process(lambda: hgw(argv), dying_at=following, folder=folder)
        return []
    pristine = folder.with_name(f"{folder.name}.pristine")
    shutil.copytree(folder, pristine, symlinks=True)
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        hgw(argv)  # so that the processes of all points have what it imports
        hgw(following)
    left = []
    for point in itertools.count(1):
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder, symlinks=True)
        os.chdir(folder)

        ended = in_a_process(lambda: hgw(argv), dying_at=point, folder=folder)
        found = {"point": point, "ended": ended, "at_once": contents(folder)}
        found["next"] = in_a_process(lambda: hgw(following), dying_at=0, folder=folder)
        left.append({**found, "after": contents(folder)})
        if ended >= 0:
            return left
    raise AssertionError


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])), sys.stdout)
