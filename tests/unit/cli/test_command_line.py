"""Hints that are the typed command with other words."""

import pytest

from higress_cli.cli.command_line import typed_again


@pytest.mark.parametrize(
    ("argv", "words", "line"),
    [
        ("run", "--port 10001", "hgw run --port 10001"),
        ("run --engine builtin my-plugin", "--port 10001", "hgw run --engine builtin my-plugin --port 10001"),
        ("run -p 10000 --config x.yaml", "--port 10001", "hgw run --config x.yaml --port 10001"),
        ("run -p10000", "--port 10001", "hgw run --port 10001"),
        ("run --port=10000 -v", "--port 10001", "hgw run -v --port 10001"),
        (
            "run --upstream-port 12346",
            "--port 10001 --upstream-port 12347",
            "hgw run --port 10001 --upstream-port 12347",
        ),
        ("-C plugin run", "--port 10001", "hgw -C plugin run --port 10001"),
        ("init --defaults", ".", "hgw init --defaults ."),
        ("init x --set a=b --name A", "--name a", "hgw init x --set a=b --name a"),
        ("build --abi 3 -- -x", "--abi 0.2.1", "hgw build --abi 0.2.1 -- -x"),
    ],
)
def test_what_was_typed_is_kept(argv, words, line):
    command = next(word for word in argv.split() if word in {"run", "init", "build"})
    assert typed_again(argv.split(), words.split(), command=command) == line


def test_words_with_spaces_are_quoted():
    assert typed_again(["run", "my plugin"], ["--port", "1"], command="run") == "hgw run 'my plugin' --port 1"


def test_a_command_without_the_option_has_no_such_hint():
    assert typed_again(["quickstart"], ["--port", "10001"], command="quickstart") is None
