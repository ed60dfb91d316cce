"""The schemas in the package say what the types of the results say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, Literal

import jsonschema
import pytest

from higress_cli.choice import Choice
from higress_cli.result import Result
from scripts.schemas import RESULTS, Document, UndescribedError, outdated
from tests.support.commands import COMMANDS
from tests.support.schemas import validate


def test_every_schema_is_up_to_date():
    assert outdated() == [], "the types of results have changed: run `make schemas`"


def test_every_command_has_one():
    assert sorted(RESULTS) == sorted(COMMANDS)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A tree."""

    name: str
    """Its name."""
    branches: "tuple[Tree, ...]" = ()
    """What grows on it."""


@dataclass(frozen=True)
class Shown:
    """What JSON shows of a thing."""

    word: str
    """A word."""


@dataclass(frozen=True)
class Thing:
    secret: str

    def document(self) -> Shown:
        return Shown(word="shown")


@dataclass(frozen=True, kw_only=True)
class Sample(Result):
    """A sample."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"hidden"}
    computed: ClassVar[tuple[str, ...]] = ("counts",)
    path: Path | None
    """A path."""
    color: Color | None
    """A colour."""
    sha256: str
    """A digest."""
    seconds: float
    """A time."""
    level: Literal["low", "high"]
    """A level."""
    tree: Tree | None
    """A tree or none."""
    things: tuple[Thing, ...]
    """Things."""
    settings: Mapping[str, Choice[object]]
    """Settings."""
    hidden: object = None

    @property
    def counts(self) -> Mapping[Color, int]:
        """How often each colour comes."""
        return {Color.RED: 1, Color.BLUE: 0}


def sample(**facts: Any) -> Sample:
    told: dict[str, Any] = {
        "path": Path("/p"), "color": Color.RED, "sha256": "0" * 64, "seconds": 1.5, "level": "low",
        "tree": Tree(name="oak", branches=(Tree(name="twig"),)), "things": (Thing("kept"),), "settings": {},
    }  # fmt: skip
    return Sample(**{**told, **facts})


def test_what_a_result_shows_is_what_its_schema_describes():
    schema = Document("sample", [Sample]).schema

    jsonschema.Draft202012Validator.check_schema(schema)
    validate(sample().data(), schema)
    validate(sample(path=None, color=None, tree=None).data(), schema)
    assert schema["properties"]["color"] == {"enum": ["red", "blue", None], "description": "A colour."}
    assert schema["properties"]["path"] == {"type": ["string", "null"], "description": "A path."}
    assert sample().data()["things"] == [{"word": "shown"}]


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 63},
        {"seconds": -1.0},
        {"level": "middling"},
        {"color": "green"},
        {"path": 3},
        {"tree": {"name": "oak"}},
        {"counts": {"red": 1}},
        {"settings": {"port": 80}},
        {"more": 1},
        {"tree": {"name": "oak", "branches": [{"name": "twig"}]}},
    ],
)
def test_what_a_result_would_not_show_is_refused(change):
    schema = Document("sample", [Sample]).schema

    with pytest.raises(jsonschema.ValidationError):
        validate({**json.loads(json.dumps(sample().data())), **change}, schema)


def test_a_field_without_a_description_is_refused():
    @dataclass(frozen=True, kw_only=True)
    class Bare(Result):
        """No words below its field."""

        field: str

    with pytest.raises(UndescribedError, match=r"Bare\.field"):
        Document("bare", [Bare])
