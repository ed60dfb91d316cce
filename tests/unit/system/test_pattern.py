"""Regular expressions that somebody else wrote."""

import pytest

from higress_cli.system.pattern import MOST_PARTS, occurs, pattern_fault


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("a+(b|c)*", None),
        ("[[:foo:]]", None),
        ("(", "missing ), unterminated subpattern at position 0"),
        ("(?:a{1000}){1000}", None),
        ("(?:a{1000}){1001}", f"its repetitions written out, it has more than {MOST_PARTS} parts"),
        ("(?:a|b{1000}){2000}", f"its repetitions written out, it has more than {MOST_PARTS} parts"),
        ("(" * 5000 + ")" * 5000, "it is nested too deeply"),
    ],
    ids=["plain", "a class as Python reads it", "not closed", "at the limit", "above it", "inside a group", "deep"],
)
def test_what_keeps_a_pattern_from_being_used(pattern: str, fault: str | None) -> None:
    assert pattern_fault(pattern) == fault


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("l+o$", "hello", True),
        ("^l", "hello", False),
        # The engine that can be stopped takes it for the name of a class; to Python it is a set of characters.
        ("^[[:foo:]]$", "o]", True),
        ("^[[:foo:]]$", "x]", False),
    ],
)
def test_a_pattern_is_found_as_python_finds_it(pattern: str, text: str, found: bool) -> None:
    assert occurs(pattern, text) is found
