"""Log files of a run: they have a bound, and a disk that is full is noted instead of ending what they tell about."""

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 32 * 1024 * 1024
"""The size at which a log begins anew; what it held before is kept beside it, once."""


class LogFile:
    """A file to which several threads add lines. `on_failure` gets the error if one cannot be written."""

    def __init__(self, path: Path, *, on_failure: Callable[[OSError], None], most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._on_failure = on_failure
        self._most_bytes = most_bytes
        self._writing = threading.Lock()

    def add(self, *lines: str) -> None:
        """Append lines: all of them, or none where there is no room."""
        content = "".join(f"{line}\n" for line in lines)
        if not content:
            return
        with self._writing:
            try:
                bound(self._path, most_bytes=self._most_bytes)
                _append(self._path, content.encode("utf-8", errors="backslashreplace"))
            except OSError as error:
                self._on_failure(error)


def bound(path: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Empty a log that has grown beyond `most_bytes`; its content is kept in a file beside it, where there is room.

    The file itself stays: another program may have it open, and goes on at its end.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size <= most_bytes:
            return
        older = path.with_name(f"{path.name}.1")
        try:
            shutil.copyfile(path, older)
        except OSError:
            older.unlink(missing_ok=True)
        with path.open("r+b") as log:
            log.truncate()


def _append(path: Path, content: bytes) -> None:
    """All of `content` or, on a disk with room for a part of it, nothing."""
    with path.open("ab", buffering=0) as log:
        written = log.write(content) or 0
        if written < len(content):
            log.truncate(log.tell() - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
