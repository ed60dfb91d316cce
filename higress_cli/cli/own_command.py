"""The words by which this hgw can be started again, from any folder."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

_NAME: Final = "hgw"
_PLAIN: Final = re.compile(r"[\w@%+=:,./\\-]+")


def own_command() -> str:
    """`hgw` if that starts this installation, else its absolute path, quoted for a shell."""
    return command_of(Path(sys.argv[0]), python=Path(sys.executable), search_path=None)


def typable(command: str) -> str:
    """A command line of hgw's with this installation's own command; any other text as it is."""
    return own_command() + command.removeprefix(_NAME) if command.startswith(f"{_NAME} ") else command


def command_of(started: Path, *, python: Path, search_path: str | None) -> str:
    """As `own_command`, for a program that was `started` by that path; `python` is its interpreter.

    If `search_path` is None, that of the environment is used.

    `python -m higress_cli` is named by the program beside the interpreter, if there is one.
    """
    program = started.absolute()
    if program.parent.name == "higress_cli" and program.name == "__main__.py":
        beside = shutil.which(_NAME, path=str(python.parent))
        if beside is None:
            return f"{quoted(str(python))} -m higress_cli"
        program = Path(beside)
    elif program.stem != _NAME:
        return _NAME  # called from within another program
    found = shutil.which(_NAME, path=search_path)
    if found is not None and Path(found).resolve().with_suffix("") == program.resolve().with_suffix(""):
        return _NAME
    return quoted(str(program))


def quoted(path: str) -> str:
    """A path as it can be typed in a shell."""
    if _PLAIN.fullmatch(path):
        return path
    return f'"{path}"' if os.name == "nt" else shlex.quote(path)
