"""The tools that are on the user's PATH, each asked for its version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.session import Session
from higress_cli.system import process
from higress_cli.system.workers import Workers
from higress_cli.tool import ToolName

_SECONDS: Final = 20.0
_TINYGO: Final = re.compile(r"^tinygo version (\d\S*)", re.MULTILINE)
_WASM_OPT: Final = re.compile(r"^wasm-opt version (\d+)", re.MULTILINE)
_GO: Final = re.compile(r"\bgo(\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?)")
# These would make the go command answer for a project or for another toolchain instead of for itself.
_GO_ALONE: Final = {"GOROOT": None, "GOTOOLCHAIN": "local", "GO111MODULE": "off", "GOWORK": "off", "GOFLAGS": None}


@dataclass(frozen=True, kw_only=True)
class Probed:
    """A program and its output: `version` is None if hgw cannot parse it; `home` is GOROOT."""

    path: Path
    version: str | None
    raw: str
    home: Path | None = None


def probe(name: str, session: Session) -> Probed | None:
    """The tool `name` (go, tinygo, binaryen) on the session's PATH, None if it is not there.

    For binaryen, the program that WASMOPT names comes first, as in TinyGo.
    """
    found = process.find_program(ToolName(name).program, session.variables)
    if name == "binaryen" and (given := session.variable("WASMOPT")):
        found = Path(given)
    return ask(name, found, session.variables) if found else None


def probe_all(session: Session) -> dict[ToolName, Probed]:
    """Every tool on the session's PATH; all are asked at the same time."""
    with Workers(len(ToolName)) as pool:
        answers = {name: pool.submit(probe, name, session) for name in ToolName}
        return {name: found for name, answer in answers.items() if (found := answer.result()) is not None}


def ask(name: str, path: Path, variables: Mapping[str, str]) -> Probed:
    """Ask the program at `path` for its version; if it cannot run, `version` is None."""
    argv = {
        "go": [str(path), "env", "GOROOT", "GOVERSION"],
        "tinygo": [str(path), "version"],
        "binaryen": [str(path), "--version"],
    }[name]
    # TinyGo asks Go for its version, so these variables would mislead both.
    edits = _GO_ALONE if name != "binaryen" else {}
    try:
        completed = process.run(argv, variables=process.child_environment(variables, edits), timeout=_SECONDS)
    except ToolError as error:
        return Probed(path=path, version=None, raw=error.message)
    if completed.returncode != 0:
        return Probed(path=path, version=None, raw=completed.output.strip())
    return _go(path, completed.stdout) if name == "go" else _other(name, path, completed.stdout)


def _go(path: Path, output: str) -> Probed:
    root, _separator, version = output.partition("\n")
    home = Path(root.strip()) if root.strip() else None
    try:
        if not version.strip() and home and (home / "VERSION").is_file():
            version = (home / "VERSION").read_text("utf-8")  # Go before 1.16 does not know GOVERSION
        # The program on the PATH may be a shim that picks a Go by the current folder; the one in GOROOT is not.
        own = home / "bin" / path.name if home else path
        path = own if own.is_file() else path
    except (OSError, ValueError):  # what it prints as GOROOT cannot be a path
        return Probed(path=path, version=None, raw=output.strip())
    match = _GO.search(version)
    return Probed(path=path, version=match.group(1) if match else None, raw=output.strip(), home=home)


def _other(name: str, path: Path, output: str) -> Probed:
    match = (_TINYGO if name == "tinygo" else _WASM_OPT).search(output)
    return Probed(path=path, version=match.group(1) if match else None, raw=output.strip())
