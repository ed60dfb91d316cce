"""YAML with the place of each value: every complaint names line and column."""

import inspect
import sys
from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.yaml_node import Node, compose, compose_all

FILE = Path("plugin.yaml")


def node(text: str) -> Node:
    found = compose(FILE, text)
    assert found is not None
    return found


def refusal(text: str, read) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(node(text))
    return caught.value


@pytest.mark.parametrize("text", ["", "# only a remark\n", "---\n"])
def test_an_empty_text_is_no_document_or_an_empty_one(text):
    found = compose(FILE, text)

    assert found is None or found.is_null


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1, 2", 1, 4),
        ("a: 1\n b: 2", 2, 3),
        ("a: 1\nb: {c: }}", 2, 9),
        ("a:\n\t- 1", 2, 1),
    ],
)
def test_broken_yaml_is_refused_with_its_place(text, line, column):
    with pytest.raises(InvalidInput) as caught:
        compose(FILE, text)

    assert caught.value.code == "yaml-invalid"
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)
    assert caught.value.message.startswith(f"plugin.yaml:{line}:{column}: ")


@pytest.mark.parametrize("text", ["a: \x00", "a: " + "[" * 1200])
def test_what_the_parser_cannot_place_is_still_refused(text):
    with pytest.raises(InvalidInput) as caught:
        compose(FILE, text)

    assert caught.value.code == "yaml-invalid"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: {c: *x}}"])
def test_a_value_that_contains_itself_is_refused(text):
    with pytest.raises(InvalidInput) as caught:
        compose(FILE, text)

    assert caught.value.message == "plugin.yaml:1:4: this value contains itself"


def test_a_value_may_be_used_twice():
    assert node("a: &x [1]\nb: *x\nc: [*x, *x]").value() == {"a": [1], "b": [1], "c": [[1], [1]]}


@pytest.mark.parametrize("written", ["1.20", "1.20.14", "0.29", "007", "1e3", "true", "2026-11-24", "12:30"])
def test_a_text_is_what_is_written(written):
    assert node(f"v: {written}").mapping()["v"].text() == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("no", False),
        ("~", None),
        ("'1'", "1"),
        ("1.2.3", "1.2.3"),
        ("2026-11-24", "2026-11-24"),
        ("2026-13-45", "2026-13-45"),
        ("12:30:45", "12:30:45"),
        ("22:22", "22:22"),
        ("[1, a]", [1, "a"]),
    ],
)
def test_values_are_typed_as_the_control_plane_types_them(written, value):
    found = node(f"v: {written}").mapping()["v"].value()

    assert found == value
    assert type(found) is type(value)


def test_an_unknown_key_names_its_place_and_the_nearest_known_one():
    error = refusal("port: 1\nprofil: go\n", lambda root: root.mapping(("port", "profile")))

    assert error.message == "plugin.yaml:2:1: unknown key `profil`"
    assert error.hint == "did you mean `profile`? known keys: port, profile"
    assert error.code == "settings-invalid"


def test_an_unknown_key_that_is_like_nothing_lists_what_there_is():
    error = refusal("zzz: 1\n", lambda root: root.mapping(("port", "profile")))

    assert error.hint == "known keys: port, profile"


def test_a_key_that_is_there_twice_is_refused():
    error = refusal("port: 1\nbind: x\nport: 2\n", lambda root: root.mapping())

    assert error.message == "plugin.yaml:3:1: port: this key appears twice"


@pytest.mark.parametrize(
    ("text", "read", "message"),
    [
        ("a: [1]", lambda root: root.mapping()["a"].mapping(), "1:4: a: expected a mapping of keys to values"),
        ("a: {b: 1}", lambda root: root.mapping()["a"].items(), "1:4: a: expected a list"),
        ("a: [1]", lambda root: root.mapping()["a"].text(), "1:4: a: expected a string"),
        ("a:\n  b:\n", lambda root: root.mapping()["a"].mapping()["b"].text(), "2:5: a.b: expected a string"),
        ("a: [x, {}]", lambda root: root.mapping()["a"].texts(), "1:8: a[1]: expected a string"),
        ("a: x", lambda root: root.mapping()["a"].choice(("y", "z")), "1:4: a: `x` is none of: y, z"),
        ("a: 70000", lambda root: root.mapping()["a"].integer(least=0, most=65535), "1:4: a: expected a whole number"),
        ("a: 1.5", lambda root: root.mapping()["a"].integer(least=0, most=9), "1:4: a: expected a whole number"),
        ("a: true", lambda root: root.mapping()["a"].integer(least=0, most=9), "1:4: a: expected a whole number"),
        ("a: '8'", lambda root: root.mapping()["a"].integer(least=0, most=9), "1:4: a: expected a whole number"),
        ("a: 1\nb: !nonsense 2", lambda root: root.value(), "2:4: could not determine a constructor"),
        ("a: !!int x", lambda root: root.value(), "1:1: invalid literal"),
    ],
)
def test_a_value_of_another_kind_is_refused_where_it_stands(text, read, message):
    assert refusal(text, read).message.startswith(f"plugin.yaml:{message}")


def test_an_absent_value_is_an_empty_mapping_and_an_empty_list():
    entries = node("a:\nb: ~\n").mapping()

    assert (entries["a"].mapping(), entries["b"].items()) == ({}, [])


def test_each_document_of_a_file_is_read():
    documents = compose_all(FILE, "a: 1\n---\nb: 2\n")

    assert [document.value() for document in documents] == [{"a": 1}, {"b": 2}]
    assert documents[1].place == "plugin.yaml:3:1"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nx: [\n", "plugin.yaml:2:4"),
        ("x: {a: [1,\n\n# end\n", "plugin.yaml:1:8"),
        ("x: 'open\n", "plugin.yaml:1:4"),
        ("a: 1\nfoo\n", "plugin.yaml:2:1"),
    ],
)
def test_what_is_unfinished_at_the_end_of_the_file_is_told_where_it_begins(text, place):
    with pytest.raises(InvalidInput) as caught:
        compose(FILE, text)
    assert caught.value.message.startswith(f"{place}: ")


def test_a_bracket_that_is_not_closed_is_found_behind_one_that_is():
    with pytest.raises(InvalidInput) as caught:
        compose(Path("a.yaml"), "a: {b: [c, d], e: {f: g}\n")
    assert caught.value.details == {"path": Path("a.yaml"), "line": 1, "column": 4}


def test_a_value_that_is_nested_too_deeply_to_be_made_is_refused():
    node = compose(Path("a.yaml"), "{<<: " * 150 + "{a: 1}" + "}" * 150)
    assert node is not None

    def after(calls: int) -> object:
        return after(calls - 1) if calls else node.value()

    with pytest.raises(InvalidInput, match="it is nested too deeply"):
        after(sys.getrecursionlimit() - len(inspect.stack(0)) - 100)
