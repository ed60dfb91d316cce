"""Errors of the operating system as hgw's own: `write_error` for writing a file, `read_error` for reading one."""

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError, HgwError, InvalidInput
from higress_cli.i18n import N_, _
from higress_cli.settings.machine import HOME
from higress_cli.system.user_file import UnsuitableFileError

DISK_FULL: Final = "disk-full"
"""The id of the error if there is no space left, whoever finds it."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Why the system did not write: the id of the error, and the reason in the active language."""

    code: str
    reason: str


_DISK_FULL: Final = Refused(code=DISK_FULL, reason=N_("the disk is full"))
_IN_USE: Final = Refused(code="file-in-use", reason=N_("another program is using it"))
_TOO_LONG: Final = Refused(code="name-too-long", reason=N_("the path is too long"))
_NOT_A_FOLDER: Final = Refused(code="not-a-folder", reason=N_("a part of the path is a file, not a folder"))
_DENIED: Final = Refused(code="write-denied", reason=N_("permission denied"))
# By name, because Windows lacks some of them.
_BY_NAME: Final = {
    "ENOSPC": _DISK_FULL,
    "EDQUOT": Refused(code=DISK_FULL, reason=N_("the disk quota is used up")),
    "EROFS": Refused(code="read-only", reason=N_("the file system is read-only")),
    "EACCES": _DENIED,
    "EPERM": _DENIED,
    "ENOTDIR": _NOT_A_FOLDER,
    "EEXIST": _NOT_A_FOLDER,  # from mkdir with exist_ok
    "EISDIR": Refused(code="is-a-folder", reason=N_("it is a folder")),
    "ENAMETOOLONG": _TOO_LONG,
    "ETXTBSY": _IN_USE,
    "EBUSY": _IN_USE,
    "ENOENT": Refused(code="folder-missing", reason=N_("its folder does not exist")),
}
# Windows' own codes, where Python's errno is less precise: a sharing or lock violation, a name that is too long.
_BY_WINDOWS_NUMBER: Final = {32: _IN_USE, 33: _IN_USE, 206: _TOO_LONG}
_OF_THE_MACHINE: Final = frozenset({
    "EACCES", "EPERM", "ENAMETOOLONG", "ELOOP", "EIO", "EROFS", "ESTALE", "ETXTBSY", "EISDIR", "ENOTDIR"
})  # fmt: skip
_UNREADABLE: Final = {
    "EACCES": _DENIED.reason,
    "EPERM": _DENIED.reason,
    "EISDIR": N_("it is a folder"),
    "ENOENT": N_("it does not exist"),
    "ENOTDIR": _NOT_A_FOLDER.reason,
    "ENAMETOOLONG": _TOO_LONG.reason,
}
# What Path.resolve() raises before Python 3.13 at a link to itself.
_LOOP: Final = re.compile(r"Symlink loop from '(.*)'", re.DOTALL)
_GIVE_A_FILE: Final = N_("give the path of a file that exists")
_FOLDER_IN_PLACE: Final = N_("move the folder away: a file of that name is read here")
_HINTS: Final = {
    "EACCES": N_("give this user permission to read it"),
    "EPERM": N_("give this user permission to read it"),
    "EISDIR": N_("give the path of a file"),
    "ENOENT": _GIVE_A_FILE,
    "ENOTDIR": _GIVE_A_FILE,
    "ENAMETOOLONG": _GIVE_A_FILE,
}


def refused(error: OSError) -> Refused:
    """Why `error` prevented a write."""
    known = _BY_WINDOWS_NUMBER.get(getattr(error, "winerror", None) or 0) or _BY_NAME.get(_name(error))
    if known is None:
        return Refused(code="write-failed", reason=error.strerror or str(error))
    return Refused(code=known.code, reason=_(known.reason))


def is_full(error: OSError) -> bool:
    """Whether the disk is full or a quota is used up, which is never a bug of hgw."""
    return refused(error).code == DISK_FULL


def system_error(error: Exception, *, output: str, hint: str | None = None) -> HgwError | None:
    """The error for what the system refuses to do, whoever asked it; None if it may be a bug of hgw.

    `output` is what was being written if `error` names no file, and `hint` says what helps if there is no space for it.
    """
    if not isinstance(error, OSError) or not is_full(error):
        return shortage(error) or machine_error(error)
    return write_error(output, error, hint=hint) if error.filename is None else write_error(error.filename, error)


def machine_error(error: Exception) -> HgwError | None:
    """The error if nothing can be done with a file or folder: no rights, an odd name, a pipe, a bad disk; else None."""
    if isinstance(error, RuntimeError) and (loop := _LOOP.fullmatch(str(error))):
        return read_error(Path(loop[1]), OSError(errno.ELOOP, os.strerror(errno.ELOOP)))
    if not isinstance(error, OSError):
        return None
    if not isinstance(error.filename, str):
        return _bad_disk(error) if error.errno == errno.EIO else None
    if not isinstance(error, UnsuitableFileError) and _name(error) not in _OF_THE_MACHINE:
        return None
    return read_error(Path(error.filename), error)


def shortage(error: Exception) -> ConflictError | None:
    """The error if the system gave this process no more memory, files or connections, wherever it asked; else None."""
    name = _name(error) if isinstance(error, OSError) else ""
    # CPython says so in these words, whichever limit it is: of memory, of threads, of processes.
    threadless = isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    if isinstance(error, MemoryError) or name == "ENOMEM" or threadless:
        return ConflictError(_("there is no memory left for hgw"), code="memory-exhausted")
    if name in {"EMFILE", "ENFILE"}:
        return too_many_files()
    return None


def too_many_files() -> ConflictError:
    """The error if this process may open no more files and connections."""
    return ConflictError(_("hgw cannot open one more file: too many are open"), code="too-many-files")


def check_open_files(least: int) -> None:
    """See that this process may open `least` more files and connections.

    Raises:
        ConflictError: `too-many-files`.
    """
    opened: list[int] = []
    try:
        for _number in range(least):
            opened.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 -- those before a failure have to be closed
    except OSError as error:
        raise (shortage(error) or error) from error
    finally:
        for handle in opened:
            os.close(handle)


def write_error(path: Path | str, error: OSError, *, hint: str | None = None) -> ConflictError:
    """The error if the system does not let hgw write `path` (or something with that name)."""
    if (short := shortage(error)) is not None:
        return short
    why = refused(error)
    return ConflictError(
        _("{path} cannot be written: {reason}").format(path=path, reason=why.reason),
        code=why.code,
        hint=hint,
        details={"path": path},
    )


def home_error(path: Path, error: OSError) -> ConflictError:
    """The error for one of hgw's own folders; the hint says how to move them all."""
    if is_full(error):
        return write_error(path, error, hint=on_another_disk(HOME.variable))
    hint = _("set {variable} to a folder that you can write to").format(variable=HOME.variable)
    return write_error(path, error, hint=hint)


def on_another_disk(variable: str) -> str:
    """What to do if the disk is full that `variable` moves hgw, or what it runs, away from."""
    return _("free some space there, or set {variable} to a folder on another disk").format(variable=variable)


def disk_full(path: Path) -> ConflictError:
    """The error if another program found the disk of `path` full, or left signs of that."""
    return write_error(path, OSError(errno.ENOSPC, ""))


def read_error(
    path: Path, error: OSError | UnicodeDecodeError, *, hint: str | None = None, is_fixed: bool = False
) -> HgwError:
    """The error for a file that hgw cannot read as text; without `hint`, the hint is the one for the cause.

    `is_fixed` says that nobody named the path, so that no other can be given.
    """
    if (short := shortage(error)) is not None:
        return short
    if isinstance(error, UnicodeDecodeError):
        reason = _("it is not text in UTF-8 (byte {offset})").format(offset=error.start)
        fitting: str | None = _("save it as UTF-8")
    else:
        known, advice = _UNREADABLE.get(_name(error)), _HINTS.get(_name(error))
        if is_fixed and _name(error) == "EISDIR":
            advice = _FOLDER_IN_PLACE
        reason = _(known) if known else error.strerror or str(error)
        fitting = _(advice) if advice else None
    return InvalidInput(
        _("{path} cannot be read: {reason}").format(path=path, reason=reason),
        code="file-unreadable",
        hint=hint or fitting,
        details={"path": path},
    )


def _bad_disk(error: OSError) -> ConflictError:
    # Once a file is open, the system no longer says which it is.
    message = _("the system could not read or write a file: {reason}").format(reason=error.strerror)
    return ConflictError(message, code="write-failed")


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")
