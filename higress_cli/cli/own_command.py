"""The words by which this hgw can be started again, from any folder."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from higress_cli.cli.command_names import COMMANDS

_NAME: Final = "hgw"
_PLAIN: Final = re.compile(r"[\w@%+=:,./\\-]+")
# A command of hgw's where a hint has one: the whole hint, in backquotes, or after a colon or a semicolon.
_COMMAND: Final = re.compile(r"(?P<front>(?:^|(?<=`)|(?<=[:;] )|(?<=：))(?:\w+=\S+ )*)hgw (?P<next>[a-z-]+)")
_NAMES_FOLDER: Final = re.compile(r" (?:-C|--directory)\b")
_BOUND_TO_FOLDER: Final = re.compile(r"(?:^|(?<=[:;] )|(?<=：))(?=(?:go (?:get|mod|work)|git) )")


def own_command() -> str:
    """`hgw` if that starts this installation, else its absolute path, quoted for a shell."""
    return command_of(Path(sys.argv[0]), python=Path(sys.executable), search_path=None)


def typable(hint: str, *, folder: str | None = None) -> str:
    """A hint whose commands can be typed as they stand: with this installation's own command, and for `folder`.

    `folder` is the one that the hint is for, as it is called where the user stands; None where the user stands in it.
    """
    if _NAMES_FOLDER.search(hint):
        folder = None
    if folder is not None and _BOUND_TO_FOLDER.search(hint):
        return _BOUND_TO_FOLDER.sub(lambda _found: f"cd {quoted(folder)} && ", hint)
    place = "" if folder is None else f" -C {quoted(folder)}"
    return _COMMAND.sub(lambda found: _started(found, place), hint)


def seen_from_here(folder: Path) -> str | None:
    """What the user calls `folder`, an absolute path, in the folder that hgw was started in; None if it is that one."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return str(folder)
    if folder == here:
        return None
    related = folder.is_relative_to(here) or here.is_relative_to(folder)
    return os.path.relpath(folder, here) if related else str(folder)


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


def _started(found: re.Match[str], place: str) -> str:
    if found["next"] not in COMMANDS:
        return found[0] if found["next"][0] != "-" else f"{found['front']}{own_command()} {found['next']}"
    return f"{found['front']}{own_command()}{place} {found['next']}"
