"""Errors of the disk that the tool store is on."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError, DownloadError, HgwError
from higress_cli.i18n import _
from higress_cli.system.process import Completed

_FULL_BELOW_BYTES: Final = 16 << 20
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_RIGHTS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def disk_full(place: Path) -> DownloadError:
    return DownloadError(
        _("the disk of {path} is full").format(path=place),
        code="disk-full",
        hint=_("free some space, or set HGW_HOME to another disk"),
        details={"path": place},
    )


def storage_error(root: Path, error: OSError) -> HgwError:
    """What an error of the file system means for the user.

    Raises:
        OSError: `error` itself where space and rights are not the cause.
    """
    if error.errno in NO_SPACE:
        return disk_full(root)
    if error.errno in _NO_RIGHTS:
        return ConflictError(
            _("{path} cannot be written: {reason}").format(path=error.filename or root, reason=error.strerror),
            code="store-read-only",
            hint=_("set HGW_HOME to a folder that you can write to"),
        )
    raise error


def require_space(root: Path, failed: Completed) -> None:
    """Raise if a child failed because the disk is full; some delete what they wrote, so its message counts too.

    Raises:
        DownloadError: `disk-full`.
    """
    said = os.strerror(errno.ENOSPC).lower() in failed.output.lower()
    if said or shutil.disk_usage(root).free < _FULL_BELOW_BYTES:
        raise disk_full(root)
