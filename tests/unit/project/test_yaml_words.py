"""PyYAML's sentences, in the language of the user."""

import pytest
import yaml

from higress_cli.i18n import activate
from higress_cli.project.yaml_words import in_words


@pytest.fixture
def chinese():
    activate("zh")
    yield
    activate("en")


BROKEN = [
    "a: b: c",
    "a: [1, 2",
    "a:\n\tb: 1",
    "a: 'x",
    "- a\nb: 1",
    "a: *x",
    "a: @x",
    'a: "\\q"',
    "a\nb: 1\nc",
    "--- a\n--- b",
    "{a: 1, [b]: 2}: {c: 1}",
]


def problem_of(text: str) -> str:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.safe_load(text)
    return str(caught.value.problem)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_wrong_with_yaml_is_said_in_chinese(text, chinese):
    words = in_words(problem_of(text))

    assert any("\u4e00" <= character <= "\u9fff" for character in words), words


@pytest.mark.parametrize("text", BROKEN)
def test_in_english_it_is_said_as_pyyaml_does(text):
    assert in_words(problem_of(text)) == problem_of(text)


def test_a_sentence_that_is_not_known_stays_as_it_is(chinese):
    assert in_words("something new") == "something new"
