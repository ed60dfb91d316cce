"""Values whose shape depends on their kind in YAML."""

from pathlib import Path
from typing import Any

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.shapes import Anything, Either, Items, Pairs, Scalar, Turned
from higress_cli.project.yaml_node import Node, compose

TEXT, LIST, MAPPING = Scalar(), Items(Scalar()), Pairs(Scalar())
NULL = Turned(Anything(), lambda _null: "null")


def node(text: str) -> Node:
    found = compose(Path("a.yaml"), f"key: {text}")
    assert found is not None
    return found.mapping()["key"]


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        (Either(scalar=TEXT, items=LIST, mapping=MAPPING, null=NULL), "a", "a"),
        (Either(scalar=TEXT, items=LIST, mapping=MAPPING, null=NULL), "[a]", ("a",)),
        (Either(scalar=TEXT, items=LIST, mapping=MAPPING, null=NULL), "{a: b}", {"a": "b"}),
        (Either(scalar=TEXT, items=LIST, mapping=MAPPING, null=NULL), "", "null"),
        (Either(items=LIST, mapping=MAPPING), "", {}),
        (Either(scalar=TEXT, items=LIST), "", ()),
    ],
)
def test_each_kind_has_its_own_shape_and_nothing_is_an_empty_one(shape: Either[Any], text: str, value: object) -> None:
    assert shape.read(node(text)) == value


@pytest.mark.parametrize(
    ("shape", "text", "problem"),
    [
        (Either(scalar=TEXT, mapping=MAPPING), "[a]", "expected a mapping of keys to values"),
        (Either(scalar=TEXT, items=LIST), "{a: b}", "expected a list"),
        (Either(scalar=TEXT), "[a]", "expected a string"),
        (Either(scalar=TEXT), "", "expected a string"),
    ],
)
def test_a_kind_without_a_shape_is_refused_by_what_is_expected(shape: Either[Any], text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        shape.read(node(text))
    assert str(caught.value) == f"a.yaml:1:{6 if text else 5}: key: {problem}"
