"""What a module was built from, remembered in hgw's cache: where nothing of it changed, nothing has to be compiled."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from higress_cli.compile.packages import Listing
from higress_cli.compile.recipe import REVISION, Recipe
from higress_cli.system.download import sha256_of
from higress_cli.system.fs import write_atomically
from higress_cli.tool import Tool

# The go command and TinyGo read far more variables than those that change a module; these are told apart by name.
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
    """A digest of all that decides about a module's bytes.

    Packages of the module cache never change under their path; every other file is read.
    """
    parts: list[Any] = [
        REVISION,
        str(directory),
        list(recipe.argv),
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
            # Libraries that `#cgo LDFLAGS` name do not belong to a package for the go command.
            files |= {*package.paths, *package.directory.glob("*.a")}
    parts += [[str(path), _digest(path)] for path in sorted(files)]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def record_path(cache: Path, module: Path) -> Path:
    """Where the record of a module is kept."""
    return cache / "builds" / f"{hashlib.sha256(str(module).encode()).hexdigest()}.json"


def read_record(path: Path) -> Record | None:
    """A record that was written before; None where there is none that reads."""
    try:
        return Record(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Save a record. Failing to save it costs only a compilation next time."""
    with contextlib.suppress(OSError):
        write_atomically(path, json.dumps(asdict(record)).encode())


def is_current(record: Record | None, *, fingerprint: str, module: Path) -> bool:
    """Whether `module` is there, as it was built, and nothing that it was built from has changed."""
    if record is None or record.fingerprint != fingerprint or not module.is_file():
        return False
    return sha256_of(module) == record.sha256


def _matters(name: str) -> bool:
    return name.startswith(_PREFIXES) and name not in _WITHOUT_EFFECT


def _identity(tool: Tool) -> tuple[Any, ...]:
    """A tool as far as a change of it matters: version, place, size and time of its program."""
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
