"""A go.mod is edited by the word: what was not asked for stays as it was, comments and line ends included."""

import pytest

from higress_cli.go.mod import GoModEdits, edited_go_mod

TEXT = """\
// a plugin
module demo

go 1.24.1 // raised by go get

toolchain go1.24.4

require github.com/a/b v1.0.0 // keep this remark

require (
\tgithub.com/c/d v1.2.3-0.20250711024300-081ab6ee8d75 // indirect
\tgithub.com/e/f v1.0.0
)

exclude github.com/a/b v1.0.0

replace github.com/e/f v1.0.0 => ../f
"""


def test_versions_change_only_where_they_are_required():
    edited = edited_go_mod(TEXT, GoModEdits(versions={"github.com/a/b": "v2.0.0", "github.com/c/d": "v1.4.3"}))

    assert edited == TEXT.replace("require github.com/a/b v1.0.0", "require github.com/a/b v2.0.0").replace(
        "v1.2.3-0.20250711024300-081ab6ee8d75", "v1.4.3"
    )


def test_the_go_line_changes_and_the_toolchain_line_goes():
    edited = edited_go_mod(TEXT, GoModEdits(go="1.19", drops_toolchain=True))

    assert edited == TEXT.replace("go 1.24.1", "go 1.19").replace("toolchain go1.24.4\n\n", "")


def test_windows_line_ends_stay():
    assert edited_go_mod("module m\r\ngo 1.24\r\n", GoModEdits(go="1.19")) == "module m\r\ngo 1.19\r\n"


def test_a_module_that_is_not_required_is_not_added():
    assert edited_go_mod(TEXT, GoModEdits(versions={"github.com/x/y": "v1.0.0"})) == TEXT


def test_replacements_of_a_module_go_and_those_of_others_stay():
    text = TEXT + "replace (\n\tgithub.com/e/f => ../g\n\tgithub.com/c/d => ../d\n)\n"

    edited = edited_go_mod(text, GoModEdits(dropped_replacements=["github.com/e/f"]))

    assert edited == text.replace("replace github.com/e/f v1.0.0 => ../f\n", "").replace(
        "\tgithub.com/e/f => ../g\n", ""
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module x\n\ngo 1.19\n", "module x\n\ngo 1.19\n\nrequire (\n\ta.b/c v1.0.0\n\ta.b/d v1.1.0\n)\n"),
        (
            "module x\n\nrequire (\n\te.f/g v1.0.0 // mine\n)\n\nrequire (\n\th.i/j v1.0.0 // indirect\n)\n",
            (
                "module x\n\nrequire (\n\ta.b/c v1.0.0\n\ta.b/d v1.1.0\n\te.f/g v1.0.0 // mine\n)\n\n"
                "require (\n\th.i/j v1.0.0 // indirect\n)\n"
            ),
        ),
        ("module x", "module x\n\nrequire (\n\ta.b/c v1.0.0\n\ta.b/d v1.1.0\n)\n"),
    ],
)
def test_modules_are_added_to_the_first_block_of_requirements(text, expected):
    assert edited_go_mod(text, GoModEdits(added={"a.b/d": "v1.1.0", "a.b/c": "v1.0.0"})) == expected
