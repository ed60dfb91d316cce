"""Files and folders that appear complete or not at all."""

import contextlib
import functools
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from higress_cli.digest import Sha256
from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.reporter import Reporter
from higress_cli.system.os_errors import home_error
from higress_cli.system.user_file import refuse_special

_CACHE_TAG: Final = """\
Signature: 8a477f597d28d172789f06886806bc55
# hgw can fetch or make again whatever is in this folder. About this file: https://bford.info/cachedir/
"""


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a sibling and a rename; the permissions of an old file are kept."""
    with staged(path, content) as reveal:
        reveal()


@contextlib.contextmanager
def staged(path: Path, content: bytes) -> Iterator[Callable[[], object]]:
    """Write `content` beside `path`; the call of what is yielded puts it in its place, and needs no space for that.

    Without that call nothing remains of it at the end.

    Raises:
        OSError: it cannot be written; `UnsuitableFileError` for a pipe or a device, which a rename would replace.
    """
    refuse_special(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as sink:
            sink.write(content)
            sink.flush()
            os.fsync(sink.fileno())
        partial.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask())
        yield functools.partial(partial.replace, path)
    finally:
        partial.unlink(missing_ok=True)


def sha256_of(path: Path) -> Sha256:
    """The SHA-256 of a file's bytes in lower-case hex.

    Raises:
        OSError: it cannot be read; `UnsuitableFileError` for a pipe or a device.
    """
    refuse_special(path)
    with path.open("rb") as source:
        return Sha256(hashlib.file_digest(source, "sha256").hexdigest())


def first_bytes(path: Path, count: int) -> bytes | None:
    """The first bytes of a regular file; None if there is none, or if it cannot be read."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as source:
            return source.read(count)
    except OSError:
        return None


def remove_tree(folder: Path) -> None:
    """Remove a folder and its content, including read-only parts (as in Go's module cache).

    If `folder` is a link, only the link is removed.
    """
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
        return
    if not folder.exists():
        return
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for root, names, _files in os.walk(folder):
        for name in names:
            below = Path(root, name)
            # Before the walk enters it: a folder that cannot be listed would be skipped.
            with contextlib.suppress(OSError):
                if not below.is_symlink():
                    below.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def make_writable(folder: Path) -> None:
    """Give the owner write permission on every file and folder below `folder` and on itself."""
    for root, _names, files in os.walk(folder):
        Path(root).chmod(Path(root).stat().st_mode | stat.S_IWUSR | stat.S_IXUSR)
        for name in files:
            path = Path(root) / name
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IWUSR)


def executes_nothing(path: Path) -> bool:
    """Whether the disk of `path`, which exists, is mounted so that the system executes no program on it."""
    # Not on Windows; and Python knows the flag on Linux alone.
    return hasattr(os, "statvfs") and bool(os.statvfs(path).f_flag & getattr(os, "ST_NOEXEC", 0))


def mark_as_cache(folder: Path) -> None:
    """Create `folder` and mark it so that backup programs skip it (https://bford.info/cachedir/).

    Errors are ignored: whoever writes into the folder will report them.
    """
    tag = folder / "CACHEDIR.TAG"
    with contextlib.suppress(OSError):
        if not tag.exists():
            folder.mkdir(parents=True, exist_ok=True)
            tag.write_bytes(_CACHE_TAG.encode())


def is_marked_as_cache(folder: Path, *, within: Path) -> bool:
    """Whether `mark_as_cache` marked `folder`, or a folder above it up to `within`."""
    return any(_has_tag(place) for place in (folder, *folder.parents) if place.is_relative_to(within))


def count_files(folder: Path) -> int:
    """How many files and links are below `folder`."""
    return sum(len(files) for _root, _folders, files in os.walk(folder))


def size_of(folder: Path) -> int:
    """The size of the files below `folder` in bytes, without links and without what cannot be read."""
    total = 0
    for root, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(root, name))  # noqa: PTH118 -- thousands of files
                total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


@contextlib.contextmanager
def exclusive(path: Path, *, reporter: Reporter, waiting_for: str, patience: float = 1800.0) -> Iterator[None]:
    """Hold the lock file `path`; if another hgw holds it, tell the user and wait.

    Raises:
        ToolError: `store-locked` after `patience` seconds.
        ConflictError: the lock file cannot be created (`write_error`).
    """
    import filelock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            reporter.note(_("waiting for another hgw that is busy with {what}").format(what=waiting_for))
            lock.acquire(timeout=patience)
    except filelock.Timeout as error:
        raise ToolError(
            _("another hgw has been busy with {what} for {seconds:g} s").format(what=waiting_for, seconds=patience),
            code="store-locked",
            hint=_("wait for it to end, or remove {path} if none is running").format(path=path),
        ) from error
    except (OSError, NotImplementedError) as error:  # NotImplementedError: a file system without locks
        cause = error if isinstance(error, OSError) else OSError(str(error))
        raise home_error(path.parent, cause) from error
    try:
        yield
    finally:
        lock.release()


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _has_tag(folder: Path) -> bool:
    return first_bytes(folder / "CACHEDIR.TAG", len(_CACHE_TAG) + 1) == _CACHE_TAG.encode()
