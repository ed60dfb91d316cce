"""The id of each case says what the case is."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.case_ids import case_id


@dataclass(frozen=True)
class Named:
    version: str = ""
    strict: bool = False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a.go": "package main"}, "a.go=package_main"),
        (["go", "build"], "go,build"),
        ({"c", "a", "b"}, "a,b,c"),
        ([], "empty"),
        ("", "empty"),
        ("\n\x1b", "U+000A_U+001B"),
        ("package main\n\nfunc main() {}\n", "package_main_func_main"),
        (b"\x00asm\x01", "asm"),
        (Named(version="1.2"), "version=1.2"),
        (Named(), "Named"),
        (lambda text: text.replace("go", "tinygo"), "replace_go_tinygo"),
        (functools.partial(max, 3), "max,3"),
        (ValueError("no number"), "ValueError,no_number"),
        (Path("here") / "main.go", "main.go"),
        (object(), "object"),
    ],
)
def test_a_value_has_an_id_that_says_what_it_is(value, expected):
    assert case_id(value) == expected


@pytest.mark.parametrize("value", ["short text", 3, True, None, 1.5])
def test_what_pytest_names_well_is_left_to_it(value):
    assert case_id(value) is None


def test_an_id_is_short_and_ends_after_a_word():
    told = case_id("package main\n" * 100)

    assert told is not None
    assert len(told) <= 48
    assert told.endswith(("package", "main"))


def test_no_collected_case_is_only_an_argument_and_a_number(request: pytest.FixtureRequest):
    """Of all tests that this run collected; a text such as `sha256` for an argument `sha` is the value itself."""
    numbered = [
        item.nodeid
        for item in request.session.items
        if (callspec := getattr(item, "callspec", None)) is not None
        and any(
            re.fullmatch(rf"{name}\d+", part)
            for name, value in callspec.params.items()
            if not isinstance(value, str)
            for part in callspec.id.split("-")
        )
    ]

    assert numbered == []


def test_no_collected_id_has_a_control_character(request: pytest.FixtureRequest):
    assert [item.nodeid for item in request.session.items if not item.name.isprintable()] == []
