"""What failed children printed, kept in files that messages name."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli.system.process import Completed, command_line
from higress_cli.system.urls import shown

_KEPT: Final = 20
_SUFFIX: Final = ".log"


def keep(folder: Path, failed: Completed) -> Path | None:
    """Write all that a child printed to a file in `folder`, None if that fails; remove old files."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{Path(failed.argv[0]).stem}{_SUFFIX}"
    text = f"$ {command_line(failed.argv)}\n{failed.output}\n[{failed.returncode}]\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(shown(text), encoding="utf-8")
    except OSError:
        return None
    for old in sorted(folder.glob(f"*{_SUFFIX}"))[:-_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return folder / name
