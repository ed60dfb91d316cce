"""Conditions put to values: whether they fit, and both in words. Pure."""

import difflib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from higress_cli.digest import sha256_of_bytes
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _, chained
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
    path_steps,
)
from higress_cli.system.pattern import MOST_SECONDS, occurs

_LONGEST_QUOTE: Final = 160
_NOTHING: Final = object()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a condition is about: bytes, None if there is nothing; `values` one by one, as of a repeated header."""

    content: bytes | None
    values: tuple[str, ...] | None = None

    @classmethod
    def of_text(cls, text: str | None) -> Self:
        return cls(content=None if text is None else text.encode())

    @classmethod
    def of_values(cls, values: Sequence[str]) -> Self:
        return cls(content=", ".join(values).encode() if values else None, values=tuple(values))

    @property
    def text(self) -> str | None:
        return None if self.content is None else self.content.decode("utf-8", "replace")


def fits(matcher: Matcher, subject: Subject) -> bool:  # noqa: PLR0911 -- one for each kind
    """Whether the condition holds."""
    match matcher:
        case Absent():
            return subject.content is None
        case Not(inner):
            return not fits(inner, subject)
        case All(inner):
            return all(fits(each, subject) for each in inner)
        case Values(inner):
            values = subject.values if subject.values is not None else _array(subject.text)
            texts = [value if isinstance(value, str) else json.dumps(value) for value in values or ()]
            return len(inner) == len(texts) and all(
                fits(each, Subject.of_text(text)) for each, text in zip(inner, texts, strict=True)
            )
    content, text = subject.content, subject.text
    if content is None or text is None:
        return False
    match matcher:
        case SameAsFile(path):
            return content == path.read_bytes()
        case HasSha256(digest):
            return sha256_of_bytes(content) == digest
        case Json(parts):
            found, document = _parsed(text)
            return found and all(_part_fits(part, document, path) for path, part in parts.items())
        case Is(value):
            return text == (value if isinstance(value, str) else json.dumps(value))
    return _text_fits(matcher, text)


def value_fits(matcher: Matcher, value: object = _NOTHING) -> bool:  # noqa: PLR0911 -- one for each kind
    """Whether the condition holds for a JSON value; without one, only absence does."""
    match matcher:
        case Absent():
            return value is _NOTHING or value is None
        case Not(inner):
            return not value_fits(inner, value)
        case All(inner):
            return all(value_fits(each, value) for each in inner)
    if value is _NOTHING:
        return False
    match matcher:
        case Is(wanted):
            return _same(wanted, value)
        case Values(inner):
            return (
                isinstance(value, list)
                and len(inner) == len(value)
                and all(value_fits(each, one) for each, one in zip(inner, value, strict=True))
            )
        case Json(parts) if not isinstance(value, str):
            return all(_part_fits(part, value, path) for path, part in parts.items())
    return fits(matcher, Subject.of_text(value if isinstance(value, str) else json.dumps(value)))


def part_of(document: object, path: str) -> tuple[bool, object]:
    """Whether there is something at a path of a JSON document, and what."""
    for step in path_steps(path):
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return False, None
            document = document[step]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            return False, None
    return True, document


# In words --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether one condition holds, with what was expected and what came, for people."""

    ok: bool
    expected: str
    got: str
    difference: str | None = None


def verdicts(what: str, matcher: Matcher, subject: Subject) -> Iterator[Verdict]:
    """The verdict on `what`; for JSON, one for each path."""
    if isinstance(matcher, Json) and subject.text is not None:
        found, document = _parsed(subject.text)
        if found:
            for path, part in matcher.parts.items():
                is_there, value = part_of(document, path)
                name = f"{what} {path}".rstrip()
                yield Verdict(
                    ok=_part_fits(part, document, path),
                    expected=describe(name, part),
                    got=_is(name, _shown(value)) if is_there else _absent(name),
                )
            return
    ok = fits(matcher, subject)
    yield Verdict(
        ok=ok,
        expected=describe(what, matcher),
        got=_got(what, matcher, subject),
        difference=None if ok else _difference(matcher, subject.text),
    )


def describe(what: str, matcher: Matcher) -> str:  # noqa: C901, PLR0911 -- one for each kind
    """What is expected of `what`."""
    match matcher:
        case Absent():
            return _absent(what)
        case Equals(text):
            return _is(what, quote(text)) if text else _about(_("{what} is empty"), what)
        case Is(value):
            return _is(what, _shown(value))
        case Contains(text):
            return _about(_("{what} contains {value}"), what, value=quote(text))
        case Matches(pattern):
            return _about(_("{what} matches {value}"), what, value=quote(pattern))
        case SameAsFile(path):
            return _about(_("{what} is the content of {path}"), what, path=path)
        case HasSha256(digest):
            return _about(_("{what} has the SHA-256 {digest}"), what, digest=digest)
        case Not(inner):
            return _("not: {condition}").format(condition=describe(what, inner))
        case Json(parts):
            conditions = chained(describe(path, part) for path, part in parts.items())
            return _about(_("{what} is JSON: {conditions}"), what, conditions=conditions)
        case All(inner):
            return chained(describe(what, each) for each in inner)
    count = len(matcher.matchers)
    return chained(
        describe(_about(_("value {number} of {count} of {what}"), what, number=index + 1, count=count), each)
        for index, each in enumerate(matcher.matchers)
    ) or _about(_("{what} has no values"), what)


def quote(text: str) -> str:
    """A text in one line, shortened if it is long."""
    if not text:
        return _("empty")
    line = _in_one_line(text)
    if not _is_cut(text):
        return f"`{line}`"
    return _("`{start}...` ({count} characters)").format(start=line[:_LONGEST_QUOTE], count=len(text))


def _part_fits(matcher: Matcher, document: object, path: str) -> bool:
    found, value = part_of(document, path)
    return value_fits(matcher, value) if found else value_fits(matcher)


def _text_fits(matcher: Equals | Contains | Matches, text: str) -> bool:
    match matcher:
        case Equals(wanted):
            # Files and tools end a text with a newline, which is not part of its meaning.
            return text.removesuffix("\n") == wanted.removesuffix("\n")
        case Contains(wanted):
            return wanted in text
    return _occurs(matcher.pattern, text)


def _occurs(pattern: str, text: str) -> bool:
    try:
        return occurs(pattern, text)
    except TimeoutError as error:
        raise InvalidInput(
            _("the regular expression {pattern} could not be matched within {seconds:g} s").format(
                pattern=quote(pattern), seconds=MOST_SECONDS
            ),
            code="pattern-slow",
            details={"pattern": pattern, "characters": len(text)},
        ) from error


def _same(wanted: object, value: object) -> bool:
    """Equality of JSON, where true is not 1."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if isinstance(wanted, list) and isinstance(value, list):
        return len(wanted) == len(value) and all(_same(one, other) for one, other in zip(wanted, value, strict=True))
    if isinstance(wanted, dict) and isinstance(value, dict):
        return wanted.keys() == value.keys() and all(_same(wanted[key], value[key]) for key in wanted)
    return bool(wanted == value)


def _parsed(text: str) -> tuple[bool, object]:
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None


def _array(text: str | None) -> list[object] | None:
    found, value = _parsed(text or "")
    return value if found and isinstance(value, list) else None


def _got(what: str, matcher: Matcher, subject: Subject) -> str:
    if subject.content is None:
        return _absent(what)
    if isinstance(matcher, HasSha256 | SameAsFile):
        digest = sha256_of_bytes(subject.content)
        return _about(_("{what} has the SHA-256 {digest}"), what, digest=digest)
    if isinstance(matcher, Json):
        return _about(_("{what} is not JSON: {value}"), what, value=quote(subject.text or ""))
    if isinstance(matcher, Values) and subject.values is not None:
        values = ", ".join(quote(value) for value in subject.values)
        return _about(_("the values of {what}: {values}"), what, values=values)
    return _is(what, quote(subject.text or ""))


def _is(what: str, value: str) -> str:
    return _about(_("{what} is {value}"), what, value=value)


def _absent(what: str) -> str:
    return _about(_("{what} is absent"), what)


def _about(text: str, what: str, **values: object) -> str:
    """`text` with `what` and the values; Chinese has a space beside a word of another script only."""
    before, _place, after = text.partition("{what} ")
    if what and after and _is_wide(what[-1]) and _is_wide(after[0]):
        text = f"{before}{{what}}{after}"
    return text.format(what=what, **values)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


def _shown(value: object) -> str:
    return quote(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _difference(matcher: Matcher, text: str | None) -> str | None:
    """The complete difference, if a quotation of the value or of the expected text is cut."""
    wanted = matcher.text if isinstance(matcher, Equals) else None
    if text is None or not any(_is_cut(each) for each in (text, wanted or "")):
        return None
    if wanted is None:
        return text
    lines = difflib.unified_diff(
        wanted.splitlines(), text.splitlines(), fromfile=_("expected"), tofile=_("got"), lineterm=""
    )
    return "\n".join(lines)


def _in_one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _is_cut(text: str) -> bool:
    return len(_in_one_line(text)) > _LONGEST_QUOTE
