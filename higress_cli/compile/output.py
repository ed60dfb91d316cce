"""The output file: checked before the compiler starts, and written atomically."""

import tempfile
from pathlib import Path

from higress_cli.choice import Source, SourceKind
from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.settings.project import OUT_FILE
from higress_cli.system.fs import first_bytes, write_atomically
from higress_cli.system.os_errors import is_full, write_error
from higress_cli.wasm.binary import MAGIC


def check_output(path: Path) -> None:
    """Check that a module can be written to `path`, and that nothing but a module is there.

    Raises:
        ConflictError: `out-file-is-folder`, `out-file-taken`, or the error of `write_error` for the system's reason.
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
    if path.exists() and not path.is_file():
        # The module is put in place by a rename, which replaces even /dev/null where the user may.
        raise ConflictError(
            _("{path} is a pipe or a device, and the module would take its place").format(path=path),
            code="out-file-taken",
            hint=_("give another --out-file"),
            details={"path": path},
        )
    if first_bytes(path, len(MAGIC)) not in {None, b"", MAGIC}:
        raise ConflictError(
            _("{path} holds something that is not a WebAssembly module, and the module would replace it").format(
                path=path
            ),
            code="out-file-taken",
            hint=_("move it away, or give another place: hgw build --out-file FILE"),
            details={"path": path},
        )
    parent = next(folder for folder in path.parents if folder.exists() or folder == folder.parent)
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise _not_writable(path, error) from error


def check_inside(path: Path, *, directory: Path, source: Source) -> None:
    """Check that a file of the project does not send its module elsewhere; only somebody who types may do that.

    `directory` is the plugin's folder, `source` says who chose `path`. Links are followed.

    Raises:
        ConflictError: `out-file-outside`.
    """
    if source.is_typed or source.kind is SourceKind.DEFAULT:
        return
    top = Path(source.text).parent if source.kind is SourceKind.PARENT else directory
    if path.resolve().is_relative_to(top.resolve()):
        return
    raise ConflictError(
        _("{key} in {source} names a place outside of {folder}: {path}").format(
            key=OUT_FILE.key, source=source.place, folder=top, path=path
        ),
        code="out-file-outside",
        hint=_("name a place inside, or type it: hgw build --out-file {path}").format(path=path),
        details={"path": path, "directory": top, "source": source},
    )


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
