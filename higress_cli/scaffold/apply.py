"""Writing all files of a plan, or none."""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from higress_cli.i18n import _
from higress_cli.scaffold.plan import Plan, PlannedFile
from higress_cli.system.fs import remove_tree, staging_folder
from higress_cli.system.writing import write_error


def apply_plan(plan: Plan, *, complete: Callable[[Path], None] | None = None) -> None:
    """Write the files that `plan` creates or overwrites.

    `complete` may add to the new project (a repository, for example): it gets a folder, and what it creates there
    is moved into the project together with the other files.

    Everything is first written to a folder beside its destination and then moved. If anything fails in between
    (a full disk, Ctrl-C), the folder is left as it was, including the files that would have been overwritten.

    Raises:
        ConflictError: a file cannot be written (`write_error`).
    """
    if not plan.written and complete is None and plan.directory.exists():
        return
    with _no_leftovers(_missing_folders(plan.directory.parent)):
        try:
            if plan.directory.exists():
                _fill_folder(plan, complete)
            else:
                _make_folder(plan, complete)
        except OSError as error:
            raise write_error(
                plan.directory, error, hint=_("nothing was left behind; to use another folder: hgw init DIR")
            ) from error


def _make_folder(plan: Plan, complete: Callable[[Path], None] | None) -> None:
    with staging_folder(plan.directory) as staging:
        # A subfolder of the private one, because that gets its permissions from the user's umask.
        project = staging / "project"
        project.mkdir()
        for file in plan.written:
            _write(project / file.path.relative_to(plan.directory), file)
        if complete is not None:
            complete(project)
        project.rename(plan.directory)


def _fill_folder(plan: Plan, complete: Callable[[Path], None] | None) -> None:
    """Move each new file into place; the old ones wait in the staging folder until all are there."""
    with staging_folder(plan.directory / "any file") as staging:
        moves: list[tuple[Path, Path]] = []
        for number, file in enumerate(plan.written):
            staged = staging / f"new-{number}"
            _write(staged, file)
            moves.append((staged, file.path))
            if file.copy is not None:
                kept = staging / f"kept-{number}"
                shutil.copy2(file.path, kept)
                moves.append((kept, file.copy))
        if complete is not None:
            more = staging / "more"
            more.mkdir()
            complete(more)
            moves.extend((entry, plan.directory / entry.name) for entry in sorted(more.iterdir()))
        created = _missing_folders(*(target.parent for _staged, target in moves))
        with _no_leftovers(created):
            for folder in reversed(created):
                folder.mkdir()
            _move_all(moves, staging)


def _move_all(moves: Sequence[tuple[Path, Path]], staging: Path) -> None:
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (staged, target) in enumerate(moves):
            old = _set_aside(target, staging / f"old-{number}")
            done.append((target, old))
            staged.rename(target)
    except BaseException:
        for target, old in reversed(done):
            _put_back(target, old)
        raise


def _set_aside(path: Path, aside: Path) -> Path | None:
    if not path.exists() and not path.is_symlink():
        return None
    path.rename(aside)
    return aside


def _put_back(path: Path, old: Path | None) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    if old is None:
        with contextlib.suppress(NotADirectoryError):  # the move was never reached
            path.unlink(missing_ok=True)
    else:
        old.replace(path)


def _write(path: Path, file: PlannedFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    if file.executable:
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # executable for everyone who may read it


def _missing_folders(*folders: Path) -> list[Path]:
    """Those of `folders` and of their parents that do not exist yet, the deepest first."""
    missing = {parent for folder in folders for parent in (folder, *folder.parents) if not parent.exists()}
    return sorted(missing, key=lambda folder: len(folder.parts), reverse=True)


@contextlib.contextmanager
def _no_leftovers(folders: list[Path]) -> Iterator[None]:
    """If the block fails, remove those of `folders` (deepest first) that it created and left empty."""
    try:
        yield
    except BaseException:
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
