"""What Go source imports, without the go command."""

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from higress_cli.errors import InvalidInput
from higress_cli.go.mod import read_go_mod
from higress_cli.go.syntax import parse
from higress_cli.go.usage import package_files
from higress_cli.go.validity import is_for_every_build
from higress_cli.knowledge.go_modules import GoProfile
from higress_cli.system.user_file import read_bytes


def imports_below(directory: Path, *, tests: bool = False) -> dict[str, str]:
    """The import paths of the Go module in `directory`, each with the first place that has it, as `FILE:LINE`.

    `FILE` is relative to `directory`. Folders that the go command ignores, and other Go modules, are left out.
    """
    found: dict[str, str] = {}
    for path in _go_files(directory, tests=tests):
        name = path.relative_to(directory).as_posix()
        with contextlib.suppress(OSError):  # the go command says what it cannot read
            for imported, line in parse(path, read_bytes(path)).import_lines.items():
                found.setdefault(imported, f"{name}:{line}")
    return found


def imports_of_program(directory: Path, *, module: str, top: Path) -> dict[str, str]:
    """The import paths of the program in `directory` and of the packages of its Go module that it is made of.

    `module` is the path of the Go module, whose folder is `top`. Each has the first place that has it, as `FILE:LINE`
    with `FILE` relative to `top`. Files with build constraints are left out, as nothing here knows whether they count.
    """
    found: dict[str, str] = {}
    folders, seen = [directory], {directory}
    while folders:
        for file in package_files(folders.pop()):
            if not is_for_every_build(file):
                continue
            name = Path(os.path.relpath(file.path, top)).as_posix()
            for imported, line in file.import_lines.items():
                found.setdefault(imported, f"{name}:{line}")
                folder = top / imported.removeprefix(f"{module}/")
                if imported.startswith(f"{module}/") and folder not in seen:
                    seen.add(folder)
                    folders.append(folder)
    return found


def packages_below(directory: Path) -> frozenset[str]:
    """The folders below `directory` that hold Go files, as relative paths with slashes."""
    folders = {file.parent.relative_to(directory).as_posix() for file in _go_files(directory)}
    return frozenset(folders - {"."})


def folders_imported(directory: Path) -> frozenset[Path]:
    """The folders below `directory` whose packages a build of the Go module there reads, found without running Go.

    Files that cannot be read import nothing; neither does anything if go.mod is invalid.
    """
    module = None
    with contextlib.suppress(OSError, InvalidInput):
        module = read_go_mod(directory / "go.mod").module
    if not module:
        return frozenset()
    imported = imports_of_program(directory, module=module, top=directory)
    return frozenset(directory / path.removeprefix(f"{module}/") for path in imported if path.startswith(f"{module}/"))


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


def _go_files(directory: Path, *, tests: bool = False) -> Iterator[Path]:
    for root, folders, names in os.walk(directory):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] not in "._" and name not in {"vendor", "testdata"} and not (here / name / "go.mod").exists()
        )
        for name in sorted(names):
            if name.endswith(".go") and (tests or not name.endswith("_test.go")) and (here / name).is_file():
                yield here / name
