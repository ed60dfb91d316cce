"""Whose files hgw believes. Only where files have owners by number: elsewhere (Windows) all are believed."""

import os
from pathlib import Path
from typing import Final

_ROOT: Final = 0


def is_believed(path: Path, *, beside: Path) -> bool:
    """Whether `path` belongs to the user, to root, or to the owner of `beside`, which is believed anyway."""
    if not hasattr(os, "geteuid"):
        return True
    try:
        believed = {os.geteuid(), _ROOT, beside.stat().st_uid}
        # A link is its owner's, whatever it leads to.
        return path.stat().st_uid in believed and path.lstat().st_uid in believed
    except OSError:
        return False


def is_private(folder: Path) -> bool:
    """Whether `folder` is a folder, not a link, that belongs to the user and that nobody else can enter."""
    if not hasattr(os, "geteuid"):
        return True
    found = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and found.st_uid == os.geteuid() and not found.st_mode & 0o077
