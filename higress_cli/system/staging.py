"""Folders in which something is prepared, and what a killed process left in them.

A staging folder is locked while its process lives. Whoever gets the lock of somebody else's knows that the process is
dead. A process id would not tell: another program may have it by now.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from higress_cli.system.fs import remove_tree

PREFIX: Final = ".hgw-staging-"
"""How the names of staging folders begin. No user makes a folder of that name, so a leftover can be removed."""
_LOCK: Final = "lock"
_ASIDE: Final = "aside"


@contextlib.contextmanager
def staging_folder(beside: Path) -> Iterator[Path]:
    """A new folder on the same file system as `beside`, removed at the end; its file `lock` is held until then."""
    import filelock

    beside.parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=beside.parent))
        lock = filelock.FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            continue  # before it was locked, another hgw took it for one of a dead process
        except FileNotFoundError:
            continue  # the same, of a process that died before it could lock it
        except (OSError, NotImplementedError):
            break  # a file system without locks, where nobody can take it either
        if (folder / _LOCK).exists():
            break
        lock.release()
    try:
        yield folder
    finally:
        lock.release()
        remove_tree(folder)


@contextlib.contextmanager
def abandoned_folders(parent: Path) -> Iterator[tuple[Path, ...]]:
    """The staging folders in `parent` whose process is dead: they belong to the caller, and are removed at the end."""
    with contextlib.ExitStack() as stack:
        yield tuple(folder for folder in _staging_folders(parent) if _take(folder, stack))


def empty(folder: Path) -> int:
    """Remove what is in a folder, except staging folders whose process is alive; returns how many of these there are.

    The folder itself stays: somebody may be about to make a staging folder in it. Of a link only the link is removed.
    """
    if folder.is_symlink():
        remove_tree(folder)
        return 0
    with abandoned_folders(folder):
        pass
    in_use = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(PREFIX) and _may_be_alive(path):
            in_use += 1
        elif path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return in_use


def in_use(parent: Path) -> Iterator[Path]:
    """The staging folders in `parent` whose process is alive."""
    import filelock

    for folder in _staging_folders(parent):
        if (folder / _LOCK).is_file():
            try:
                with filelock.FileLock(folder / _LOCK, timeout=0):
                    pass
            except (filelock.Timeout, OSError, NotImplementedError):
                yield folder


def reveal(staged: Path, target: Path) -> None:
    """Rename a finished folder to `target`; a previous one is moved aside first and removed last.

    A process that is killed in between leaves a staging folder for `put_back`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        staged.rename(target)
        return
    with staging_folder(target) as staging:
        old = staging / _ASIDE / target.name
        old.parent.mkdir()
        target.rename(old)
        with contextlib.ExitStack() as undo:
            undo.callback(old.rename, target)
            staged.rename(target)
            undo.pop_all()


def put_back(leftover: Path) -> None:
    """Put back what `reveal` had moved aside into a staging folder, unless the new one has its place."""
    for old in leftover.glob(f"{_ASIDE}/*"):
        target = leftover.parent / old.name
        if not os.path.lexists(target):
            old.rename(target)


def _may_be_alive(folder: Path) -> bool:
    """Whether a folder that could not be taken has a process: one without a lock in it was half removed by another."""
    try:
        found = {path.name for path in folder.iterdir()}
    except OSError:
        return False
    return not found or _LOCK in found


def _staging_folders(parent: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(path for path in parent.glob(f"{PREFIX}*") if path.is_dir() and not path.is_symlink())
    return []


def _take(folder: Path, stack: contextlib.ExitStack) -> bool:
    import filelock

    if not (folder / _LOCK).is_file():
        with contextlib.suppress(OSError):
            folder.rmdir()  # an empty one: its process, if it lives, notices and makes another
        return False
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except (filelock.Timeout, OSError, NotImplementedError):
        return False
    if os.name == "nt":  # which removes no file that is open
        stack.callback(remove_tree, folder)
        stack.callback(lock.release)
    else:  # removed while it is held, so that its own process does not take it in between
        stack.callback(lock.release)
        stack.callback(remove_tree, folder)
    return True
