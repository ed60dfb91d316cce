"""What was pulled, kept by digest: each piece is hashed before it is kept and again before it is used."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from higress_cli.digest import ImageDigest, Sha256, image_digest
from higress_cli.system.fs import mark_as_cache, sha256_of
from higress_cli.system.os_errors import home_error

MOST_BYTES: Final = 512 << 20
"""What the whole store may take; the pieces that were used longest ago go first."""


class OtherContentError(Exception):
    """What came is not what its digest says; `found` is its digest, None if there was too much of it."""

    def __init__(self, found: ImageDigest | None) -> None:
        super().__init__(found)
        self.found = found


class Store:
    """Files in `folder`, named by their digests (`sha256:HEX`)."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, digest: ImageDigest) -> Path | None:
        """The file with this digest; None if it is not here. A damaged one is removed."""
        path = self._path(digest)
        with contextlib.suppress(OSError):
            if image_digest(sha256_of(path)) == digest:
                os.utime(path)
                return path
            path.unlink()
        return None

    def put(self, digest: ImageDigest, chunks: Iterable[bytes], *, most_bytes: int) -> Path:
        """Keep what comes, if it has this digest and no more than `most_bytes`.

        Raises:
            OtherContentError: it is something else.
            ConflictError: the store cannot be written (`home_error`).
        """
        path = self._path(digest)
        try:
            mark_as_cache(self._folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _partial_beside(path) as partial:
                found = _copy(chunks, partial, most_bytes)
                if found != digest:
                    raise OtherContentError(found)
                partial.replace(path)
        except OSError as error:
            raise home_error(self._folder, error) from error
        return path

    def trim(self) -> None:
        """Remove the pieces that were used longest ago until the rest is no more than the store may take."""
        found = []
        for path in self._folder.glob("sha256/*"):
            with contextlib.suppress(OSError):
                seen = path.stat()
                found.append((seen.st_mtime_ns, seen.st_size, path))
        total = sum(size for _used, size, _path in found)
        for _used, size, path in sorted(found):
            if total <= self._most_bytes:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size

    def _path(self, digest: ImageDigest) -> Path:
        return self._folder / digest.replace(":", os.sep, 1)


@contextlib.contextmanager
def _partial_beside(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _copy(chunks: Iterable[bytes], partial: Path, most_bytes: int) -> ImageDigest | None:
    """Write the chunks and return their digest; None if there are more than `most_bytes`."""
    hashed, left = hashlib.sha256(), most_bytes
    with partial.open("wb") as sink:
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                return None
            hashed.update(chunk)
            sink.write(chunk)
    return image_digest(Sha256(hashed.hexdigest()))
