"""The id of a parametrised case, from its value: what pytest would call `source3` says what is in it.

An id has letters, digits and `_.=,+-` only, and is the same in every process: no address, no order of a set.
"""

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from types import CodeType
from typing import Any

_LONGEST = 48
_PLAIN = re.compile(rf"[ -~]{{1,{_LONGEST}}}")
_WORD = re.compile(r"[A-Za-z0-9_.+]+")


def case_id(value: object) -> str | None:
    """A short id that says what `value` is; None where pytest's own does (numbers, short texts, named functions)."""
    match value:
        case str() if _PLAIN.fullmatch(value):
            return None
        case bytes() if _PLAIN.fullmatch(value.decode("latin-1")):
            return None
        case None | bool() | int() | float() | complex() | re.Pattern():
            return None
    return _cut(_told(value).split("_"), "_")


@functools.singledispatch
def _told(value: object) -> str:
    """What a value says, in the characters of ids; never empty."""
    if hasattr(value, "__code__"):
        return _function(value)
    if isinstance(name := getattr(value, "__name__", None), str):
        return _told(name)
    if dataclasses.is_dataclass(value):
        return _record(value)
    text = str(value)
    return type(value).__name__ if text.startswith("<") or " at 0x" in text else _told(text)


@_told.register
def _(value: str) -> str:
    return "_".join(_WORD.findall(value)) or _characters(value)


@_told.register
def _(value: bytes) -> str:
    return "_".join(_WORD.findall(value.decode("latin-1"))) or value.hex()[:_LONGEST] or "empty"


@_told.register
def _(value: PurePath) -> str:
    return _told(value.name)


@_told.register
def _(value: BaseException) -> str:
    return _listed([type(value).__name__, *value.args])


@_told.register(Mapping)
def _(value: Mapping[object, object]) -> str:
    return ",".join(f"{_told(key)}={_told(one)}" for key, one in value.items()) or "empty"


@_told.register(AbstractSet)
def _(value: AbstractSet[object]) -> str:
    return ",".join(sorted(map(_told, value))) or "empty"


@_told.register(list)
@_told.register(tuple)
def _(value: Iterable[object]) -> str:
    return _listed(value)


@_told.register
def _(value: functools.partial) -> str:
    return _listed([value.func, *value.args, *value.keywords.values()])


def _characters(text: str) -> str:
    """A text without a word, by the code points of its first characters."""
    return "_".join(f"U+{ord(character):04X}" for character in text[:6]) or "empty"


def _listed(values: Iterable[object]) -> str:
    return ",".join(map(_told, values)) or "empty"


def _record(value: Any) -> str:
    """The fields of a dataclass that are not as by default; the name of the class if all are."""
    kept = [
        f"{field.name}={_told(found)}"
        for field in dataclasses.fields(value)
        if field.repr and (found := getattr(value, field.name)) != field.default and found not in ((), {}, [], None)
    ]
    return ",".join(kept) or type(value).__name__


def _function(function: Any) -> str:
    """A function by its name, a lambda by the names and texts in its body."""
    if function.__name__ != "<lambda>":
        return str(function.__name__)
    return "_".join(_WORD.findall("_".join(_body(function.__code__)))) or "lambda"


def _body(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _body(constant)
        elif isinstance(constant, (str, int)) and not isinstance(constant, bool):
            yield str(constant)


def _cut(words: list[str], glue: str) -> str:
    """As many whole words as fit, and at least a part of the first one."""
    kept = words[0][:_LONGEST]
    for word in words[1:]:
        if len(kept) + len(glue) + len(word) > _LONGEST:
            break
        kept += glue + word
    return kept
