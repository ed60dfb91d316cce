"""PyYAML's sentences, in the language of the user."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from higress_cli.errors import InvalidInput
from higress_cli.i18n import activate
from higress_cli.project.parser_words import in_words
from higress_cli.project.yaml_node import compose


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: {b: 1,\n  c: 2\nd: 3\n", "3:2: expected a comma or '}', but got ':'; is the `{` of line 1 closed?"),
        (
            "services: {a: 1:2:3\n# x\nverify:\n  - name: x\n",
            "3:1: expected a comma or '}', but got a new key; is the `{` of line 1 closed?",
        ),
        ("a: [1, 2\nb: 1\n", "2:2: expected a comma or ']', but got ':'; is the `[` of line 1 closed?"),
        ("a:\n\tb: 1\n", "2:1: a tab stands where YAML wants spaces"),
        ("a: 1\nb: 'x\n", "2:4: the quote that line 2 opens is not closed"),
        (
            "- a\nb: 1\n",
            "2:1: expected the end of the block, but found a new key; look at the indentation and the colons",
        ),
        ("a: b: c\n", "1:5: mapping values are not allowed here; quote a text that has `: ` in it"),
        ("a: @x\n", "1:4: found character '@' that cannot start any token"),
        ("a: *x\n", "1:4: found undefined alias 'x'"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(text, words):
    with pytest.raises(InvalidInput) as caught:
        compose(Path("hgw.yaml"), text)

    place, _space, problem = words.partition(" ")
    assert caught.value.message == f"hgw.yaml:{place} not valid YAML: {problem}"


def test_a_sentence_that_is_not_known_stays_as_it_is(chinese):
    assert in_words("something new") == "something new"


def sentences_of_pyyaml() -> list[str]:
    """Every problem that PyYAML's scanner, parser and composer can name, with `@` for what they found."""
    found = set()
    for name in ("scanner", "parser", "composer"):
        tree = ast.parse((Path(yaml.__file__).parent / f"{name}.py").read_text("utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "").endswith("Error") and len(call.args) == 4:
                text = ast.unparse(call.args[2])
                problem = next((node.value for node in ast.walk(call.args[2]) if isinstance(node, ast.Constant)), None)
                if isinstance(problem, str):
                    found.add(problem.replace("%d", "4").replace("%r", "'@'"))
                else:
                    assert text == "str(exc)"
    return sorted(found)


def test_no_sentence_of_pyyaml_is_left_in_english(chinese):
    problems = sentences_of_pyyaml()

    assert len(problems) > 30
    for problem in problems:
        words = re.sub(r"`[^`]*`|'[^']*'|YAML|URI", "", in_words(problem))
        assert not re.search(r"[A-Za-z]{2}", words), (problem, words)
