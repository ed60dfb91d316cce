"""Errors of the disk that the tool store is on."""

import shutil
from pathlib import Path
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.knowledge.catalogue import recognise
from higress_cli.system.process import Completed
from higress_cli.system.writing import disk_full, refused, write_error

_FULL_BELOW_BYTES: Final = 16 << 20


def storage_error(root: Path, error: OSError) -> HgwError:
    """What an error of the file system means for the user.

    Raises:
        OSError: `error` itself where space and rights are not the cause.
    """
    if refused(error).code in {"disk-full", "read-only", "write-denied"}:
        return write_error(error.filename or root, error)
    raise error


def require_space(root: Path, failed: Completed) -> None:
    """Raise if a child failed because the disk is full; some delete what they wrote, so its message counts too.

    Raises:
        ConflictError: `disk-full`.
    """
    said = any(match.id == "disk-full" for match in recognise(failed.output))
    if said or shutil.disk_usage(root).free < _FULL_BELOW_BYTES:
        raise disk_full(root)
