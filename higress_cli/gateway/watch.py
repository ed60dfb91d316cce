"""Files that change or grow while a gateway runs.

Polling a few times a second is simple and works everywhere: in network folders, in container mounts, and with editors
that replace a file instead of writing to it (RATIONALE.md, Running programs).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from higress_cli.document import Json

Stamp = tuple[int, int, int] | None


class Watched:
    """A file, and whether it has changed since it was last loaded. It need not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = self._seen = self._stamp()

    def settled_change(self) -> bool:
        """Whether the file differs from the version last loaded and was stable for one poll.

        The first poll after a change returns False: a program may still be writing. True is returned once.
        """
        now, before = self._stamp(), self._seen
        self._seen = now
        if now != before or now == self._taken:
            return False
        self._taken = now
        return True

    def _stamp(self) -> Stamp:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


class Tail:
    """The lines that were added to a growing file since the last call; an incomplete line waits."""

    def __init__(self, path: Path, *, only_new: bool = False) -> None:
        """Follow `path`, which need not exist yet; with `only_new`, skip its current content."""
        self._path = path
        self._offset = path.stat().st_size if only_new and path.exists() else 0

    def lines(self) -> list[str]:
        """The new whole lines, oldest first."""
        try:
            with self._path.open("rb") as source:
                if self._offset > source.seek(0, os.SEEK_END):
                    self._offset = 0  # the log has begun anew
                source.seek(self._offset)
                content = source.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        # Not splitlines: a plugin's own words may hold other characters that count as line ends there.
        return [line.removesuffix("\r") for line in whole.decode("utf-8", errors="replace").split("\n")[:-1]]

    def objects(self) -> Iterator[dict[str, Json]]:
        """The new lines of a file with one JSON object a line, parsed."""
        for line in self.lines():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield found
