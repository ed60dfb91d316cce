"""The word that was probably meant."""

import pytest

from higress_cli.spelling import did_you_mean, nearest


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("--abl", ["--all", "--abi", "--tags"], ["--abi"]),
        ("--al", ["--abi", "--all"], ["--all"]),
        ("--ouput", ["--output", "--out-file"], ["--output"]),
        ("out-file", ["out_file", "tags"], ["out_file"]),
        ("RUN", ["run", "build"], ["run"]),
        ("biuld", ["build", "run"], ["build"]),
        ("servces", ["services", "env"], ["services"]),
        ("xyz", ["services", "env"], []),
        ("", ["services"], []),
        ("services", [], []),
    ],
)
def test_the_nearest_word(word, known, near):
    assert nearest(word, known) == near


def test_several_near_words_come_with_the_most_similar_first():
    assert nearest("config-file", ["config", "config-fil", "go"], most=3) == ["config-fil", "config"]
    assert nearest("config-file", ["config", "config-fil", "go"], most=3, likeness=0.9) == ["config-fil"]


def test_a_hint_only_where_something_resembles_the_word():
    assert did_you_mean("prot", ["port", "bind"]) == "did you mean `port`?"
    assert did_you_mean("qqq", ["port", "bind"]) is None
