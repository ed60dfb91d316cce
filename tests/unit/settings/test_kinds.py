"""How the values of a setting are written."""

import contextlib
import re

import pytest

from higress_cli.settings.kinds import (
    Address,
    GatewayVersion,
    Kind,
    Mirror,
    Pairs,
    Scenarios,
    Secret,
    Several,
    Size,
    Switch,
    Text,
    ToolVersion,
    Unfit,
    Whole,
    Word,
    as_a_shell_does,
    by_commas_or_spaces,
    is_tool_version,
    version_problem,
)

PAIRS = Pairs("NAME=VALUE", code="pair-invalid", example="a=1")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Text("X"), "any text", "any text"),
        (Word(("a", "b")), "b", "b"),
        (Switch(), "Yes", True),
        (Switch(), "0", False),
        (Whole("N", least=0, most=10), "10", 10),
        (Size(), "3MB", 3_000_000),
        (Size(), "1.5 MiB", 1_572_864),
        (Size(), "512K", 512_000),
        (Size(), "4096", 4096),
        (Address(), "localhost", "127.0.0.1"),
        (Address(), "::1", "::1"),
        (GatewayVersion(), "v2.0.7", "v2.0.7"),
        (GatewayVersion(), "2.1.0-rc.1", "v2.1.0-rc.1"),
        (Several("T", split=by_commas_or_spaces), "a,b c", ("a", "b", "c")),
        (Several("F", split=as_a_shell_does), "-a '-b c'", ("-a", "-b c")),
        (PAIRS, "a=1, b=x=y", {"a": "1", "b": "x=y"}),
        (Mirror(("china",)), "china", ("china",)),
        (Mirror(("china",)), "https://a/, file:///b", ("https://a", "file:///b")),
        (Mirror(("china",), words=("direct",)), "https://a,direct", ("https://a", "direct")),
    ],
)
def test_a_text_becomes_a_value(kind: Kind, text: str, value: object):
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (Text("X", pattern="[a-z]+", problem=lambda: "is odd"), "9", "is odd"),
        (Word(("a", "b")), "c", "is none of: a, b"),
        (Switch(), "maybe", "is none of: 1, true, yes, on, 0, false, no, off"),
        (Whole("N", least=0, most=10), "11", "is not a whole number from 0 to 10"),
        (Whole("N", least=0, most=10), "-1", "is not a whole number from 0 to 10"),
        (Size(), "3XB", "is not a size"),
        (Size(), "big", "is not a size"),
        (Address(), "here", "is not an IP address"),
        (GatewayVersion(), "nonsense", "is not a gateway version; one looks like v2.0.7"),
        (GatewayVersion(), "v2", "is not a gateway version"),
        (Several("F", split=as_a_shell_does), "'-a", "No closing quotation"),
        (PAIRS, "a=1,b", "is not NAME=VALUE"),
        (Mirror(("china",)), "ftp://a", "is neither a URL nor one of: china"),
        (Mirror(("china",)), "direct", "is neither a URL nor one of: china"),
    ],
)
def test_a_text_that_is_not_a_value_is_refused_with_the_reason(kind: Kind, text: str, problem: str):
    with pytest.raises(Unfit) as caught:
        kind.parse(text)
    assert problem in caught.value.problem


def test_a_repeated_option_gives_parts_of_one_value():
    assert Several("T", split=by_commas_or_spaces).gather(["a,b", "c"]) == ("a", "b", "c")
    assert PAIRS.gather(["a=1,2", "b=3"]) == {"a": "1,2", "b": "3"}
    with pytest.raises(Unfit) as caught:
        PAIRS.gather(["a=1", "b"])
    assert (caught.value.text, caught.value.code) == ("b", "pair-invalid")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Whole("N", least=0, most=10), 3, "3"),
        (Switch(), True, "true"),
        (Several("T", split=by_commas_or_spaces), ("a", "b"), "a b"),
        (PAIRS, {"a": "1", "b": "2"}, "a=1,b=2"),
        (Mirror(("china",)), ("https://a", "https://b"), "https://a,https://b"),
    ],
)
def test_a_value_is_shown_as_it_would_be_written(kind: Kind, value: object, text: str):
    assert kind.show(value) == text
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        pytest.param(Text("X"), "a", "a", id="text"),
        pytest.param(Secret("X"), "a", "***", id="secret"),
        pytest.param(Secret("X"), "", "", id="no secret"),
        pytest.param(Size(), 512, "512 B", id="size"),
        pytest.param(Scenarios(), (1, 2), "2 scenarios", id="scenarios"),
    ],
)
def test_a_value_that_no_text_gives_back_is_shown_as_well(kind: Kind, value: object, shown: str):
    assert kind.show(value) == shown


def test_an_option_that_is_not_a_list_takes_the_last_of_several():
    assert Text("X").gather(["a", "b"]) == "b"


def test_scenarios_stand_in_a_file_alone():
    with pytest.raises(Unfit, match=re.escape("can only be set in hgw.yaml")):
        Scenarios().parse("a")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param("1.20.14", True, id="number"),
        pytest.param("go1.20.14", True, id="as Go says it"),
        pytest.param("newest", False, id="word"),
    ],
)
def test_a_version_of_a_tool_is_known_as_such(text: str, *, is_one: bool):
    assert is_tool_version(text) is is_one
    with pytest.raises(Unfit, match=re.escape(version_problem())) if not is_one else contextlib.nullcontext():
        assert ToolVersion().parse(text) == text
