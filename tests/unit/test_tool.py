"""The tools and profiles by their names."""

import pytest

from higress_cli.choice import Source, SourceKind
from higress_cli.cluster import cluster_of
from higress_cli.errors import UsageError
from higress_cli.phases import action_name
from higress_cli.profile import Profile
from higress_cli.tool import ToolName, tool_named


def test_a_tool_has_a_label_and_a_program() -> None:
    assert [(name.label, name.program) for name in ToolName] == [
        ("Go", "go"), ("TinyGo", "tinygo"), ("wasm-opt", "wasm-opt"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "name"),
    [
        pytest.param("tinygo", ToolName.TINYGO, id="its name"),
        pytest.param("wasm-opt", ToolName.BINARYEN, id="its program's name"),
    ],
)
def test_a_tool_is_known_by_both_names(word: str, name: ToolName) -> None:
    assert tool_named(word, command="hgw install") is name


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        pytest.param("tingo", "did you mean `hgw install tinygo`?", id="mistyped"),
        pytest.param("rust", "hgw install --help", id="another"),
    ],
)
def test_what_is_no_tool_is_refused_with_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        tool_named(word, command="hgw install")

    assert (caught.value.code, caught.value.hint) == ("tool-unknown", hint)


def test_a_profile_says_what_a_build_needs() -> None:
    assert [(profile.compiler, profile.tools) for profile in Profile] == [
        ("TinyGo", tuple(ToolName)), ("Go", (ToolName.GO,)),
    ]  # fmt: skip
    assert [profile.entries for profile in Profile] == [("_start", "_initialize"), ("_initialize",)]


def test_what_a_callback_returns_has_the_sdks_name_or_its_number() -> None:
    assert action_name("request_headers", 1) == "HeaderStopIteration"
    assert action_name("request_headers", 99) == "99"


def test_a_service_has_a_cluster() -> None:
    assert cluster_of("my-svc.dns", 80) == "outbound|80||my-svc.dns"


def test_a_place_in_a_file_has_its_line() -> None:
    assert Source(SourceKind.FILE, "/p/hgw.yaml", line=3).place == "/p/hgw.yaml:3"
    assert Source(SourceKind.FILE, "/p/hgw.yaml").place == "/p/hgw.yaml"
