"""Writing all files of a plan, or none."""

from collections.abc import Callable
from pathlib import Path

from higress_cli.i18n import _
from higress_cli.scaffold.plan import Plan, PlannedFile
from higress_cli.system.moves import Move, missing_folders, move_all
from higress_cli.system.os_errors import write_error
from higress_cli.system.staging import staging_folder


def apply_plan(plan: Plan, *, complete: Callable[[Path], None] | None = None) -> None:
    """Write the files that `plan` creates or overwrites.

    `complete` may add to the new project (a repository, for example): it gets a folder, and what it creates there
    is moved into the project together with the other files.

    Everything is first written to a folder beside its destination and then moved. If anything fails in between
    (a full disk, Ctrl-C), the folder is left as it was, including the files that would have been overwritten; if hgw
    is killed, the next call in this folder sees to that (`system.moving`).

    Raises:
        ConflictError: a file cannot be written (`write_error`).
    """
    if not plan.written and complete is None and plan.directory.exists():
        return
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
    """Make the folder with all that is in it, and its missing parents too, and reveal the topmost by a rename."""
    top = missing_folders(plan.directory)[-1]
    with staging_folder(top) as staging:
        # A subfolder of the private one, because that gets its permissions from the user's umask.
        project = staging / "top" / plan.directory.relative_to(top)
        project.mkdir(parents=True)
        for file in plan.written:
            _write(project / file.path.relative_to(plan.directory), file)
        if complete is not None:
            complete(project)
        (staging / "top").rename(top)


def _fill_folder(plan: Plan, complete: Callable[[Path], None] | None) -> None:
    with staging_folder(plan.directory / "any file") as staging:
        moves: list[Move] = []
        for number, file in enumerate(plan.written):
            staged = staging / f"new-{number}"
            _write(staged, file)
            moves.append(Move(staged=staged, target=file.path, copy=file.copy))
        if complete is not None:
            more = staging / "more"
            more.mkdir()
            complete(more)
            moves.extend(Move(staged=entry, target=plan.directory / entry.name) for entry in sorted(more.iterdir()))
        move_all(moves, folder=plan.directory, staging=staging)


def _write(path: Path, file: PlannedFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    if file.executable:
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # executable for everyone who may read it
