"""Files that may be edited while a gateway runs.

Looking at them a few times a second is simple and works everywhere: in network folders, in mounts of a container, and
with editors that replace a file instead of writing to it.
"""

from pathlib import Path

Stamp = tuple[int, int, int] | None


class Watched:
    """A file, and whether it has changed since it was last taken up. It need not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken = self._seen = self._stamp()

    def settled_change(self) -> bool:
        """Whether the file is another than the one taken up last, and has been left alone for one look.

        The first look after a change says False: a program may be in the middle of writing it. True is said once.
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
