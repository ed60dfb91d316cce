"""The source files of a plugin, found without running Go, for a quick comparison of modification times."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.go.mod import read_go_mod

_SUFFIXES: Final = frozenset({".go", ".c", ".h", ".cc", ".cpp", ".hpp", ".s", ".S", ".a", ".syso"})
_EMBED: Final = re.compile(r"^//go:embed[ \t]+(.+)$", re.MULTILINE)


def source_files(directory: Path) -> Iterator[Path]:
    """Every file that a build of the plugin in `directory` may read.

    These are below its folder, and in the local folders that go.mod replaces modules with. Tests, hidden folders
    and nested Go modules are skipped.
    """
    for name in ("go.mod", "go.sum"):
        if (directory / name).is_file():
            yield directory / name
    yield from _module_files(directory)
    try:
        replaced = tuple(read_go_mod(directory / "go.mod").local_modules())
    except InvalidInput:
        return
    for folder in replaced:
        yield from _module_files(folder)


def _module_files(top: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(top):
        here = Path(root)
        folders[:] = [
            name
            for name in folders
            if name[0] not in "._" and name != "testdata" and not (here / name / "go.mod").exists()
        ]
        for name in names:
            path = here / name
            if path.suffix in _SUFFIXES and not name.endswith("_test.go"):
                yield path
                if path.suffix == ".go":
                    yield from embedded_files(path)


def embedded_files(source: Path) -> Iterator[Path]:
    """The existing files that the `//go:embed` lines of a Go file name."""
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if "//go:embed" not in text:
        return
    for line in _EMBED.findall(text):
        for pattern in _patterns(line):
            for found in _matches(source.parent, pattern.removeprefix("all:")):
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
    try:
        return list(folder.glob(pattern))
    except (ValueError, NotImplementedError):  # an empty or absolute pattern, which the go command refuses
        return []
