"""hgw's TOML files as typed values, checked when they load.

A file is described by frozen dataclasses: a field for each key, nested ones for tables, `tuple[Row, ...]` for an array
of tables, `Mapping[str, Row]` for a table whose keys are data. A trailing underscore is dropped, so that a field can be
named after a keyword (`from_`). `Annotated[str, PATTERN]` constrains a single value, as the type of a digest does;
constraints on several values are checked in the row's `__post_init__`, which raises ValueError.

Why not a library: msgspec reports a wrong value as `$[...][...]`, which does not identify a row among 200, and accepts
unknown keys of dataclasses.
"""

import dataclasses
import enum
import json
import re
import tomllib
import types
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from importlib import resources
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    Protocol,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

from higress_cli.digest import PATTERNS
from higress_cli.i18n import N_, _, listed

T = TypeVar("T")

Url = NewType("Url", str)
"""An address of the web."""
_PATTERNS: Final[Mapping[object, re.Pattern[str]]] = {**PATTERNS, Url: re.compile(r"https?://[^\s/]+(?:/\S*)?")}

# Marks the field that receives the row's key in a `Mapping[str, Row]`.
KEY: Final[Mapping[str, bool]] = {"key": True}

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_WORDS: Final[Mapping[type, str]] = {
    str: N_("a text"),
    int: N_("a whole number"),
    float: N_("a number"),
    bool: N_("true or false"),
    list: N_("a list"),
    dict: N_("a table"),
}


class DataInvalidError(ValueError):
    """A data file does not match its type: `problem` names the row and the key, `where` is the file."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


@runtime_checkable
class FromText(Protocol):
    """A row that may be written as a single text instead of a table."""

    @classmethod
    def from_text(cls, text: str) -> Self: ...


def load(name: str, kind: type[T]) -> T:
    """The file `name` of this package (with its folder, `errors/go.toml`) as a value of type `kind`, read once.

    Raises:
        DataInvalidError: the file does not match `kind`.
    """
    return cast("T", _load(name, cast("Hashable", kind)))


def names(folder: str) -> tuple[str, ...]:
    """The TOML files in a folder of this package, in the order of their names, ready for `load`."""
    files = resources.files(__name__).joinpath(folder).iterdir()
    return tuple(sorted(f"{folder}/{file.name}" for file in files if file.name.endswith(".toml")))


def read(text: str, kind: type[T], *, where: str) -> T:
    """A TOML text as a value of type `kind`; `where` names it in errors.

    Raises:
        DataInvalidError: the text is not TOML, or does not match `kind`.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # beside errors of syntax: numbers too long, tables nested too deep
        raise DataInvalidError(where, str(error)) from error
    try:
        return cast("T", _value(table, kind, ()))
    except _Invalid as error:
        raise DataInvalidError(where, error.problem) from error


@cache
def _load(name: str, kind: type) -> object:
    return read(resources.files(__name__).joinpath(name).read_text("utf-8"), kind, where=name)


# Keys of tables and indexes of items, outermost first.
_Place = tuple[str | int, ...]


class _Invalid(Exception):
    """A problem at a place within a file."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _value(raw: object, kind: object, at: _Place) -> object:
    if kind is object:
        return raw
    if isinstance(kind, NewType):
        return _fitting(raw, _PATTERNS[kind], at)
    if reader := _READERS.get(get_origin(kind)):
        return reader(raw, kind, at)
    assert isinstance(kind, type)  # noqa: S101 -- the fields of our own rows
    return _row(raw, kind, at) if dataclasses.is_dataclass(kind) else _typed(raw, kind, at)


def _row(raw: object, kind: type, at: _Place) -> object:
    if isinstance(raw, str) and issubclass(kind, FromText):
        return kind.from_text(raw)
    table = _typed(raw, dict, at)
    fields = _fields(kind)
    for key in table:
        if key not in fields or fields[key].is_key:
            raise _Invalid(_("unknown key `{name}`").format(name=_place((*at, key))))
    values = {}
    for key, field in fields.items():
        if field.is_key:
            values[field.name] = _value(at[-1], field.kind, at)
        elif key in table:
            values[field.name] = _value(table[key], field.kind, (*at, key))
        elif field.required:
            raise _Invalid(_("`{key}` is missing").format(key=_place((*at, key))))
    try:
        return kind(**values)
    except ValueError as error:
        raise _Invalid(f"`{_place(at)}`: {error}" if at else str(error)) from error


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    kind: Any
    required: bool
    is_key: bool


@cache
def _fields(kind: type) -> Mapping[str, _Field]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name.removesuffix("_"): _Field(
            name=field.name,
            kind=hints[field.name],
            required=field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            is_key="key" in field.metadata,
        )
        for field in dataclasses.fields(kind)
    }


def _typed(raw: object, kind: type[T], at: _Place) -> T:
    if type(raw) is kind:  # a true is no whole number here
        return raw
    if issubclass(kind, enum.Enum):
        return cast("T", kind(_one_of(raw, tuple(member.value for member in kind), at)))
    expected = _(_WORDS[kind])
    raise _Invalid(
        _("`{key}` must be {expected}, and is {value}").format(key=_place(at), expected=expected, value=_shown(raw))
    )


def _optional(raw: object, kind: object, at: _Place) -> object:
    (wanted,) = (item for item in get_args(kind) if item is not types.NoneType)
    return _value(raw, wanted, at)


def _mapping(raw: object, kind: object, at: _Place) -> object:
    wanted = get_args(kind)[1]
    return {key: _value(item, wanted, (*at, key)) for key, item in _typed(raw, dict, at).items()}


def _items(raw: object, kind: object, at: _Place) -> object:
    wanted = get_args(kind)[0]
    values = (_value(item, wanted, (*at, number)) for number, item in enumerate(_typed(raw, list, at)))
    return tuple(values) if get_origin(kind) is tuple else frozenset(values)


def _choice(raw: object, kind: object, at: _Place) -> object:
    return _one_of(raw, get_args(kind), at)


def _one_of(raw: object, choices: tuple[object, ...], at: _Place) -> object:
    if raw in choices:
        return raw
    raise _Invalid(
        _("`{key}` is {value}, which is not one of: {choices}").format(
            key=_place(at), value=_shown(raw), choices=listed(map(str, choices))
        )
    )


def _matching(raw: object, kind: object, at: _Place) -> object:
    _text, pattern = get_args(kind)
    return _fitting(raw, pattern, at)


def _fitting(raw: object, pattern: re.Pattern[str], at: _Place) -> str:
    text = _typed(raw, str, at)
    if pattern.fullmatch(text):
        return text
    raise _Invalid(
        _("`{key}` is {value}, which does not match {pattern}").format(
            key=_place(at), value=_shown(text), pattern=pattern.pattern
        )
    )


def _compiled(raw: object, _kind: object, at: _Place) -> re.Pattern[str]:
    """A pattern whose `^` and `$` match at the beginning and end of each line."""
    try:
        return re.compile(_typed(raw, str, at), re.MULTILINE)
    except re.error as error:
        raise _Invalid(
            _("`{key}` is not a regular expression: {reason}").format(key=_place(at), reason=error)
        ) from error


_READERS: Final[Mapping[Any, Callable[[Any, Any, _Place], Any]]] = {
    Annotated: _matching,
    Literal: _choice,
    Mapping: _mapping,
    Union: _optional,
    frozenset: _items,
    re.Pattern: _compiled,
    tuple: _items,
    types.UnionType: _optional,
}


def _place(at: _Place) -> str:
    """A place as TOML writes it, with the number of a row in brackets: `go."1.20.14".linux-amd64`, `trap[3].module`."""
    text = ""
    for part in at:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f"{'.' if text else ''}{part if _BARE_KEY.fullmatch(part) else json.dumps(part)}"
    return text


def _shown(raw: object) -> str:
    return str(raw).lower() if isinstance(raw, bool) else repr(raw)
