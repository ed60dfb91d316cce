"""Moving prepared files into a folder: all of them or none, also if the process is killed in between.

Before the first file is moved, a journal in the staging folder names them all. Each step is one rename, and what is
replaced has its copy before, so at every moment each name has its old content or its new one. `undo_interrupted`
takes back what a killed process began.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Self

from higress_cli.digest import Sha256
from higress_cli.system.fs import remove_tree, write_atomically
from higress_cli.system.staging import abandoned_folders, put_back
from higress_cli.system.user_file import read_text

_JOURNAL: Final = "journal.json"
_MOST_JOURNAL_BYTES: Final = 4 << 20
_COPY_MARK: Final = ".orig"


def copy_name(path: Path) -> Path:
    """A free name for a copy beside `path`: `main.go.orig`, or `main.go.orig2` if that exists."""
    number, copy = 1, path.with_name(f"{path.name}{_COPY_MARK}")
    while os.path.lexists(copy):
        number += 1
        copy = path.with_name(f"{path.name}{_COPY_MARK}{number}")
    return copy


@dataclass(frozen=True, kw_only=True)
class Move:
    """A file or folder `staged`, in a staging folder, and its `target`; `copy` keeps what is there now, if anything.

    Paths are absolute.
    """

    staged: Path
    target: Path
    copy: Path | None = None


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A move in the journal: paths are relative to the folder and to the staging folder; `digest` is of the content."""

    staged: str
    target: str
    digest: Sha256
    copy: str | None = None
    kept: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Journal:
    """What is going to be done in a folder: `entries` in their order, and the folders that are made, deepest first."""

    entries: tuple[_Entry, ...]
    created: tuple[str, ...]

    def write(self, staging: Path) -> None:
        write_atomically(staging / _JOURNAL, json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, staging: Path) -> Self | None:
        """The journal of a staging folder; None if nothing was moved yet, or if it is not one of hgw's.

        The folder may have come with somebody else's files, so each name is checked.
        """
        try:
            found = json.loads(read_text(staging / _JOURNAL, most_bytes=_MOST_JOURNAL_BYTES))
            journal = cls(entries=tuple(_Entry(**entry) for entry in found["entries"]), created=tuple(found["created"]))
            fits = all(_fits(entry, staging) for entry in journal.entries)
            return journal if fits and all(_is_below(name, staging.parent) for name in journal.created) else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What an interrupted process left in `folder` was taken back, except for `changed`, which somebody has edited."""

    folder: Path
    changed: tuple[Path, ...]


def move_all(moves: Sequence[Move], *, folder: Path, staging: Path) -> None:
    """Move each staged file to its target in `folder`. `staging` is a folder in it and holds what is staged.

    Raises:
        OSError: one cannot be moved; all are as they were.
    """
    created = missing_folders(*(move.target.parent for move in moves))
    entries = tuple(_entry(move, folder=folder, staging=staging, number=number) for number, move in enumerate(moves))
    journal = _Journal(entries=entries, created=tuple(_relative(path, folder) for path in created))
    journal.write(staging)
    with contextlib.ExitStack() as undo:
        undo.callback(_undo, journal, folder=folder, staging=staging)
        for path in reversed(created):
            path.mkdir()
        for entry in entries:
            if entry.kept is not None and entry.copy is not None:
                (staging / entry.kept).rename(folder / entry.copy)
            (staging / entry.staged).replace(folder / entry.target)
        undo.pop_all()
    (staging / _JOURNAL).unlink()


def undo_interrupted(folder: Path) -> tuple[Undone, ...]:
    """Take back what killed processes began in `folder`, and remove their staging folders. A second call does nothing.

    What somebody has edited since stays as it is, and so does its copy.
    """
    undone = []
    with abandoned_folders(folder) as abandoned:
        for staging in abandoned:
            journal = _Journal.read(staging)
            with contextlib.suppress(OSError):  # nothing can be changed here (any more)
                put_back(staging)
                if journal is not None:
                    undone.append(Undone(folder=folder, changed=_undo(journal, folder=folder, staging=staging)))
    return tuple(undone)


def missing_folders(*folders: Path) -> list[Path]:
    """Those of `folders` and of their parents that do not exist yet, the deepest first."""
    missing = {parent for folder in folders for parent in (folder, *folder.parents) if not parent.exists()}
    return sorted(missing, key=lambda folder: len(folder.parts), reverse=True)


def _fits(entry: _Entry, staging: Path) -> bool:
    """Whether an entry is one that hgw could have written. Its staged names are only looked for, never touched."""
    if not all(isinstance(name, str) for name in (entry.staged, entry.digest, entry.kept or "")):
        return False
    if not _is_below(entry.target, staging.parent):
        return False
    if entry.copy is None:
        return True
    is_sibling = entry.copy.startswith(f"{entry.target}{_COPY_MARK}") and _is_below(entry.copy, staging.parent)
    return is_sibling and not _is_repository(PurePosixPath(entry.target).name)


def _is_below(name: str, folder: Path) -> bool:
    """Whether a name leads to a place in `folder`, but not into its repository, whose files git runs."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or any(map(_is_repository, path.parts[:-1])):
        return False
    return (folder / path).parent.resolve().is_relative_to(folder.resolve())


def _is_repository(name: str) -> bool:
    return name.lower() in {".git", "git~1"}


def _entry(move: Move, *, folder: Path, staging: Path, number: int) -> _Entry:
    copy, kept = move.copy, None
    if os.path.lexists(move.target):
        copy = copy or copy_name(move.target)
        kept = f"kept-{number}"
        _duplicate(move.target, staging / kept)
    return _Entry(
        staged=move.staged.relative_to(staging).as_posix(),
        target=_relative(move.target, folder),
        digest=_digest(move.staged),
        copy=_relative(copy, folder) if kept and copy else None,
        kept=kept,
    )


def _duplicate(path: Path, copy: Path) -> None:
    """Another name for a file or link, or a copy where the file system has no such names."""
    try:
        os.link(path, copy, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, copy, follow_symlinks=False)


def _undo(journal: _Journal, *, folder: Path, staging: Path) -> tuple[Path, ...]:
    """Take the moves back, the last first. Returns the files that somebody has changed since, which stay."""
    changed = []
    for entry in reversed(journal.entries):
        target, copy = folder / entry.target, folder / entry.copy if entry.copy else None
        if os.path.lexists(staging / entry.staged):  # it was not moved: the target is what it was
            if copy is not None and entry.kept is not None and not os.path.lexists(staging / entry.kept):
                copy.unlink(missing_ok=True)
        elif not os.path.lexists(target):
            continue
        elif _digest(target) != entry.digest:
            changed.append(target)
        elif copy is None:
            _remove(target)
        elif os.path.lexists(copy):
            copy.replace(target)
    for name in journal.created:
        with contextlib.suppress(OSError):
            (folder / name).rmdir()
    return tuple(reversed(changed))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink()


def _digest(path: Path) -> Sha256:
    """A digest of a file's content, or of all names and contents in a folder."""
    found = hashlib.sha256()
    if path.is_dir() and not path.is_symlink():
        for below in sorted(path.rglob("*")):
            found.update(os.fsencode(below.relative_to(path)) + b"\0")
            found.update(_digest(below).encode() if below.is_file() and not below.is_symlink() else b"")
    elif path.is_file():
        found.update(path.read_bytes())
    return Sha256(found.hexdigest())


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
