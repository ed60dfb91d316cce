"""What failed children printed, kept in files that messages name."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.system.process import command_line
from higress_cli.system.urls import shown
from higress_cli.system.visible_text import visible

_KEPT: Final = 20
_SUFFIX: Final = ".log"
_MOST_CHARACTERS: Final = 1 << 20
"""What is kept of an output: half of it from its beginning, half from its end."""


def keep(
    folder: Path, argv: Sequence[str], output: str, *, status: int, edits: Mapping[str, str | None] | None = None
) -> Path | None:
    """Write a failed child's command, with the variables changed for it, and its output to a new file in `folder`.

    URLs lose their passwords, and what would act on a terminal is shown instead. The oldest files are removed.

    Returns:
        The file; None if it could not be written.
    """
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{Path(argv[0]).stem}{_SUFFIX}"
    text = f"$ {command_line(argv, edits)}\n{_bounded(output.rstrip())}\n[{status}]\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(visible(shown(text)), encoding="utf-8")
    except OSError:
        return None
    for old in sorted(folder.glob(f"*{_SUFFIX}"))[:-_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path


def _bounded(text: str) -> str:
    left_out = len(text) - _MOST_CHARACTERS
    if left_out <= 0:
        return text
    half = _MOST_CHARACTERS // 2
    note = _("[{count} characters were left out here: the program printed too much]").format(count=left_out)
    return "\n".join((text[:half], note, text[-half:]))
