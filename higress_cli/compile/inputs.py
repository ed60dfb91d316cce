"""The files that a build reads, and their contents, so that a change of any of them is noticed without running Go."""

import contextlib
import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.compile.packages import Listing
from higress_cli.compile.recipe import Recipe
from higress_cli.go.imports import folders_imported
from higress_cli.go.mod import go_mod_at
from higress_cli.go.work import FILE_NAME as GO_WORK
from higress_cli.go.work import listed_folders
from higress_cli.i18n import _
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_bytes, refuse_special

_NATIVE: Final = frozenset({
    ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".inc", ".s", ".S", ".sx", ".f", ".F", ".f90",
    ".a", ".o", ".syso",
})  # fmt: skip
_SOURCE: Final = _NATIVE | {".go"}
_EMBED: Final = re.compile(rb"^//go:embed[ \t]+(.+)$", re.MULTILINE)
_NO_SOURCE: Final = frozenset({"testdata", "vendor", "node_modules"})
_UNREADABLE: Final = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where a build reads. All paths are absolute.

    Every source file directly in `folders` counts, and what these files embed; in `trees`, every file that a C compiler
    may read. `files` may be missing: one that appears is a change.
    """

    folders: tuple[Path, ...]
    trees: tuple[Path, ...]
    files: tuple[Path, ...]

    def document(self) -> dict[str, list[str]]:
        """The scope as JSON values."""
        return {
            "folders": [str(path) for path in self.folders],
            "trees": [str(path) for path in self.trees],
            "files": [str(path) for path in self.files],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, list[str]]) -> "Scope":
        """The scope that `document` gave."""
        return cls(**{name: tuple(map(Path, document[name])) for name in ("folders", "trees", "files")})


def scope_of(
    listing: Listing, *, recipe: Recipe, directory: Path, module_cache: Path | None, variables: Mapping[str, str]
) -> Scope:
    """Where a build of the plugin in `directory` reads, according to the go command's `listing` of its packages.

    Packages in the module cache never change and are left out.
    """
    local = [
        package
        for package in listing.packages
        if package.directory is not None
        and not (module_cache is not None and package.directory.is_relative_to(module_cache))
    ]
    folders = {directory, *(package.directory for package in local if package.directory is not None)}
    files = {
        *(path for package in local for path in package.paths),
        *_module_files(directory),
        *(folder / "go.mod" for start in folders for folder in _up_to_module(start)),
        *_workspace_files(directory, variables),
        *_files_of_flags(recipe.flags, directory),
    }
    if (environment_file := go_environment_file(variables)) is not None:
        files.add(environment_file)
    return Scope(
        folders=tuple(sorted(folders)),
        trees=tuple(sorted({package.directory for package in local if package.uses_c and package.directory})),
        files=tuple(sorted(files)),
    )


def scope_of_folder(directory: Path) -> Scope:
    """Where a build of the plugin in `directory` surely reads, found without running Go: its own Go module's source."""
    folders = []
    for root, below, names in os.walk(directory):
        here = Path(root)
        below[:] = [name for name in below if _is_of_module(here, name)]
        if any(name.endswith(".go") for name in names):
            folders.append(here)
    return Scope(folders=tuple(sorted(folders)), trees=(), files=tuple(_module_files(directory)))


def contents(scope: Scope) -> dict[str, str]:
    """The SHA-256 of each file in `scope` that exists, by its path; `unreadable` for one that cannot be read."""
    found: dict[str, str] = {}
    embedded: set[Path] = set()
    for folder in scope.folders:
        for path in _sources(folder):
            content = _content(path)
            found[str(path)] = _digest(content)
            if path.suffix == ".go" and content is not None:
                embedded |= set(_embedded(path.parent, content))
    rest = {*scope.files, *embedded, *(path for tree in scope.trees for path in _native_files(tree))}
    for path in sorted(rest):
        if str(path) not in found and path.is_file():
            found[str(path)] = _digest(_content(path))
    return found


def refuse_pipes(directory: Path) -> None:
    """See that the go command gets to the end of each file of the plugin's own Go module: it would wait at a pipe.

    A pipe in a folder that the plugin does not import is not read.

    Raises:
        InvalidInput: `file-unreadable`.
    """
    for path in _module_files(directory):
        _refuse_special(path)
    special = [path for path in _sources_below(directory) if not path.is_file() and not path.is_dir()]
    imported = folders_imported(directory) if any(path.parent != directory for path in special) else frozenset()
    for path in special:
        if path.parent in {directory, *imported}:
            _refuse_special(path)


def latest_change(paths: Iterable[Path]) -> float:
    """When a file or folder last changed, in seconds, by the clock of its file system; 0 if none of them is there."""
    latest = 0.0
    for path in paths:
        with contextlib.suppress(OSError):
            facts = path.stat()
            latest = max(latest, facts.st_mtime, facts.st_ctime)
    return latest


def signature(paths: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """A cheap sign that files or folders may have changed: look at their contents when it does."""
    return tuple(_stamp(path) for path in paths)


def go_environment_file(variables: Mapping[str, str]) -> Path | None:
    """Where `go env -w` keeps variables (cmd/go/internal/cfg, EnvFile); None if it has no place for them."""
    named = variables.get("GOENV")
    if named:
        return None if named == "off" else Path(named)
    home = variables.get("HOME")
    match os.name, os.uname().sysname if hasattr(os, "uname") else "":
        case "nt", _:
            base = variables.get("AppData") or variables.get("APPDATA")
        case _, "Darwin":
            base = f"{home}/Library/Application Support" if home else None
        case _:
            base = variables.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else None)
    return Path(base) / "go" / "env" if base else None


def _refuse_special(path: Path) -> None:
    try:
        refuse_special(path)
    except OSError as error:
        raise read_error(path, error, hint=_("remove it, or put a file in its place")) from error


def _sources_below(directory: Path) -> Iterator[Path]:
    for root, below, names in os.walk(directory):
        here = Path(root)
        below[:] = [name for name in below if _is_of_module(here, name)]
        yield from (here / name for name in sorted(names) if name[0] not in "._" and Path(name).suffix in _SOURCE)


def _is_of_module(folder: Path, name: str) -> bool:
    """Whether the go command would look into the folder `name` in `folder` for packages of the same Go module."""
    return name[0] not in "._" and name not in _NO_SOURCE and not (folder / name / "go.mod").exists()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _module_files(directory: Path) -> Iterator[Path]:
    go_mod = go_mod_at(directory)
    return (go_mod.parent / name for name in (go_mod.name, "go.sum", "vendor/modules.txt"))


def _up_to_module(folder: Path) -> Iterator[Path]:
    """`folder` and those above it, up to its Go module's own: a go.mod between them would cut it off."""
    for above in (folder, *folder.parents):
        yield above
        if (above / "go.mod").is_file():
            return


def _workspace_files(directory: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    """Every go.work that counts or would count if it appeared, and what belongs to it."""
    named = variables.get("GOWORK", "")
    if named == "off":
        return
    for path in (Path(named),) if named else (folder / GO_WORK for folder in (directory, *directory.parents)):
        yield path
        if path.is_file():
            yield from (path.with_name("go.work.sum"), path.parent / "vendor" / "modules.txt")
            yield from (folder / "go.mod" for folder in listed_folders(path))


def _files_of_flags(flags: Iterable[str], directory: Path) -> Iterator[Path]:
    """The files that compiler flags name, such as a target or an overlay, and those that an overlay puts in place."""
    for flag in flags:
        name, separator, value = flag.partition("=")
        path = directory / (value if separator else flag)
        if not path.is_file():
            continue
        yield path
        if name.lstrip("-") == "modfile":
            yield path.with_suffix(".sum")
        if path.suffix == ".json":
            with contextlib.suppress(OSError, ValueError, AttributeError, RecursionError):
                replaced = json.loads(path.read_bytes()).get("Replace", {})
                yield from (directory / other for other in replaced.values() if other)


def _sources(folder: Path) -> Iterator[Path]:
    """The files of a package: the go command ignores those whose names begin with `.` or `_`."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda found: found.name):
            name = entry.name
            if name[0] in "._" or name.endswith("_test.go") or Path(name).suffix not in _SOURCE:
                continue
            if entry.is_file():
                yield folder / name


def _native_files(tree: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name[0] != "."]
        yield from (Path(root, name) for name in names if Path(name).suffix in _NATIVE)


def _embedded(folder: Path, content: bytes) -> Iterator[Path]:
    """The existing files that the `//go:embed` lines of a Go file in `folder` name."""
    for line in _EMBED.findall(content):
        for pattern in _patterns(line.decode("utf-8", errors="replace")):
            for found in _matches(folder, pattern.removeprefix("all:")):
                if found.is_dir():
                    yield from (path for path in found.rglob("*") if path.is_file())
                elif found.is_file():
                    yield found


def _patterns(line: str) -> list[str]:
    try:
        return shlex.split(line.replace("`", '"'))
    except ValueError:
        return line.split()


def _matches(folder: Path, pattern: str) -> list[Path]:
    """The files that a pattern of Go's path.Match names, in which `^` negates a class instead of `!`."""
    try:
        return list(folder.glob(pattern.replace("[^", "[!")))
    except (ValueError, NotImplementedError, OSError):  # an empty or absolute pattern, which the go command refuses
        return []


def _content(path: Path) -> bytes | None:
    try:
        return read_bytes(path)
    except OSError:
        return None


def _digest(content: bytes | None) -> str:
    return _UNREADABLE if content is None else hashlib.sha256(content).hexdigest()
