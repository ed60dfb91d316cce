"""Reading files that users write: with a size limit, and only regular files."""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

from higress_cli.i18n import _

MOST_BYTES: Final = 1 << 20
"""The size limit for a text. Kubernetes stores no larger objects, so no WasmPlugin could have such a configuration."""


MOST_CONTENT: Final = 1 << 28
"""The size limit, in bytes, for a file whose content is not text for people: source, modules, bodies."""


class UnsuitableFileError(OSError):
    """A path that cannot be read as a file; `strerror` says why, for people."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(errno.EINVAL, reason, str(path))


def read_text(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """The text of a UTF-8 file, with or without a byte order mark.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read; `UnsuitableFileError` for a pipe, a device, or too many bytes.
    """
    return read_bytes(path, most_bytes=most_bytes).decode("utf-8-sig")


def read_bytes(path: Path, *, most_bytes: int = MOST_CONTENT) -> bytes:
    """The content of a file.

    Raises:
        OSError: it cannot be read; `UnsuitableFileError` for a pipe, a device, or too many bytes.
    """
    try:
        status = path.stat()
    except ValueError as error:  # a NUL in the name
        raise UnsuitableFileError(path, str(error)) from error
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    _refuse_special(path, status)
    with path.open("rb") as source:
        # Python sets aside as many bytes as it is asked for; a file may have grown, and those of /proc have no size.
        content = source.read(min(most_bytes, status.st_size) + 1)
        if len(content) > status.st_size:
            content += source.read(most_bytes + 1 - len(content))
    if len(content) > most_bytes:
        raise UnsuitableFileError(path, _("it has more than {most} bytes").format(most=most_bytes))
    return content


def refuse_special(path: Path) -> None:
    """See that another program can read `path` to its end, if there is something.

    Raises:
        UnsuitableFileError: it is a pipe or a device.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        _refuse_special(path, path.stat())


def _refuse_special(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        # Opening a pipe blocks until somebody writes; a device may be endless.
        raise UnsuitableFileError(path, _("it is a pipe or a device, not a file"))
