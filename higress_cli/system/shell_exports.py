"""Environment variables as statements for a shell to evaluate: `eval "$(hgw toolchain env)"`."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Final

from higress_cli.system.host import Host


class Dialect(StrEnum):
    """The reader of the variables. `github` is the file that GITHUB_ENV names in a GitHub workflow."""

    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"
    CMD = "cmd"
    GITHUB = "github"


_ALIASES: Final = {"bash": "sh", "zsh": "sh", "dash": "sh", "ksh": "sh", "ash": "sh", "pwsh": "powershell"}


@dataclass(frozen=True, kw_only=True)
class Exports:
    """`values` are complete, including PATH; `front` are the folders that PATH begins with; `unset` are removed."""

    values: Mapping[str, str]
    front: Sequence[Path] = ()
    unset: Sequence[str] = field(default=())


def dialect_named(name: str) -> Dialect | None:
    """The dialect called `name`, or that of a similar shell; None if unknown."""
    word = _ALIASES.get(name.lower(), name.lower())
    return Dialect(word) if word in set(Dialect) else None


def dialect_at_hand(host: Host, variables: Mapping[str, str]) -> Dialect:
    """The dialect of the shell that hgw was most likely called from.

    SHELL is the user's login shell. On Windows only POSIX shells (Git Bash) set it or MSYSTEM, and only cmd sets
    PROMPT.
    """
    named = dialect_named(PurePath(variables.get("SHELL", "")).stem)
    if host.system != "windows":
        return named or Dialect.SH
    if variables.get("MSYSTEM") or variables.get("SHELL"):
        return Dialect.SH
    return Dialect.CMD if variables.get("PROMPT") else Dialect.POWERSHELL


def export_lines(exports: Exports, dialect: Dialect, *, separator: str) -> tuple[str, ...]:
    """One statement per line; `separator` separates the folders of PATH on this platform.

    A shell puts `front` before its PATH at the time of evaluation; a file for GitHub has the whole PATH.
    """
    others = {name: value for name, value in exports.values.items() if name != "PATH"}
    if dialect is Dialect.GITHUB:
        return tuple(f"{name}={value}" for name, value in exports.values.items())
    front = [str(folder) for folder in exports.front]
    lines = [_path(front, dialect, separator)] if front else []
    lines += [_set(name, value, dialect) for name, value in others.items()]
    lines += [_unset(name, dialect) for name in exports.unset]
    return tuple(lines)


def _path(front: Sequence[str], dialect: Dialect, separator: str) -> str:
    joined = separator.join(front)
    match dialect:
        case Dialect.FISH:
            return f"set -gx PATH {' '.join(_fish(folder) for folder in front)} $PATH"
        case Dialect.POWERSHELL:
            return f"$env:PATH = {_powershell(joined + separator)} + $env:PATH"
        case Dialect.CMD:
            return f'set "PATH={_cmd(joined + separator)}%PATH%"'
        case _:
            return f'export PATH={shlex.quote(joined)}:"$PATH"'


def _set(name: str, value: str, dialect: Dialect) -> str:
    match dialect:
        case Dialect.FISH:
            return f"set -gx {name} {_fish(value)}"
        case Dialect.POWERSHELL:
            return f"$env:{name} = {_powershell(value)}"
        case Dialect.CMD:
            return f'set "{name}={_cmd(value)}"'
        case _:
            return f"export {name}={shlex.quote(value)}"


def _unset(name: str, dialect: Dialect) -> str:
    match dialect:
        case Dialect.FISH:
            return f"set -e {name}"
        case Dialect.POWERSHELL:
            return f"$env:{name} = $null"
        case Dialect.CMD:
            return f'set "{name}="'
        case _:
            return f"unset {name}"


def _fish(text: str) -> str:
    return "'" + re.sub(r"([\\'])", r"\\\1", text) + "'"


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _cmd(text: str) -> str:
    # In a batch file a literal percent sign must be doubled.
    return text.replace("%", "%%")
