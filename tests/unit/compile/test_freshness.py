import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from higress_cli.compile.freshness import is_stale

BUILT = 1_700_000_000
Tree = Callable[[Mapping[str, str]], Path]
FILES = {
    "go.mod": "module x\n\ngo 1.19\n\nreplace example.com/near => ../near\n",
    "go.sum": "",
    "main.go": 'package main\n\n//go:embed words.txt data/*.json "with space"\nvar words string\n',
    "internal/part/part.go": "package part\n",
    "internal/part/part_test.go": "package part\n",
    "internal/part/native.c": "",
    "words.txt": "",
    "data/a.json": "",
    "data/a.md": "",
    "with space/deep/file": "",
    "testdata/old.go": "package old\n",
    ".hidden/tool.go": "package tool\n",
    "tools/go.mod": "module tools\n",
    "tools/tool.go": "package main\n",
    "README.md": "",
    "hgw.yaml": "",
    ".buildrc": "",
    "main.wasm": "",
}


@pytest.fixture
def plugin(tree: Tree) -> Path:
    folder = tree({f"plugin/{name}": content for name, content in FILES.items()}) / "plugin"
    (folder.parent / "near").mkdir()
    (folder.parent / "near" / "near.go").write_text("package near\n")
    for path in folder.parent.rglob("*"):
        os.utime(path, (BUILT - 60, BUILT - 60))
    os.utime(folder / "main.wasm", (BUILT, BUILT))
    return folder


def test_a_module_newer_than_its_sources_is_fresh(plugin: Path):
    assert not is_stale(plugin, plugin / "main.wasm")


def test_a_module_that_is_not_there_is_stale(plugin: Path):
    assert is_stale(plugin, plugin / "other.wasm")


@pytest.mark.parametrize(
    "changed",
    [
        "go.mod", "go.sum", "main.go", "internal/part/part.go", "internal/part/native.c", "words.txt", "data/a.json",
        "with space/deep/file", "../near/near.go", "hgw.yaml", ".buildrc",
    ],
)  # fmt: skip
def test_a_change_of_what_is_compiled_makes_it_stale(plugin: Path, changed: str):
    os.utime(plugin / changed, (BUILT + 1, BUILT + 1))
    assert is_stale(plugin, plugin / "main.wasm")


@pytest.mark.parametrize(
    "changed",
    ["README.md", "data/a.md", "internal/part/part_test.go", "testdata/old.go", ".hidden/tool.go", "tools/tool.go"],
)
def test_a_change_of_anything_else_does_not(plugin: Path, changed: str):
    os.utime(plugin / changed, (BUILT + 1, BUILT + 1))
    assert not is_stale(plugin, plugin / "main.wasm")
