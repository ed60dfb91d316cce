"""The order in which values win. The setting is a toy: what holds for it holds for each row of the table."""

import dataclasses
from collections.abc import Mapping

import pytest

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import UsageError
from higress_cli.settings.kinds import Pairs, Several, Size, Switch, Word, by_commas_or_spaces
from higress_cli.settings.resolver import (
    Answer,
    CommandLine,
    Fixed,
    Inferred,
    Resolver,
    Rung,
    SettingValues,
    Values,
    Variables,
    machine_resolver,
)
from higress_cli.settings.setting import EVERY_COMMAND, Implication, Setting

COLOUR = Setting[str](
    key="toy.colour",
    kind=Word(("red", "green", "blue")),
    help="the colour",
    default="red",
    flag="--toy-colour",
    variable="HGW_TOY_COLOUR",
)
LABELS = Setting[Mapping[str, str]](
    key="toy.labels",
    kind=Pairs("NAME=VALUE", code="choice-invalid", example="a=1"),
    help="labels",
    default={},
    flag="--label",
)


def at(kind: SourceKind, values: SettingValues) -> Values:
    return Values(Source(kind, kind.value), values)


def test_the_strongest_place_that_says_something_wins():
    rungs: list[Rung] = [
        CommandLine({COLOUR: "green"}),
        Variables({"HGW_TOY_COLOUR": "blue"}),
        at(SourceKind.FILE, {COLOUR: "from file"}),
        at(SourceKind.BUILDRC, {COLOUR: "from buildrc"}),
        at(SourceKind.PARENT, {COLOUR: "from parent"}),
        at(SourceKind.LOCK, {COLOUR: "from lock"}),
        Inferred({COLOUR: lambda _resolver: Choice("inferred", Source(SourceKind.INFERRED, "inferred"))}),
        at(SourceKind.USER, {COLOUR: "from user"}),
    ]
    found = []
    while rungs:
        chosen = Resolver(rungs=tuple(rungs)).choose(COLOUR)
        found.append((chosen.value, str(chosen.source), chosen.source.kind))
        del rungs[0]
    last = Resolver(rungs=()).choose(COLOUR)

    assert found == [
        ("green", "--toy-colour", SourceKind.FLAG),
        ("blue", "HGW_TOY_COLOUR", SourceKind.VARIABLE),
        ("from file", "file", SourceKind.FILE),
        ("from buildrc", "buildrc", SourceKind.BUILDRC),
        ("from parent", "parent", SourceKind.PARENT),
        ("from lock", "lock", SourceKind.LOCK),
        ("inferred", "inferred", SourceKind.INFERRED),
        ("from user", "user", SourceKind.USER),
    ]
    assert [kind for *_rest, kind in found] == list(SourceKind)[:-1]
    assert (last.value, str(last.source), last.source.kind) == ("red", "default", SourceKind.DEFAULT)


@pytest.mark.parametrize(
    ("given", "variables", "source"),
    [({COLOUR: "pink"}, {}, "--toy-colour"), ({}, {"HGW_TOY_COLOUR": "pink"}, "HGW_TOY_COLOUR")],
)
def test_a_value_that_was_typed_is_checked_and_its_source_named(given, variables, source):
    with pytest.raises(UsageError) as caught:
        machine_resolver(variables, given=given).choose(COLOUR)
    assert caught.value.message == f"`pink` (from {source}) is none of: red, green, blue"
    assert caught.value.details == {"value": "pink", "source": source, "choices": ["red", "green", "blue"]}


def test_what_is_empty_says_nothing():
    switch = Setting[bool](key="toy.on", kind=Switch(), help="", default=False, flag="--on", variable="HGW_ON")
    resolver = machine_resolver({"HGW_TOY_COLOUR": " ", "HGW_ON": ""}, given={COLOUR: None, LABELS: [], switch: False})
    assert resolver.choose(COLOUR) == Choice("red")
    assert resolver.choose(LABELS) == Choice({})
    assert resolver.choose(switch) == Choice(False)
    assert machine_resolver({"HGW_ON": "yes"}).choose(switch).value is True
    assert machine_resolver({"HGW_ON": "no"}, given={switch: True}).choose(switch).value is True


def test_a_file_that_does_not_fit_is_passed_over_and_what_was_typed_is_not():
    file, parent = at(SourceKind.FILE, {COLOUR: "green"}), at(SourceKind.PARENT, {COLOUR: "blue"})
    not_green = "green".__ne__
    assert Resolver(rungs=(file, parent)).choose(COLOUR, fits=not_green).value == "blue"
    assert Resolver(rungs=(file,)).choose(COLOUR, fits=not_green, default=Choice("pink")) == Choice("pink")
    assert Resolver(rungs=(CommandLine({COLOUR: "green"}), parent)).choose(COLOUR, fits=not_green).value == "green"


def test_pairs_of_the_command_line_are_laid_over_those_below():
    rungs = (CommandLine({LABELS: ["b=2"]}), at(SourceKind.FILE, {LABELS: {"a": "1", "b": "1"}}))
    chosen = Resolver(rungs=rungs).choose(LABELS)
    assert (chosen.value, str(chosen.source)) == ({"a": "1", "b": "2"}, "--label")


def test_a_setting_of_one_plugin_is_not_inherited():
    own = Setting[str](key="toy.own", kind=COLOUR.kind, help="", default="red", inherited=False)
    values: SettingValues = {own: "green", COLOUR: "green"}
    parent = Resolver(rungs=(at(SourceKind.PARENT, values),))
    assert (parent.choose(own).value, parent.choose(COLOUR).value) == ("red", "green")
    assert Resolver(rungs=(at(SourceKind.FILE, values),)).choose(own).value == "green"


def test_on_each_level_a_value_may_follow_from_another_setting():
    words = Setting[tuple[str, ...]](
        key="toy.words", kind=Several("W", split=by_commas_or_spaces), help="", default=(), flag="--words"
    )
    implied: dict[Setting[object], Implication[str]] = {
        COLOUR: Implication(setting=words, of=lambda value: "blue" if "sky" in value else None)
    }

    def choose(*rungs):
        chosen = Resolver(rungs=rungs, implications=implied).choose(COLOUR)
        return chosen.value, str(chosen.source)

    below = at(SourceKind.FILE, {COLOUR: "green"})
    assert choose(CommandLine({words: ["sky"]}), below) == ("blue", "--words")
    assert choose(CommandLine({words: ["sky"], COLOUR: "red"}), below) == ("red", "--toy-colour")
    assert choose(CommandLine({words: ["sea"]}), below) == ("green", "file")


def test_a_choice_that_was_made_stays_with_its_source():
    made = Choice("blue", Source(SourceKind.FLAG, "your answer"))
    assert machine_resolver({}, given={COLOUR: "green"}).fixed({COLOUR: made}).choose(COLOUR) == made


def test_a_setting_without_an_option_is_named_by_an_argument():
    argument = Setting[str](key="toy.argument", kind=COLOUR.kind, help="", default="red")
    assert str(Resolver(rungs=(CommandLine({argument: "blue"}),)).choose(argument).source) == "the command line"
    assert Fixed({}).find(argument, Resolver(rungs=())) is None


def test_an_answer_to_a_question_of_this_run_is_told_as_that():
    chosen = machine_resolver({}, given={COLOUR: Answer("green")}).choose(COLOUR)
    assert (chosen.value, str(chosen.source), str(Answer("green"))) == ("green", "your answer", "green")


def test_what_is_no_word_is_refused_without_a_list_of_words():
    size = Setting[int](key="toy.size", kind=Size(), help="a size", default=1, flag="--size")
    with pytest.raises(UsageError) as caught:
        machine_resolver({}, given={size: "big"}).choose(size)
    assert caught.value.details == {"value": "big", "source": "--size"}


def test_a_setting_counts_in_the_commands_that_use_it():
    of_run = dataclasses.replace(COLOUR, commands=("run",))
    assert [of_run.counts_in(command) for command in ("run", "build")] == [True, False]
    assert dataclasses.replace(COLOUR, commands=EVERY_COMMAND).counts_in("build")
