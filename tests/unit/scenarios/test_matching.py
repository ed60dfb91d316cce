"""Each kind of condition put to a text and to a value inside JSON, and what a report says of it."""

from pathlib import Path

import pytest

from higress_cli.digest import sha256_of_bytes
from higress_cli.project.matcher import (
    Absent,
    All,
    Contains,
    Equals,
    HasSha256,
    Is,
    Json,
    Matcher,
    Matches,
    Not,
    SameAsFile,
    Values,
)
from higress_cli.scenarios.matching import Subject, describe, fits, part_of, value_fits, verdicts

HELLO = Subject.of_text("hello")
NOTHING = Subject.of_text(None)
TWICE = Subject.of_values(["a=1", "b=2"])
SHA256 = sha256_of_bytes(b"hello")
DEEP = "[" * 100_000
A, B = Equals("a=1"), Contains("b")


@pytest.mark.parametrize(
    ("matcher", "subject", "expected"),
    [
        pytest.param(Not(Equals("hello")), HELLO, False, id="not: it is"),
        pytest.param(Not(Equals("bye")), HELLO, True, id="not: it is another"),
        pytest.param(Not(Absent()), NOTHING, False, id="not absent: nothing"),
        pytest.param(All((Contains("h"), Contains("o"))), HELLO, True, id="all hold"),
        pytest.param(All((Contains("h"), Contains("x"))), HELLO, False, id="one of all does not"),
        pytest.param(All(()), NOTHING, True, id="no conditions"),
        pytest.param(HasSha256(SHA256), HELLO, True, id="digest"),
        pytest.param(HasSha256(SHA256), Subject.of_text("hello\n"), False, id="digest of a newline more"),
        pytest.param(HasSha256(SHA256), NOTHING, False, id="digest of nothing"),
        pytest.param(Values((A, B)), TWICE, True, id="values in order"),
        pytest.param(Values((B, A)), TWICE, False, id="values in another order"),
        pytest.param(Values((A,)), TWICE, False, id="one value too many"),
        pytest.param(Values(()), NOTHING, True, id="no values of nothing"),
        pytest.param(Values((Equals("x"), Equals("1"))), Subject.of_text('["x", 1]'), True, id="values of an array"),
        pytest.param(Values((Equals("x"),)), Subject.of_text('{"x": 1}'), False, id="values of an object"),
        pytest.param(Values((Equals("x"),)), HELLO, False, id="values of what is not JSON"),
        pytest.param(Is("hello"), HELLO, True, id="a bare text"),
        pytest.param(Is(1), Subject.of_text("1"), True, id="a bare number"),
        pytest.param(Is(True), Subject.of_text("True"), False, id="a bare boolean, as Python writes it"),
        pytest.param(Json({"a.b": Is(1)}), Subject.of_text('{"a": {"b": 1}}'), True, id="a part of JSON"),
        pytest.param(Json({"a.b": Is(2)}), Subject.of_text('{"a": {"b": 1}}'), False, id="another value there"),
        pytest.param(Json({"a.c": Absent()}), Subject.of_text('{"a": {"b": 1}}'), True, id="a part that is absent"),
        pytest.param(Json({"a": Absent()}), HELLO, False, id="parts of what is not JSON"),
        pytest.param(Json({"": Absent()}), Subject.of_text(DEEP), False, id="parts of JSON that is too deep"),
        pytest.param(Matches("l+"), Subject(content=b"\xffhello"), True, id="text in bytes that are not UTF-8"),
    ],
)
def test_a_condition_for_a_text(matcher: Matcher, subject: Subject, expected: bool) -> None:
    assert fits(matcher, subject) is expected


def test_a_file_is_compared_byte_by_byte(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"hello")
    assert fits(SameAsFile(tmp_path / "body"), HELLO)
    assert not fits(SameAsFile(tmp_path / "body"), Subject.of_text("hello\n"))
    assert not fits(SameAsFile(tmp_path / "body"), NOTHING)


@pytest.mark.parametrize(
    ("matcher", "value", "expected"),
    [
        pytest.param(Absent(), None, True, id="null is absent"),
        pytest.param(Absent(), 0, False, id="zero is not"),
        pytest.param(Not(Is(1)), 2, True, id="not"),
        pytest.param(All((Not(Is(1)), Not(Is(2)))), 3, True, id="all"),
        pytest.param(Is(1), 1, True, id="a number"),
        pytest.param(Is(1), True, False, id="true is not 1"),
        pytest.param(Is(False), 0, False, id="0 is not false"),
        pytest.param(Is("1"), 1, False, id="1 is not a text"),
        pytest.param(Is([1, [True]]), [1, [True]], True, id="a list"),
        pytest.param(Is([1]), [True], False, id="a list with another type"),
        pytest.param(Is([1]), [1, 1], False, id="a longer list"),
        pytest.param(Is({"a": {"b": 1}}), {"a": {"b": 1}}, True, id="an object"),
        pytest.param(Is({"a": 1}), {"a": 1, "b": 2}, False, id="an object with more keys"),
        pytest.param(Is({"a": 1}), {"a": True}, False, id="an object with another type"),
        pytest.param(Values((Is(1), Is("x"))), [1, "x"], True, id="values"),
        pytest.param(Values((Is(1),)), [2], False, id="another value"),
        pytest.param(Values((Is(1),)), [1, 2], False, id="more values"),
        pytest.param(Values(()), {}, False, id="values of an object"),
        pytest.param(Json({"b": Is(1)}), {"b": 1}, True, id="parts of an object"),
        pytest.param(Json({"b": Is(1)}), '{"b": 1}', True, id="parts of a text that is JSON"),
        pytest.param(Json({"b": Is(1)}), "b", False, id="parts of a text that is not"),
        pytest.param(Contains("x"), {"b": "x"}, True, id="text of an object, as JSON"),
        pytest.param(Contains("x"), "axb", True, id="text of a text"),
    ],
)
def test_a_condition_for_a_value_in_json(matcher: Matcher, value: object, expected: bool) -> None:
    assert value_fits(matcher, value) is expected


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        pytest.param(Absent(), True, id="absent"),
        pytest.param(Not(Absent()), False, id="not absent"),
        pytest.param(Not(Is(1)), True, id="not a number"),
        pytest.param(Is(None), False, id="null"),
        pytest.param(All((Absent(), Not(Is(1)))), True, id="all"),
    ],
)
def test_a_condition_where_there_is_no_value(matcher: Matcher, expected: bool) -> None:
    assert value_fits(matcher) is expected


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", (True, {"a": [1, {"x.y": None}]})),
        ("a[0]", (True, 1)),
        ('a[1]."x.y"', (True, None)),
        ("a[2]", (False, None)),
        ("a.b", (False, None)),
        ("b", (False, None)),
        ("[0]", (False, None)),
    ],
)
def test_the_part_at_a_path(path: str, found: tuple[bool, object]) -> None:
    assert part_of({"a": [1, {"x.y": None}]}, path) == found


@pytest.mark.parametrize(
    ("matcher", "text"),
    [
        (Absent(), "body is absent"),
        (Equals("a\r\nb"), "body is `a\\r\\nb`"),
        (Equals(""), "body is empty"),
        (Is({"a": 1}), 'body is `{"a": 1}`'),
        (Is("a"), "body is `a`"),
        (Contains("a"), "body contains `a`"),
        (Matches("a+"), "body matches `a+`"),
        (SameAsFile(Path("b.json")), "body is the content of b.json"),
        (HasSha256(SHA256), f"body has the SHA-256 {SHA256}"),
        (Not(Equals("a")), "not: body is `a`"),
        (Json({"a": Is(1), "b": Absent()}), "body is JSON: a is `1`; b is absent"),
        (All((Contains("a"), Not(Contains("b")))), "body contains `a`; not: body contains `b`"),
        (Values((Equals("a"), Absent())), "value 1 of 2 of body is `a`; value 2 of 2 of body is absent"),
        (Values(()), "body has no values"),
    ],
)
def test_what_is_expected_in_words(matcher: Matcher, text: str) -> None:
    assert describe("body", matcher) == text


@pytest.mark.parametrize(
    ("matcher", "subject", "got"),
    [
        pytest.param(Equals("a"), NOTHING, ["body is absent"], id="nothing"),
        pytest.param(Json({"a": Is(1)}), NOTHING, ["body is absent"], id="nothing, in place of JSON"),
        pytest.param(Json({"a": Is(1)}), HELLO, ["body is not JSON: `hello`"], id="not JSON"),
        pytest.param(
            Json({"a": Is(1), "b": Is("x"), "": Absent()}),
            Subject.of_text('{"a": 1}'),
            ["body a is `1`", "body b is absent", 'body is `{"a": 1}`'],
            id="each part of JSON",
        ),
        pytest.param(HasSha256(SHA256), TWICE, [f"body has the SHA-256 {sha256_of_bytes(b'a=1, b=2')}"], id="digest"),
        pytest.param(Values((A,)), TWICE, ["the values of body: `a=1`, `b=2`"], id="values"),
        pytest.param(Values((A,)), HELLO, ["body is `hello`"], id="values of a text"),
        pytest.param(Equals("a"), Subject.of_text(""), ["body is empty"], id="empty"),
    ],
)
def test_what_came_in_words(matcher: Matcher, subject: Subject, got: list[str]) -> None:
    assert [verdict.got for verdict in verdicts("body", matcher, subject)] == got


def test_a_part_that_fits_is_told_beside_one_that_does_not() -> None:
    matcher = Json({"a": Is(1), "b": Is(2)})
    assert [verdict.ok for verdict in verdicts("body", matcher, Subject.of_text('{"a": 1, "b": 1}'))] == [True, False]


LONG = "one\ntwo\n" + "x" * 200


@pytest.mark.parametrize(
    ("matcher", "text", "difference"),
    [
        pytest.param(Equals("short"), "other", None, id="both short"),
        pytest.param(Equals(LONG), LONG, None, id="no difference"),
        pytest.param(
            Equals(LONG),
            "one\nthree",
            f"--- expected\n+++ got\n@@ -1,3 +1,2 @@\n one\n-two\n-{'x' * 200}\n+three",
            id="long against short",
        ),
        pytest.param(Contains("absent"), LONG, LONG, id="a long text against a part"),
        pytest.param(Contains("absent"), "short", None, id="a short text against a part"),
        pytest.param(Equals(LONG), None, None, id="nothing"),
    ],
)
def test_a_difference_is_shown_whole_where_a_quotation_is_cut(
    matcher: Matcher, text: str | None, difference: str | None
) -> None:
    (verdict,) = verdicts("body", matcher, Subject.of_text(text))
    assert verdict.difference == difference
