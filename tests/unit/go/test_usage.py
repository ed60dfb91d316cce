"""What the source says about the Go modules that a plugin was written for."""

import pytest

from higress_cli.go.imports import imports_below
from higress_cli.go.usage import package_files, usage_of

MAIN = 'package main\n\nimport (\n\t"fmt"\n\tw "a.b/wrapper"\n)\n\nfunc main() { BODY }\n'


@pytest.mark.parametrize(
    ("main", "more", "registers", "is_native"),
    [
        ('w.SetCtx("x")', "", {"main"}, False),
        ("", 'func init() { w.SetCtx("x") }', {"init"}, True),
        ('w.SetCtx("x")', 'func init() { w.SetCtx("x") }', {"main", "init"}, False),
        ("register()", 'func register() { w.SetCtx("x") }', {"register"}, False),
        ("", "", set(), False),
    ],
)
def test_where_a_plugin_registers(tree, main, more, registers, is_native):
    folder = tree({"main.go": MAIN.replace("BODY", main), "more.go": f"package main\n\n{more}\n"})

    usage = usage_of(package_files(folder))

    assert (set(usage.registers), usage.is_native) == (registers, is_native)


def test_only_the_files_of_the_folder_itself_are_the_package(tree):
    folder = tree({"main.go": "package main\n", "main_test.go": "package main\n", "x/x.go": "package x\n"})
    (folder / "folder.go").mkdir()
    (folder / "gone.go").symlink_to(folder / "nowhere")

    assert [file.path.name for file in package_files(folder)] == ["main.go"]


def test_imports_have_the_first_place_and_other_modules_and_ignored_folders_none(tree):
    folder = tree(
        {
            "main.go": MAIN,
            "main_test.go": 'package main\n\nimport "a.b/testing"\n',
            "x/x.go": 'package x\n\nimport "a.b/wrapper"\nimport "c.d/e"\n',
            "other/go.mod": "module other\n",
            "other/other.go": 'package other\n\nimport "f.g/h"\n',
            "vendor/a.b/v.go": 'package b\n\nimport "f.g/h"\n',
            "testdata/t.go": 'package t\n\nimport "f.g/h"\n',
            "_old/o.go": 'package o\n\nimport "f.g/h"\n',
        }
    )

    expected = {"fmt": "main.go:4", "a.b/wrapper": "main.go:5", "c.d/e": "x/x.go:4"}
    assert imports_below(folder) == expected
    assert imports_below(folder, tests=True) == {**expected, "a.b/testing": "main_test.go:3"}
