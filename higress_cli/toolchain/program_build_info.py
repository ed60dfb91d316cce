"""Which Go compiled a program, read from the program itself (debug/buildinfo in Go's standard library)."""

import mmap
from pathlib import Path
from typing import Final

_MAGIC: Final = b"\xff Go buildinf:"
_FLAGS_AT: Final = 15
_INLINE: Final = 2
"""The flag of Go 1.18 and newer: the version stands behind the header, after its length in one byte."""
_HEADER: Final = 32


def go_that_compiled(program: Path) -> str | None:
    """The version of Go that compiled `program`, such as `1.20.14`; None if it does not say, or is no Go program."""
    try:
        with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at = content.find(_MAGIC)
            header = content[at : at + _HEADER + 1] if at >= 0 else b""
            if len(header) <= _HEADER or not header[_FLAGS_AT] & _INLINE:
                return None
            version = content[at + _HEADER + 1 : at + _HEADER + 1 + header[_HEADER]]
    except (OSError, ValueError):
        return None
    return version.decode("ascii", "replace").removeprefix("go") if version.startswith(b"go") else None
