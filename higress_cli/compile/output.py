"""The output file: checked before the compiler starts, and written atomically."""

import tempfile
from pathlib import Path

from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.system.fs import write_atomically
from higress_cli.system.writing import is_full, write_error


def check_output(path: Path) -> None:
    """Check that a module can be written to `path`.

    Raises:
        ConflictError: `out-file-is-folder`, or the error of `write_error` for the operating system's reason.
    """
    if path.is_dir():
        empty = not any(path.iterdir())
        raise ConflictError(
            _("{path} is a folder, and the module would have to take its place").format(path=path),
            code="out-file-is-folder",
            hint=_("Docker makes such a folder when it mounts a file that is not there: remove it, it is empty")
            if empty
            else _("give another --out-file"),
            details={"path": path},
        )
    parent = next(folder for folder in path.parents if folder.exists() or folder == folder.parent)
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise _not_writable(path, error) from error


def put_in_place(path: Path, content: bytes) -> None:
    """Write the module atomically: `path` holds either the old content or the new.

    Raises:
        ConflictError: the error of `write_error` for the operating system's reason.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> ConflictError:
    return write_error(path, error, hint=None if is_full(error) else _("give another place: hgw build --out-file FILE"))
