"""Which sets are tried, in which order: a function of what is here and what is wanted."""

from pathlib import Path
from typing import Any

import pytest

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput, ToolError, UsageError
from higress_cli.system.host import Host
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.select import Candidate, best
from higress_cli.toolchain.solver import Need, plans, request_for
from higress_cli.toolchain.store import Entry, Receipt

LINUX = Host("linux", "amd64")
HERE = Path("/somewhere")
_FILE = Source(SourceKind.FILE, "/p/hgw.yaml")


def system(name: str, version: str) -> Candidate:
    return Candidate(
        tool=Tool(name=ToolName(name), version=version, source="system", path=HERE / name, origin=str(HERE / name))
    )


def stored(name: str, version: str, source: str = "archive", parts: dict[str, str] | None = None) -> Candidate:
    receipt = Receipt(name=name, version=version, source=source, origin="x", executable=name, parts=parts)
    entry = Entry(folder=HERE / name / f"{version}+{source}", receipt=receipt)
    return Candidate(tool=entry.tool(), entry=entry)


def solve(
    *here: Candidate, profile: str = "tinygo", tools: tuple[str, ...] = (), **wanted: str
) -> list[dict[str, str]]:
    """The plans as versions by tool; what is on the machine already is marked with its source."""

    def told(need: Need) -> str:
        return need.version if need.here is None else f"{need.version} {need.here.tool.source}"

    by_name: dict[str, tuple[Candidate, ...]] = {}
    for candidate in here:
        by_name[candidate.tool.name] = (*by_name.get(candidate.tool.name, ()), candidate)
    request = request_for(
        profile, tools=tools, wanted={name: Choice(version, _FILE) for name, version in wanted.items()}
    )
    return [{need.name: told(need) for need in plan} for plan in plans(request, by_name, LINUX)]


def test_with_nothing_here_the_preferred_sets_are_tried_in_their_order() -> None:
    found = solve()
    assert found[0] == {"tinygo": "0.29.0", "go": "1.20.14", "binaryen": "123"}
    assert found[1] == {"tinygo": "0.30.0", "go": "1.20.14", "binaryen": "123"}
    assert [plan["tinygo"] for plan in found] == ["0.29.0", "0.30.0", "0.31.2", "0.32.0", "0.34.0"]


def test_a_tool_made_of_several_packages_is_part_of_a_set() -> None:
    found = solve(stored("binaryen", "108", "package", parts={"binaryen.deb": "0" * 64}))
    assert {plan["binaryen"] for plan in found} == {"108 package"}


def test_a_go_of_the_system_is_used_where_it_fits() -> None:
    found = solve(system("go", "1.21.5"))
    assert [plan["go"] for plan in found[:3]] == ["1.21.5 system"] * 3


def test_a_go_of_the_system_that_is_too_new_is_left_alone() -> None:
    assert all("system" not in plan["go"] for plan in solve(system("go", "1.26.8")))


def test_a_tinygo_of_the_system_that_does_comes_first_with_a_go_that_fits_it() -> None:
    found = solve(system("tinygo", "0.34.0"), system("go", "1.19.8"))
    assert found[0]["tinygo"] == "0.34.0 system"
    assert found[0]["go"] == "1.23.12"


def test_a_tinygo_of_the_system_that_is_refused_is_left_alone() -> None:
    assert all("system" not in plan["tinygo"] for plan in solve(system("tinygo", "0.35.0")))


def test_a_wasm_opt_of_the_system_is_used_from_its_floor_on() -> None:
    assert solve(system("binaryen", "102"))[0]["binaryen"] == "102 system"
    assert solve(system("binaryen", "101"))[0]["binaryen"] == "123"


def test_what_the_store_has_is_not_fetched_again() -> None:
    assert solve(stored("go", "1.20.14"))[0]["go"] == "1.20.14 archive"


def test_the_go_profile_needs_go_alone() -> None:
    assert solve(profile="go") == [{"go": "1.24.4"}]
    assert solve(system("go", "1.26.8"), profile="go") == [{"go": "1.26.8 system"}]
    assert solve(system("go", "1.23.9"), profile="go") == [{"go": "1.24.4"}]


def test_versions_that_were_asked_for_are_the_only_ones() -> None:
    assert solve(go="1.21.13", tinygo="0.29") == [{"tinygo": "0.29.0", "go": "1.21.13", "binaryen": "123"}]
    assert {plan["tinygo"] for plan in solve(go="1.22.12")} == {"0.31.2", "0.32.0", "0.34.0"}


def test_a_version_of_the_system_that_was_asked_for_need_not_be_pinned() -> None:
    assert solve(system("go", "1.21.5"), go="1.21.5")[0]["go"] == "1.21.5 system"


def test_only_the_named_tools_are_planned() -> None:
    assert solve(tools=("binaryen",)) == [{"binaryen": "123"}]
    assert solve(tools=("go",), go="1.26.7") == [{"go": "1.26.7"}]
    assert solve(system("go", "1.26.8"), tools=("go",))[0] == {"go": "1.20.14"}
    assert solve(tools=("tinygo",), profile="go")[0] == {"tinygo": "0.29.0"}


@pytest.mark.parametrize(
    ("wanted", "code", "reason"),
    [
        ({"go": "1.26.7", "tinygo": "0.29.0"}, "go-too-new", "1.18 - 1.21"),
        ({"go": "1.19.13", "tinygo": "0.31.2"}, "go-too-old", "net"),
        ({"tinygo": "0.35.0"}, "tinygo-refused", "start function"),
        ({"tinygo": "0.40.1"}, "tinygo-refused", "never been shown"),
        ({"tinygo": "0.27.0"}, "tinygo-too-old", "0.28.1"),
        ({"go": "1.26.7"}, "no-set", "1.26.7"),
    ],
)
def test_what_cannot_work_together_is_refused_with_the_reason(wanted: dict[str, Any], code: str, reason: str) -> None:
    with pytest.raises(ToolError) as caught:
        solve(**wanted)
    assert caught.value.code == code
    assert reason in caught.value.message
    assert caught.value.hint


def test_a_version_that_nobody_has_is_the_fault_of_who_asked() -> None:
    with pytest.raises(InvalidInput) as in_file:
        solve(go="1.20.13")
    assert in_file.value.code == "version-unknown"
    assert "/p/hgw.yaml" in in_file.value.message
    assert "1.19.13, 1.20.14" in str(in_file.value.hint)
    with pytest.raises(UsageError) as typed:
        plans(
            request_for("tinygo", wanted={"go": Choice("newest", Source(SourceKind.FLAG, "the command line"))}),
            {},
            LINUX,
        )
    assert typed.value.code == "version-unknown"


def test_of_what_is_here_the_system_comes_before_the_store_and_the_preferred_before_the_rest() -> None:
    here = {
        "go": (system("go", "1.26.8"), stored("go", "1.21.13"), stored("go", "1.20.14")),
        "tinygo": (stored("tinygo", "0.34.0"), stored("tinygo", "0.30.0")),
        "binaryen": (stored("binaryen", "108"), stored("binaryen", "123")),
    }
    chosen = best(here, profile="tinygo")
    assert chosen is not None
    assert [item.version for item in chosen] == ["1.20.14", "0.30.0", "123"]
    with_system = best({**here, "tinygo": (system("tinygo", "0.31.2"), *here["tinygo"])}, profile="tinygo")
    assert with_system is not None
    assert [item.version for item in with_system] == ["1.20.14", "0.31.2", "123"]


def test_nothing_is_chosen_where_nothing_fits_together() -> None:
    here = {
        "go": (system("go", "1.26.8"),),
        "tinygo": (system("tinygo", "0.29.0"),),
        "binaryen": (stored("binaryen", "123"),),
    }
    assert best(here, profile="tinygo") is None
    assert best(here, profile="go") is not None
    assert best(here, profile="tinygo", names=("go",)) is None
    assert best(here, profile="tinygo", names=("go",), wanted={"go": "1.26"}) is not None
