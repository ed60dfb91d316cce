"""A command as text for pasting into the user's shell."""

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from higress_cli.system.host import Host

Shell = Literal["posix", "powershell", "cmd"]
_PLAIN: Final = re.compile(r"[\w@%+=:,./\\-]+")
_CMD_SPECIAL: Final = re.compile(r"[\s&|<>^()\"%!;,=]")


def shell_at_hand(host: Host, variables: Mapping[str, str]) -> Shell:
    """The kind of shell that hgw was most likely called from.

    On Windows, a POSIX shell (Git Bash) sets SHELL or MSYSTEM, and cmd alone sets PROMPT.
    """
    if host.system != "windows" or variables.get("MSYSTEM") or variables.get("SHELL"):
        return "posix"
    return "cmd" if variables.get("PROMPT") else "powershell"


def command_text(
    argv: Sequence[str],
    *,
    shell: Shell,
    directory: Path,
    edits: Mapping[str, str | None],
    search_path: Sequence[Path] = (),
) -> str:
    """Lines that change to `directory`, apply `edits` (None unsets), put `search_path` first on PATH, and run `argv`.

    For a POSIX shell this is one line, which leaves the shell itself unchanged.
    """
    if shell == "posix":
        return _posix(argv, directory=directory, edits=edits, search_path=search_path)
    quote = _quote_powershell if shell == "powershell" else _quote_cmd
    lines = [f"cd {quote(str(directory))}" if shell == "powershell" else f"cd /d {quote(str(directory))}"]
    if search_path:
        front = ";".join(str(folder) for folder in search_path)
        powershell = f"$env:PATH = {quote(front + ';')} + $env:PATH"
        lines.append(powershell if shell == "powershell" else f'set "PATH={front};%PATH%"')
    for name, value in edits.items():
        if shell == "powershell":
            lines.append(f"$env:{name} = {quote(value)}" if value is not None else f"$env:{name} = $null")
        else:
            lines.append(f'set "{name}={value or ""}"')
    return "\n".join([*lines, " ".join(quote(word) if index else word for index, word in enumerate(argv))])


def _posix(
    argv: Sequence[str], *, directory: Path, edits: Mapping[str, str | None], search_path: Sequence[Path]
) -> str:
    unset = [word for name, value in edits.items() if value is None for word in ("-u", name)]
    assignments = [f"{name}={shlex.quote(value)}" for name, value in edits.items() if value is not None]
    if search_path:
        folders = ":".join(_in_double_quotes(str(folder)) for folder in search_path)
        assignments.insert(0, f'PATH="{folders}:$PATH"')
    # `env` finds its program on the new PATH; with a shell's own assignment prefix, not every shell does.
    words = ["env", *unset, *assignments] if unset or assignments else []
    return f"(cd {shlex.quote(str(directory))} && {' '.join([*words, shlex.join(argv)])})"


def _in_double_quotes(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _quote_powershell(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and not text.startswith("-") else "'" + text.replace("'", "''") + "'"


def _quote_cmd(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _CMD_SPECIAL.search(text) else text
