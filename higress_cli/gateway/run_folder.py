"""The folder of one run: the gateway's input, its logs, and a record for other hgw processes."""

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from higress_cli.system import fs
from higress_cli.system.writing import home_error

KEPT: Final = 20
EVENTS: Final = "events.jsonl"
UPSTREAM: Final = "upstream.log"
_LOCK: Final = ".lock"
_RECORD: Final = "run.json"


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """`path` holds all files of the run `id`. It is locked while a process uses it."""

    path: Path
    lock: Any

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
        _prune(runs)
        return cls(path=path, lock=lock)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def event_log(self) -> Path:
        """One JSON object for each event, if the command writes them."""
        return self.path / EVENTS

    @property
    def upstream_log(self) -> Path:
        """One JSON object for each request that the built-in upstream saw."""
        return self.path / UPSTREAM

    @property
    def server_log(self) -> Path:
        """The log of the built-in upstream's libraries."""
        return self.path / "upstream-errors.log"

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Write a file atomically, because others watch it."""
        path = self.path / name
        fs.write_atomically(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
        return path

    def record(self, facts: Mapping[str, Any]) -> None:
        """Write down what another hgw needs to connect to this run."""
        self.write_json(_RECORD, facts)

    def leave(self) -> None:
        """Release the folder at the end of the run; it is removed when there are enough newer ones."""
        self.lock.release()


def read_record(runs: Path, run_id: str) -> Mapping[str, Any] | None:
    """The record of the run `run_id`, None if this machine has no such run."""
    if not run_id or Path(run_id).name != run_id:
        return None
    try:
        record = json.loads((runs / run_id / _RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def live_records(runs: Path) -> Iterator[Mapping[str, Any]]:
    """The records of the current runs, newest first."""
    import filelock

    folders = sorted((path for path in runs.glob("*") if path.is_dir()), reverse=True)
    for folder in folders:
        record = read_record(runs, folder.name)
        if record is None:
            continue
        try:
            with filelock.FileLock(folder / _LOCK, timeout=0):
                pass
        except (filelock.Timeout, OSError):
            yield record


def _prune(runs: Path) -> None:
    import filelock

    folders = sorted((path for path in runs.iterdir() if path.is_dir()), reverse=True)
    for folder in folders[KEPT:]:
        with contextlib.suppress(OSError, filelock.Timeout):
            with filelock.FileLock(folder / _LOCK, timeout=0):
                pass
            fs.remove_tree(folder)
