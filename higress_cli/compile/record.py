"""A record in hgw's cache of what a module was built from, so that an unchanged plugin is not compiled again."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from higress_cli.compile.packages import Listing
from higress_cli.compile.recipe import REVISION, Recipe
from higress_cli.system.download import sha256_of
from higress_cli.system.fs import write_atomically
from higress_cli.tool import Tool

# The go command and TinyGo read many variables that do not affect the module. Any that is not listed here may.
_PREFIXES: Final = ("GO", "CGO_", "TINYGO")
_WITHOUT_EFFECT: Final = frozenset({
    "GOBIN", "GOCACHE", "GODEBUG", "GOENV", "GOGC", "GOINSECURE", "GOMAXPROCS", "GOMEMLIMIT", "GOMODCACHE", "GONOPROXY",
    "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTELEMETRY", "GOTMPDIR", "GOTRACEBACK", "GOVCS",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Record:
    """`fingerprint` is of the inputs, `sha256` of the module; `abi_export` is its ABI marker."""

    fingerprint: str
    sha256: str
    abi_export: str


def fingerprint(
    *,
    recipe: Recipe,
    directory: Path,
    listing: Listing,
    module_cache: Path | None,
    variables: Mapping[str, str],
    tools: Iterable[Tool],
) -> str:
    """A digest of everything that determines a module's bytes; its name does not.

    A package in the module cache is immutable, so its path stands for its content; all other files are read.
    """
    parts: list[Any] = [
        REVISION,
        str(directory),
        list(replace(recipe, output="").argv),
        sorted((name, value) for name, value in recipe.edits.items() if name not in _WITHOUT_EFFECT),
        sorted((name, value) for name, value in variables.items() if _matters(name)),
        [_identity(tool) for tool in tools],
    ]
    files = {directory / name for name in ("go.mod", "go.sum", "vendor/modules.txt")}
    for package in listing.packages:
        if package.directory is None:
            continue
        if module_cache is not None and package.directory.is_relative_to(module_cache):
            parts.append([package.path, str(package.directory)])
        else:
            # The go command does not list the libraries that `#cgo LDFLAGS` names.
            files |= {*package.paths, *package.directory.glob("*.a")}
    parts += [[str(path), _digest(path)] for path in sorted(files)]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def record_path(cache: Path, module: Path) -> Path:
    """Where the record of a module is kept."""
    return cache / "builds" / f"{hashlib.sha256(str(module).encode()).hexdigest()}.json"


def read_record(path: Path) -> Record | None:
    """The record at `path`; None if it is missing or unreadable."""
    try:
        return Record(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Save a record. A failure is ignored: it only costs another compilation."""
    with contextlib.suppress(OSError):
        write_atomically(path, json.dumps(asdict(record)).encode())


def is_current(record: Record | None, *, fingerprint: str, module: Path) -> bool:
    """Whether `module` exists as it was built, from inputs that have not changed since."""
    if record is None or record.fingerprint != fingerprint or not module.is_file():
        return False
    return sha256_of(module) == record.sha256


def _matters(name: str) -> bool:
    return name.startswith(_PREFIXES) and name not in _WITHOUT_EFFECT


def _identity(tool: Tool) -> tuple[Any, ...]:
    """What identifies a tool: its version, and its program's path, size and modification time."""
    try:
        facts = tool.path.stat()
    except OSError:
        return (tool.name, tool.version, str(tool.path))
    return (tool.name, tool.version, str(tool.path), facts.st_size, facts.st_mtime_ns)


def _digest(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:
        return None
