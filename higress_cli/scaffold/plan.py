"""What writing a set of files into a folder would do to each file."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError
from higress_cli.i18n import _, listed, ngettext
from higress_cli.project.settings import FILE_NAME as SETTINGS_FILE
from higress_cli.scaffold.renderer import RenderedFile
from higress_cli.system.moves import copy_name

_GO_SOURCE: Final = ".go"


class Action(StrEnum):
    CREATE = "create"
    IDENTICAL = "identical"
    CONFLICT = "conflict"
    OVERWRITE = "overwrite"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """One file of a plan; `path` is absolute, `content` its new content, `copy` the file that keeps the old content."""

    path: Path
    action: Action
    content: bytes
    executable: bool
    copy: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All files of a new project, and what happens to each."""

    directory: Path
    files: tuple[PlannedFile, ...]

    @property
    def conflicts(self) -> tuple[PlannedFile, ...]:
        return tuple(file for file in self.files if file.action is Action.CONFLICT)

    @property
    def written(self) -> tuple[PlannedFile, ...]:
        return tuple(file for file in self.files if file.action in (Action.CREATE, Action.OVERWRITE))


def make_plan(directory: Path, rendered: Sequence[RenderedFile], *, force: bool = False, keep: bool = False) -> Plan:
    """Compare `rendered` with what is in `directory`.

    A file that exists with other content is a conflict; with `force` it is overwritten, with `keep` it stays.
    What is overwritten is kept in a copy beside it, under a name that Go does not compile.

    Raises:
        ConflictError: `directory-is-file`, `path-taken` (a folder where a file should be, or the other way round),
            `path-unsafe` (a link in the folder leads out of it).
    """
    if directory.exists() and not directory.is_dir():
        raise ConflictError(
            _("{path} is a file, so a project cannot be created there").format(path=directory),
            code="directory-is-file",
            hint=_("choose another folder: hgw init DIR"),
            details={"path": directory},
        )
    existing = Action.KEEP if keep else Action.OVERWRITE if force else Action.CONFLICT
    return Plan(directory=directory, files=tuple(_planned(directory, file, existing) for file in rendered))


def refuse_conflicts(plan: Plan) -> None:
    """Refuse to overwrite files.

    Raises:
        ConflictError: `file-exists` with the names of all files that would be overwritten.
    """
    conflicts = [file.path.relative_to(plan.directory).as_posix() for file in plan.conflicts]
    if conflicts:
        message = ngettext(
            "{count} file in {path} is different already and is not overwritten: {names}",
            "{count} files in {path} are different already and are not overwritten: {names}",
            len(conflicts),
        )
        raise ConflictError(
            message.format(count=len(conflicts), path=plan.directory, names=listed(conflicts)),
            code="file-exists",
            hint=hint_for_plugin(plan.directory) or _("add --force to overwrite them, --dry-run to see the whole plan"),
            details={"files": [file.path for file in plan.conflicts]},
        )


def hint_for_plugin(directory: Path) -> str | None:
    """What an author probably wants who makes a plugin in a folder that is one; None if it is none.

    Without Go source it is none, whatever else of a plugin is left: `--from-existing` would refuse it.
    """
    if not any(directory.glob(f"*{_GO_SOURCE}")):
        return None
    if (directory / SETTINGS_FILE).is_file():
        beside = shlex.quote(str(directory.parent))
        return _(
            "`{add}` adds files that are missing and changes none; "
            "`hgw init {beside}/NAME` makes another plugin beside it"
        ).format(add=_from_existing(directory), beside=beside)
    return _from_existing(directory)


def _from_existing(directory: Path) -> str:
    return f"hgw init --from-existing {shlex.quote(str(directory))}"


def _planned(directory: Path, file: RenderedFile, existing: Action) -> PlannedFile:
    path, action = directory / file.path, _action(directory, file, existing)
    return PlannedFile(
        path=path,
        action=action,
        content=file.content,
        executable=file.executable,
        copy=copy_name(path) if action is Action.OVERWRITE else None,
    )


def _action(directory: Path, file: RenderedFile, existing: Action) -> Action:
    path = directory / file.path
    _refuse_escape(directory, path)
    if path.is_symlink() and not path.exists():
        return existing
    if not path.exists():
        return Action.CREATE
    if path.is_dir():
        raise _taken(path, _("it is a folder"))
    if not path.is_file():
        raise _taken(path, _("it is a pipe or a device, not a file"))
    return Action.IDENTICAL if path.read_bytes() == file.content else existing


def _refuse_escape(directory: Path, path: Path) -> None:
    # Not resolve(), which raises RuntimeError at a link to itself.
    inside = Path(os.path.realpath(directory))
    for parent in path.parents:
        if parent == directory:
            break
        if os.path.lexists(parent) and not parent.is_dir():
            raise _taken(parent, _("it is a file"))
    if not path.parent.resolve().is_relative_to(inside):
        raise ConflictError(
            _("{path} lies behind a link that leads out of {directory}").format(path=path, directory=directory),
            code="path-unsafe",
            hint=_("choose another folder: hgw init DIR"),
            details={"path": path},
        )


def _taken(path: Path, what: str) -> ConflictError:
    return ConflictError(
        _("{path} is in the way: {what}").format(path=path, what=what),
        code="path-taken",
        hint=_("choose another folder: hgw init DIR"),
        details={"path": path},
    )
