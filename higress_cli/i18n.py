"""Texts in the user's language, through gettext.

The English text in the code is the message id; `locale/LANGUAGE/LC_MESSAGES/hgw.po` has the translations.
Call `activate` once, at the top, before anything is printed.

The active language is the one thing that hgw keeps for a whole process (tests/unit/test_module_state.py), as gettext
itself does: `_()` is called in every layer, by the threads of gateways too, and a parameter for it would be everywhere.
"""

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, Self

LANGUAGES: Final = ("en", "zh")
_WRITTEN_IN: Final = "en"
_LOCALE_DIR: Final = Path(__file__).parent / "locale"


class _Speech(NamedTuple):
    language: str
    texts: gettext.NullTranslations


_speech = _Speech(_WRITTEN_IN, gettext.NullTranslations())


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A text with its translation, as in data files; `str()` gives the one in the active language."""

    en: str
    zh: str

    @classmethod
    def from_text(cls, text: str) -> Self:
        """A text that is the same in every language."""
        return cls(en=text, zh=text)

    def in_(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return self.in_(_speech.language)


def activate(language: str) -> Path | None:
    """Use `language`, one of `LANGUAGES`, from now on.

    Return the path of the compiled catalogue if this installation lacks it (texts are then English), else None.
    """
    global _speech  # noqa: PLW0603 -- see the top of this module
    _speech = _Speech(_WRITTEN_IN, gettext.NullTranslations())
    if language == _WRITTEN_IN:
        return None
    compiled = _LOCALE_DIR / language / "LC_MESSAGES" / "hgw.mo"
    try:
        _speech = _Speech(language, _catalogue(compiled))
    except OSError:
        return compiled
    return None


def language() -> str:
    """The active language, one of `LANGUAGES`."""
    return _speech.language


def N_(message: str) -> str:  # noqa: N802 -- gettext's own name for "extract now, translate later"
    """Mark a text for extraction; it is translated later."""
    return message


def listed(items: Iterable[object]) -> str:
    """The items of a list in a sentence: `a, b, c`."""
    separator = _("{first}, {second}").format(first="", second="")
    return separator.join(str(item) for item in items)


def chained(items: Iterable[object]) -> str:
    """Several things that are said of one: `a; b; c`."""
    separator = _("{first}; {second}").format(first="", second="")
    return separator.join(str(item) for item in items)


def joined(parts: Iterable[object]) -> str:
    """A place and what is said about it: `a: b: c`."""
    separator = _("{place}: {message}").format(place="", message="")
    return separator.join(str(part) for part in parts)


def noted(text: object, note: object) -> str:
    """A text and a note on it: `text (note)`."""
    return _("{text} ({note})").format(text=text, note=note)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form of the message that fits `count`."""
    return _speech.texts.ngettext(singular, plural, count)


def language_of_locale(variables: dict[str, str]) -> str:
    """The language that the POSIX locale variables ask for; `en` if it is not one of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := variables.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def _catalogue(compiled: Path) -> gettext.GNUTranslations:
    with compiled.open("rb") as source:
        return gettext.GNUTranslations(source)


def _(message: str) -> str:
    """The message in the active language."""
    return _speech.texts.gettext(message) if message else message
