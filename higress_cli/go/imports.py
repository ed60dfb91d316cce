"""What Go source without a go.mod reveals about the Go module that it belongs to."""

from collections.abc import Collection, Iterator
from pathlib import Path

from higress_cli.go.syntax import parse
from higress_cli.knowledge.go_modules import GoProfile


def imports_below(directory: Path) -> frozenset[str]:
    """The import paths of the Go files in `directory` and below, tests excluded."""
    return frozenset(path for file in _go_files(directory) for path in parse(file, file.read_bytes()).imports.values())


def packages_below(directory: Path) -> frozenset[str]:
    """The folders below `directory` that hold Go files, as relative paths with slashes."""
    folders = {file.parent.relative_to(directory).as_posix() for file in _go_files(directory)}
    return frozenset(folders - {"."})


def module_of(imports: Collection[str], packages: Collection[str]) -> str | None:
    """The module path under which the imports find the module's own packages: `demo` for `demo/internal/x`."""
    for path in sorted(imports):
        for package in sorted(packages, key=len, reverse=True):
            if path.endswith(f"/{package}"):
                return path.removesuffix(f"/{package}")
    return None


def modules_imported(imports: Collection[str], profile: GoProfile) -> tuple[str, ...]:
    """The names of the profile's pinned Go modules that are imported."""
    return tuple(
        module.name
        for module in profile.modules
        if module.name and any(path == module.path or path.startswith(f"{module.path}/") for path in imports)
    )


def _go_files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*.go")):
        folders = path.relative_to(directory).parts[:-1]
        if not path.name.endswith("_test.go") and not any(name[0] in "._" or name == "vendor" for name in folders):
            yield path
