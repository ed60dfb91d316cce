"""The Chinese catalogue has all that the code says, with the same values, commands and options in it."""

import ast
import re
from functools import cache
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from tests.support.source import PACKAGE, syntax_trees

CATALOGUE = PACKAGE / "locale" / "zh" / "LC_MESSAGES" / "hgw.po"
# What has to be typed or recognised as it stands: `code`, options, hgw's variables.
VERBATIM = re.compile(r"`(?! )[^`]+(?<! )`|(?<![\w-])--?[a-z][\w-]*|HGW_\w+")


@cache
def texts_in_code() -> dict[str, str]:
    """Every text for people and where it is: those that Babel finds, and those that it does not see in f-strings."""
    found: dict[str, str] = {}
    for file, line, message, *_rest in extract_from_dir(
        PACKAGE, [("**.py", "python")], keywords={**DEFAULT_KEYWORDS, "N_": None}
    ):
        for text in [message] if isinstance(message, str) else message:
            found.setdefault(text, f"{file}:{line}")
    for path, tree in syntax_trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.setdefault(str(first.value), f"{path}:{first.lineno}")
    return found


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as source:
        return read_po(source)


@pytest.fixture(scope="module")
def pairs(catalogue: Catalog) -> list[tuple[str, str]]:
    """What is translated: English and Chinese; both forms of a plural have the same Chinese."""
    return [
        (english, chinese)
        for message in catalogue
        for english in ([message.id] if isinstance(message.id, str) else message.id)
        for chinese in ([message.string] if isinstance(message.string, str) else message.string or ())
        if english and chinese
    ]


def values(text: str) -> list[tuple[str, str | None, str | None]]:
    """The replacement fields of a format string, in alphabetical order."""
    return sorted((name, form, conversion) for _text, name, form, conversion in Formatter().parse(text) if name)


def test_the_header_is_that_of_a_chinese_catalogue(catalogue):
    assert str(catalogue.locale) == "zh"
    assert catalogue.num_plurals == 1
    assert catalogue.charset == "utf-8"
    assert not catalogue.fuzzy


def test_every_text_is_translated(pairs):
    chinese = dict(pairs)

    assert {text: place for text, place in texts_in_code().items() if not chinese.get(text)} == {}


def test_nothing_is_kept_that_the_code_no_longer_says(catalogue):
    kept = {text for message in catalogue for text in ([message.id] if isinstance(message.id, str) else message.id)}

    assert kept - texts_in_code().keys() == {""}
    assert list(catalogue.obsolete) == []
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_a_translation_has_the_values_of_its_text(pairs):
    assert [pair for pair in pairs if values(pair[0]) != values(pair[1])] == []


def test_what_is_typed_stays_as_it_is(pairs):
    assert [pair for pair in pairs if sorted(VERBATIM.findall(pair[0])) != sorted(VERBATIM.findall(pair[1]))] == []


def test_a_translation_starts_and_ends_as_its_text_does(pairs):
    def frame(text: str) -> tuple[str, str, bool]:
        bare = text.strip()
        end = bare.removesuffix("...")[-1:]
        return text[: text.index(bare)], text[text.index(bare) + len(bare) :], end in (".", "。")

    assert [pair for pair in pairs if frame(pair[0]) != frame(pair[1])] == []


def test_punctuation_between_chinese_characters_is_full_width(pairs):
    """What is typed or quoted, between backticks, has its own."""
    half = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;!?()][\u4e00-\u9fff]|[\u4e00-\u9fff`\w] （|） [\u4e00-\u9fff]")

    assert [text for _, text in pairs if half.search(re.sub(r"`[^`]*`", "``", text))] == []
