"""Conditions for a value: what a scenario's `expect` is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import Sha256, typed_sha256
from higress_cli.i18n import N_, _
from higress_cli.project.parser_words import in_words
from higress_cli.project.shapes import (
    Anything,
    Either,
    Entry,
    FileName,
    Items,
    Named,
    Pairs,
    Record,
    Scalar,
    Shape,
    Turned,
)
from higress_cli.project.yaml_node import Node
from higress_cli.system.pattern import pattern_fault


@dataclass(frozen=True)
class Absent:
    """There is no value."""


@dataclass(frozen=True)
class Equals:
    """The text is this one."""

    text: str


@dataclass(frozen=True)
class Contains:
    """The text has this one in it."""

    text: str


@dataclass(frozen=True)
class Matches:
    """The regular expression is found in the text."""

    pattern: str


@dataclass(frozen=True)
class SameAsFile:
    """The bytes are those of a file."""

    path: Path


@dataclass(frozen=True)
class HasSha256:
    """The bytes have this digest, lower-case hex."""

    digest: Sha256


@dataclass(frozen=True)
class Is:
    """The JSON value is this one, type included."""

    value: object


@dataclass(frozen=True)
class Json:
    """The text is JSON, and the values at these paths fit."""

    parts: Mapping[str, "Matcher"]


@dataclass(frozen=True)
class Not:
    """The condition does not hold."""

    matcher: "Matcher"


@dataclass(frozen=True)
class All:
    """All conditions hold."""

    matchers: tuple["Matcher", ...]


@dataclass(frozen=True)
class Values:
    """There are exactly these values in this order: of a header that comes several times, or of a JSON array."""

    matchers: tuple["Matcher", ...]


Matcher = Absent | Equals | Contains | Matches | SameAsFile | HasSha256 | Is | Json | Not | All | Values

Step = str | int
"""A key of a JSON object, or an index of an array."""

_PART: Final = re.compile(r'(?:^|\.)(?:"((?:[^"\\]|\\.)*)"|([^.\[\]"]+))|\[(\d+)]')


def path_steps(path: str) -> tuple[Step, ...]:
    """The steps of a path like `a.b[0]."x.y"`; the empty path is the whole document.

    Raises:
        ValueError: it is not a path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _PART.match(path, at)
        if found is None:
            raise ValueError(_("`{path}` is not a path; one looks like {example}").format(path=path, example="a.b[0]"))
        quoted, plain, index = found.groups()
        steps.append(int(index) if index is not None else plain or re.sub(r"\\(.)", r"\1", quoted or ""))
        at = found.end()
    return tuple(steps)


def _pattern(text: str) -> Matcher:
    fault = pattern_fault(text)
    if fault is not None:
        raise ValueError(_("not a regular expression: {reason}").format(reason=in_words(fault)))
    return Matches(text)


def _digest(text: str) -> Matcher:
    digest = typed_sha256(text)
    if digest is None:
        raise ValueError(_("expected 64 hexadecimal digits"))
    return HasSha256(digest)


def _json(parts: Mapping[str, Matcher]) -> Matcher:
    for path in parts:
        path_steps(path)
    return Json(parts)


def _entries(bare: Shape[object], again: Named[Matcher]) -> tuple[Entry, ...]:
    """The ways to say what a value has to be; `bare` is the shape of `equals`, `again` that of what is inside."""
    return (
        Entry(name="equals", shape=bare, help=N_("it is this value")),
        Entry(name="contains", shape=Turned(Scalar(), Contains), help=N_("it has this text in it")),
        Entry(
            name="matches", shape=Turned(Scalar(), _pattern), help=N_("it matches this regular expression somewhere")
        ),
        Entry(
            name="json",
            shape=Turned(Pairs(Named("json_matcher", lambda: JSON_MATCHER)), _json),
            help=N_('it is JSON with these values; a key is a path such as a.b[0]."x.y"'),
        ),
        Entry(name="file", shape=Turned(FileName(), SameAsFile), help=N_("its bytes are those of this file")),
        Entry(name="sha256", shape=Turned(Scalar(), _digest), help=N_("its bytes have this digest")),
        Entry(name="not", shape=Turned(again, Not), help=N_("the condition does not hold")),
        Entry(
            name="all",
            shape=Turned(Items(again), All),
            help=N_("all of these conditions hold"),
        ),
    )


def _the_one(_node: Node, **values: Matcher) -> Matcher:
    """The only condition in a mapping."""
    (matcher,) = values.values()
    return matcher


_AGAIN: Final[Named[Matcher]] = Named("matcher", lambda: MATCHER)
_JSON_AGAIN: Final[Named[Matcher]] = Named("json_matcher", lambda: JSON_MATCHER)
_NULL: Final = Turned(Anything(), lambda _value: Absent())

ENTRIES: Final = _entries(Turned(Scalar(), Equals), _AGAIN)
MATCHER: Final[Either[Matcher]] = Either(
    scalar=Turned(Scalar(), Equals),
    items=Turned(Items(_AGAIN), Values),
    mapping=Record(entries=ENTRIES, make=_the_one, just_one=True),
    null=_NULL,
)
"""A condition for a text: a bare text is what it has to be, null means that there is none."""
JSON_MATCHER: Final[Either[Matcher]] = Either(
    scalar=Turned(Anything(), Is),
    items=Turned(Items(_JSON_AGAIN), Values),
    mapping=Record(entries=_entries(Turned(Anything(), Is), _JSON_AGAIN), make=_the_one, just_one=True),
    null=_NULL,
)
"""A condition for a value inside JSON: a bare value is what it has to be, type included."""
