"""Conditions: how they are written, and whether values fit them."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.matcher import MATCHER, Matcher, path_steps
from higress_cli.project.yaml_node import compose
from higress_cli.scenarios.matching import Subject, describe, fits, value_fits, verdicts

JSON = '{"user": {"name": "ann", "age": 7}, "tags": ["a", "b"], "x.y": null, "on": true}'


def read(text: str, folder: Path = Path()) -> Matcher:
    node = compose(folder / "x.yaml", text)
    assert node is not None
    return MATCHER.read(node)


@pytest.mark.parametrize(
    ("written", "text", "is_fit"),
    [
        ("abc", "abc", True),
        ("1.20", "1.20", True),
        ("null", None, True),
        ("null", "", False),
        ("{not: null}", "", True),
        ("{not: null}", None, False),
        ("{not: {contains: b}}", "abc", False),
        ("{all: [{contains: a}, {matches: c$}]}", "abc", True),
        ("{all: [{contains: a}, {matches: b$}]}", "abc", False),
        (f"{{sha256: {hashlib.sha256(b'abc').hexdigest().upper()}}}", "abc", True),
        ("{json: {user.name: ann}}", JSON, True),
        ("{json: {user.name: {matches: ^a}}}", JSON, True),
        ("{json: {user.age: 7}}", JSON, True),
        ("{json: {user.age: 7.0}}", JSON, True),
        ('{json: {user.age: "7"}}', JSON, False),
        ("{json: {on: 1}}", JSON, False),
        ("{json: {tags: [a, b]}}", JSON, True),
        ("{json: {tags: [b, a]}}", JSON, False),
        ('{json: {"tags[1]": b, "tags[2]": null}}', JSON, True),
        ("""{json: {'"x.y"': null}}""", JSON, True),
        ("""{json: {'"x.y"': {equals: null}}}""", JSON, True),
        ("{json: {missing: {equals: null}}}", JSON, False),
        ("{json: {user: {equals: {name: ann, age: 7}}}}", JSON, True),
        ('{json: {"": {json: {on: true}}}}', JSON, True),
        ("{json: {a: null}}", "not JSON", False),
        ("{json: {a: null}}", None, False),
    ],
)
def test_a_value_fits_or_not(written, text, is_fit):
    assert fits(read(written), Subject.of_text(text)) is is_fit


def test_the_values_of_a_header_are_compared_one_by_one_or_together():
    twice = Subject.of_values(["a=1", "b=2"])
    assert fits(read("[a=1, {contains: b}]"), twice)
    assert not fits(read("[a=1]"), twice)
    assert not fits(read("[b=2, a=1]"), twice)
    assert fits(read("a=1, b=2"), twice)


def test_the_bytes_of_a_file(tmp_path):
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")
    assert fits(read("{file: b.bin}", tmp_path), Subject(content=b"\xff\x00"))
    assert not fits(read("{file: b.bin}", tmp_path), Subject(content=b"\xff"))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{}", "say exactly one of: equals, contains"),
        ("{equals: a, not: b}", "say exactly one of: equals, contains"),
        ("{sha256: abc}", "sha256: expected 64 hexadecimal digits"),
        ("{json: {'a[': 1}}", "`a[` is not a path"),
        ("{file: nowhere}", "nowhere does not exist"),
        ("{contain: a}", "unknown key `contain`"),
    ],
)
def test_what_is_not_a_condition_is_refused_with_its_place(written, problem):
    with pytest.raises(InvalidInput) as caught:
        read(written)
    assert "x.yaml:1:" in caught.value.message
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("path", "steps"),
    [("", ()), ("a.b[0].c", ("a", "b", 0, "c")), ('a."x.y"', ("a", "x.y")), ("[1][2]", (1, 2)), ('"q\\"q"', ('q"q',))],
)
def test_a_path_has_steps(path: str, steps: tuple[Any, ...]):
    assert path_steps(path) == steps


def test_a_verdict_names_each_path():
    found = list(verdicts("body", read("{json: {user.name: bob, x: null}}"), Subject.of_text(JSON)))
    assert [(each.ok, each.expected, each.got) for each in found] == [
        (False, "body user.name is `bob`", "body user.name is `ann`"),
        (True, "body x is absent", "body x is absent"),
    ]


def test_a_condition_in_words():
    assert (
        describe("body", read("{all: [{not: {contains: a}}, {matches: b}]}"))
        == "not: body contains `a`; body matches `b`"
    )


def test_a_number_is_compared_as_one():
    assert value_fits(read("{json: {n: 1}}"), {"n": 1})
    assert not value_fits(read("{json: {n: 1}}"), {"n": True})


@pytest.mark.parametrize(
    "pattern",
    ["(", "a{2,1}", "a{99999999999999999999}", "(" * 5000 + ")" * 5000, "[z-a]", "(?P<a>x)(?P<a>y)", "(?<=a*)b"],
)
def test_what_is_not_a_regular_expression_is_told(pattern):
    with pytest.raises(InvalidInput) as caught:
        read(f"{{matches: '{pattern}'}}")

    assert (caught.value.code, "not a regular expression" in caught.value.message) == ("settings-invalid", True)


@pytest.mark.parametrize(
    "pattern", ["^a.c$", r"\Aabc\Z", "[[a]", "(?i)ABC", "(?P<x>a)bc", "a(?=b)", "(?s:.)c", "ab*+c", r"\w{3}"]
)
def test_regular_expressions_are_those_of_python(pattern):
    assert fits(read(f"{{matches: '{pattern}'}}"), Subject.of_text("abc"))


@pytest.mark.slow
def test_a_regular_expression_that_is_tried_for_ever_is_given_up():
    with pytest.raises(InvalidInput) as caught:
        fits(read("{matches: (a+)+$}"), Subject.of_text("a" * 5000 + "b"))

    assert caught.value.code == "pattern-slow"
    assert "(a+)+$" in caught.value.message
