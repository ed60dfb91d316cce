"""What Go source without a go.mod says of its Go module."""

from pathlib import Path

from higress_cli.go.imports import (
    folders_imported,
    imports_below,
    imports_of_program,
    module_of,
    modules_imported,
    packages_below,
)
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile


def test_the_files_of_the_module_itself_are_read(tmp_path: Path) -> None:
    for name, imported in {
        "main.go": "demo/internal/tag",
        "main_test.go": "testing",
        "internal/tag/tag.go": "strings",
        "vendor/a/a.go": "vendored",
        "_old/old.go": "old",
        "other/other.go": "other",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'package p\n\nimport "{imported}"\n')
    (tmp_path / "other" / "go.mod").write_text("module other\n")

    assert imports_below(tmp_path) == {"demo/internal/tag": "main.go:3", "strings": "internal/tag/tag.go:3"}
    assert "testing" in imports_below(tmp_path, tests=True)
    assert packages_below(tmp_path) == {"internal/tag"}


def test_what_other_programs_of_the_go_module_import_is_not_the_plugins(tmp_path: Path) -> None:
    for name, text in {
        "main.go": 'package main\n\nimport (\n\t"demo/lib"\n\t"a.b/x"\n)\n',
        "main_test.go": 'package main\n\nimport "a.b/testing"\n',
        "mage.go": '//go:build mage\n\npackage main\n\nimport "a.b/mage"\n',
        "lib/lib.go": 'package lib\n\nimport (\n\t"demo"\n\t"demo/lib/deep"\n\t"demo/gone"\n)\n',
        "lib/deep/deep.go": 'package deep\n\nimport "a.b/y"\n',
        "collector/main.go": 'package main\n\nimport "a.b/sql"\n',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = imports_of_program(tmp_path, module="demo", top=tmp_path)
    assert {path: place for path, place in found.items() if "." in path} == {
        "a.b/x": "main.go:5",
        "a.b/y": "lib/deep/deep.go:3",
    }
    below = imports_of_program(tmp_path / "collector", module="demo", top=tmp_path)
    assert below == {"a.b/sql": "collector/main.go:3"}


def test_packages_that_call_each_other_say_what_their_module_is_called() -> None:
    assert module_of({"fmt", "demo/internal/tag"}, {"tag", "internal/tag"}) == "demo"
    assert module_of({"fmt"}, {"internal/tag"}) is None


def test_imports_of_pinned_go_modules_are_known() -> None:
    profile = go_profile(Profile.TINYGO)
    wrapper = next(module for module in profile.modules if module.name)

    assert modules_imported({f"{wrapper.path}/pkg"}, profile) == (wrapper.name,)
    assert modules_imported({f"{wrapper.path}-other", "fmt"}, profile) == ()


def test_the_folders_that_a_build_reads_are_those_that_the_program_imports(tmp_path):
    for name, text in {
        "go.mod": "module demo\n",
        "main.go": 'package main\n\nimport "demo/a"\n',
        "a/a.go": 'package a\n\nimport "demo/b/c"\n',
        "b/c/c.go": "package c\n",
        "unused/x.go": "package unused\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert folders_imported(tmp_path) == {tmp_path / "a", tmp_path / "b/c"}


def test_without_a_go_module_no_folder_is_read(tmp_path):
    assert folders_imported(tmp_path) == frozenset()
    (tmp_path / "go.mod").write_text("go 1.19\n")
    assert folders_imported(tmp_path) == frozenset()
