"""The folder of one run: the gateway's input, its logs, and a record for other hgw processes."""

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from higress_cli.digest import Sha256
from higress_cli.document import JsonObject
from higress_cli.gateway.log_file import LogFile
from higress_cli.system import fs
from higress_cli.system.os_errors import home_error, is_full
from higress_cli.system.user_file import read_text

if TYPE_CHECKING:
    from filelock import BaseFileLock

KEPT: Final = 20
EVENTS: Final = "events.jsonl"
UPSTREAM: Final = "upstream.log"
BUGS: Final = "bugs.log"
_LEAST_BYTES: Final = 64 * 1024
"""What remains on a disk that counts as full: less than a gateway's files for one change."""
_LOCK: Final = ".lock"
_RECORD: Final = "run.json"


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """`path` holds all files of the run `id`. It is locked while a process uses it."""

    path: Path
    lock: "BaseFileLock"
    failures: list[OSError] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def create(cls, runs: Path) -> Self:
        """Create a folder below `runs` and remove the oldest ones beyond `KEPT`, except those in use.

        Raises:
            ConflictError: it cannot be created (`write_error`).
        """
        import filelock

        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path = runs / f"{stamp}-{secrets.token_hex(3)}"
        try:
            path.mkdir(parents=True)
            lock = filelock.FileLock(path / _LOCK)
            lock.acquire(timeout=0)
        except OSError as error:
            raise home_error(runs, error) from error
        prune(runs)
        return cls(path=path, lock=lock)

    @property
    def id(self) -> str:
        return self.path.name

    def log(self, name: str) -> LogFile:
        """A log in the folder: `EVENTS` and `UPSTREAM` have one JSON object per line, `BUGS` has tracebacks."""
        return LogFile(self.path / name, on_failure=self.failures.append)

    def has_room(self) -> bool:
        """Whether every log could be written since the last call, and more can be."""
        written = not any(map(is_full, self.failures))
        self.failures.clear()
        with contextlib.suppress(OSError):
            return written and shutil.disk_usage(self.path).free >= _LEAST_BYTES
        return written

    @property
    def server_log(self) -> Path:
        """The log of the built-in upstream's libraries."""
        return self.path / "upstream-errors.log"

    def write_json(self, name: str, content: JsonObject) -> Path:
        """Write a file atomically, because others watch it.

        Raises:
            ConflictError: it cannot be written (`write_error`).
        """
        return self.write(name, _as_json(content))

    def write(self, name: str, content: bytes) -> Path:
        """Write a file that appears complete or not at all.

        Raises:
            ConflictError: it cannot be written (`write_error`).
        """
        path = self.path / name
        try:
            fs.write_atomically(path, content)
        except OSError as error:
            raise home_error(path, error) from error
        return path

    def store(self, name: str, content: bytes) -> Path:
        """The file `name`, written if it is not there yet: its name says what is in it.

        Raises:
            ConflictError: it cannot be written (`write_error`).
        """
        path = self.path / name
        return path if path.exists() else self.write(name, content)

    def store_module(self, sha256: Sha256, content: bytes) -> Path:
        """A copy of the plugin's module, which a rebuild of the project cannot change under the gateway.

        Raises:
            ConflictError: it cannot be written (`write_error`).
        """
        return self.store(self.module(sha256).name, content)

    def module(self, sha256: Sha256) -> Path:
        """Where `store_module` puts the module with this digest."""
        return self.path / f"module-{sha256[:12]}.wasm"

    def forget_modules(self, current: Path) -> None:
        """Remove all copies but that one: a day of rebuilding need not fill the disk."""
        for path in self.path.glob("module-*.wasm"):
            if path != current:
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def staged(self, name: str, content: JsonObject) -> Iterator[Callable[[], object]]:
        """`write_json` in two steps: the call of what is yielded lets the file appear, for which a full disk has room.

        Raises:
            ConflictError: it cannot be written (`write_error`).
        """
        path = self.path / name
        with contextlib.ExitStack() as stack:
            try:
                reveal = stack.enter_context(fs.staged(path, _as_json(content)))
            except OSError as error:
                raise home_error(path, error) from error
            yield reveal

    def record(self, facts: JsonObject) -> None:
        """Write down what another hgw needs to connect to this run."""
        self.write_json(_RECORD, facts)

    def leave(self) -> None:
        """Release the folder at the end of the run; it is removed when there are enough newer ones."""
        self.lock.release()


def read_record(runs: Path, run_id: str) -> JsonObject | None:
    """The record of the run `run_id`, None if this machine has no such run."""
    if not run_id or Path(run_id).name != run_id:
        return None
    try:
        record = json.loads(read_text(runs / run_id / _RECORD))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def live_records(runs: Path) -> Iterator[JsonObject]:
    """The records of the current runs, newest first."""
    for folder in in_use(runs):
        record = read_record(runs, folder.name)
        if record is not None:
            yield record


def in_use(runs: Path) -> Iterator[Path]:
    """The folders of the runs that a process uses, newest first."""
    import filelock

    for folder in sorted((path for path in runs.glob("*") if path.is_dir()), reverse=True):
        try:
            with filelock.FileLock(folder / _LOCK, timeout=0):
                pass
        except (filelock.Timeout, OSError):
            yield folder


def prune(runs: Path, *, keep: int = KEPT) -> int:
    """Remove the oldest folders of runs beyond `keep`, except those in use, and return how many of these there are."""
    import filelock

    folders = sorted((path for path in runs.glob("*") if path.is_dir()), reverse=True)
    in_use = 0
    for folder in folders[keep:]:
        try:
            with filelock.FileLock(folder / _LOCK, timeout=0):
                pass
            fs.remove_tree(folder)
        except filelock.Timeout:
            in_use += 1
        except OSError:
            continue
    return in_use


def _as_json(content: JsonObject) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
