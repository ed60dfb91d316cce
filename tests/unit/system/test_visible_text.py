"""What acts on a terminal is shown, and nothing else is touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.system.visible_text import visible, visible_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("100%\r  0%", "100%\\r  0%"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("\u2066left\u2069\u200f", "\\u2066left\\u2069\\u200f"),
        ("\U000e0041", "\\U000e0041"),
        ("\x00\x08\x7f", "\\x00\\x08\\x7f"),
        ("name\udcff", "name\\udcff"),
    ],
)
def test_what_would_act_on_a_terminal_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["", "a\tb\n", "中文，全角：😀 é", "👩\u200d💻", "C:\\path\\x1b", "a\u00a0b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_a_json_document_means_the_same(text: str) -> None:
    document = json.dumps({text: [text]}, ensure_ascii=False)
    cleaned = visible_json(document)
    assert json.loads(cleaned) == {text: [text]}
    assert visible(cleaned) == cleaned
