"""A record in hgw's cache of what a module was built from, so that an unchanged plugin is not compiled again."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from higress_cli.compile.inputs import Scope
from higress_cli.compile.packages import Listing
from higress_cli.compile.recipe import REVISION, Recipe
from higress_cli.digest import Sha256
from higress_cli.system.fs import sha256_of, write_atomically
from higress_cli.system.user_file import read_text
from higress_cli.tool import Tool

_MOST_BYTES: Final = 1 << 26
# The go command and TinyGo read many variables that do not affect the module. Any that is not listed here may.
_PREFIXES: Final = ("GO", "CGO_", "TINYGO")
_WITHOUT_EFFECT: Final = frozenset({
    "GOBIN", "GOCACHE", "GODEBUG", "GOENV", "GOGC", "GOINSECURE", "GOMAXPROCS", "GOMEMLIMIT", "GOMODCACHE", "GONOPROXY",
    "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTELEMETRY", "GOTMPDIR", "GOTRACEBACK", "GOVCS",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How a module is compiled: everything but the files.

    `variables` maps the names of environment variables to digests of their values, `tools` the names of tools to what
    identifies them.
    """

    recipe: str
    variables: Mapping[str, str]
    tools: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a module was built from.

    `contents` are the digests of the files in `scope` before it was compiled, and `listed` is a digest of those that
    the compiler read. `sha256` is of the module, `abi_export` is its ABI marker. `warned` says whether its source was
    warned about, `derived` whether it was made from the module of another ABI. `packages` maps the packages of the
    module to the bytes of their code, `pulled` its imports to the packages through which the plugin comes to them.
    """

    setup: Setup
    scope: Scope
    contents: Mapping[str, str]
    listed: str
    sha256: Sha256
    abi_export: str
    warned: bool = False
    derived: bool = False
    bytes: int = 0
    packages: Mapping[str, int] = field(default_factory=dict)
    pulled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def setup_of(*, recipe: Recipe, directory: Path, variables: Mapping[str, str], tools: Iterable[Tool]) -> Setup:
    """How a recipe compiles the plugin in `directory`, whose path is in the module. The module's own path is not."""
    edits = sorted((name, value) for name, value in recipe.edits.items() if name not in _WITHOUT_EFFECT)
    return Setup(
        recipe=json.dumps([REVISION, str(directory), list(replace(recipe, output="").argv), edits]),
        variables={name: _digest(value) for name, value in sorted(variables.items()) if _matters(name)},
        tools={tool.name.value: _identity(tool) for tool in tools},
    )


def listed_digest(listing: Listing, contents: Mapping[str, str], *, module_cache: Path | None) -> str:
    """A digest of the files that the compiler reads according to the go command; of immutable packages, their paths."""
    read = {str(path) for package in listing.packages for path in package.paths}
    immutable = [
        [package.path, str(package.directory)]
        for package in listing.packages
        if module_cache is not None and package.directory is not None and package.directory.is_relative_to(module_cache)
    ]
    files = [[path, digest] for path, digest in sorted(contents.items()) if path in read or _is_general(path)]
    return _digest(json.dumps([immutable, files]))


def record_path(cache: Path, module: Path) -> Path:
    """Where the record of a module is kept."""
    return cache / "builds" / f"{_digest(str(module))}.json"


def read_record(path: Path) -> Record | None:
    """The record at `path`; None if it is missing, unreadable or of another hgw."""
    try:
        document = json.loads(read_text(path, most_bytes=_MOST_BYTES))
        return Record(
            setup=Setup(**document["setup"]),
            scope=Scope.from_document(document["scope"]),
            contents=dict(document["contents"]),
            listed=str(document["listed"]),
            sha256=Sha256(document["sha256"]),
            abi_export=str(document["abi_export"]),
            warned=bool(document["warned"]),
            derived=bool(document["derived"]),
            bytes=int(document["bytes"]),
            packages=dict(document["packages"]),
            pulled={name: tuple(way) for name, way in document["pulled"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Save a record. A failure is ignored: it only costs another compilation."""
    document = {**vars(record), "setup": vars(record.setup), "scope": record.scope.document()}
    with contextlib.suppress(OSError):
        write_atomically(path, json.dumps(document).encode())


def is_as_built(record: Record, module: Path) -> bool:
    """Whether `module` exists and is byte for byte what was built."""
    try:
        return sha256_of(module) == record.sha256
    except OSError:
        return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogateescape")).hexdigest()


def _is_general(path: str) -> bool:
    """Whether a file counts although it belongs to no package: all but sources, which the compiler may leave out."""
    return Path(path).suffix not in {".go", ".c", ".cc", ".cpp", ".cxx", ".s", ".S"}


def _matters(name: str) -> bool:
    return name.startswith(_PREFIXES) and name not in _WITHOUT_EFFECT


def _identity(tool: Tool) -> str:
    """What identifies a tool: its version, and its program's path, size and modification time."""
    try:
        facts = tool.path.stat()
    except OSError:
        return f"{tool.version} {tool.path}"
    return f"{tool.version} {tool.path} {facts.st_size} {facts.st_mtime_ns}"
