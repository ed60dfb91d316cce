"""Errors of the disk with the tool store."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.knowledge.disk import full_disk, places_of
from higress_cli.system.os_errors import disk_full, refused, write_error
from higress_cli.system.process import Completed

_FULL_BELOW_BYTES: Final = 16 << 20


def storage_error(root: Path, error: OSError) -> HgwError:
    """Turn an error of the file system into one for the user.

    Raises:
        OSError: `error` itself if neither space nor permissions are the cause.
    """
    if refused(error).code in {"disk-full", "read-only", "write-denied"}:
        return write_error(error.filename or root, error)
    raise error


def require_space(root: Path, failed: Completed, *, variables: Mapping[str, str]) -> None:
    """Raise if a child failed because a disk is full; some delete what they wrote, so its message counts too.

    Raises:
        ConflictError: `disk-full`.
    """
    full = full_disk(failed.output, program=Path(failed.argv[0]).name, places=places_of(variables, store=root))
    if full is not None:
        raise full
    if shutil.disk_usage(root).free < _FULL_BELOW_BYTES:
        raise disk_full(root)
