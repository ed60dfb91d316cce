"""Which sets are used or tried, in which order: a function of what is here and what is wanted."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput, ToolError, UsageError
from higress_cli.knowledge import compatibility
from higress_cli.profile import Profile
from higress_cli.system.host import Host
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.sets import Need, SetPlan, misfits, plans, request_for, usable

LINUX = Host("linux", "amd64")
HERE = Path("/somewhere")


def system(name: str, version: str) -> Tool:
    return Tool(name=ToolName(name), version=version, source=SYSTEM, path=HERE / name, origin=str(HERE / name))


def stored(name: str, version: str, source: str = "archive", built_with: str | None = None) -> Tool:
    folder = HERE / name / f"{version}+{source}"
    return Tool(name=ToolName(name), version=version, source=source, path=folder / name, built_with=built_with)


def by_name(tools: tuple[Tool, ...]) -> dict[ToolName, tuple[Tool, ...]]:
    return {name: tuple(tool for tool in tools if tool.name is name) for name in ToolName}


def told(plan: SetPlan) -> dict[str, str]:
    """A plan as versions by tool; what is on the machine already is marked with its source."""

    def one(need: Need) -> str:
        return need.version if need.here is None else f"{need.version} {need.here.source}"

    return {need.name.value: one(need) for need in plan.needs}


def request(profile: str = "tinygo", tools: tuple[str, ...] = (), **wanted: Any):
    source = Source(SourceKind.FILE, "/p/hgw.yaml")
    return request_for(
        Profile(profile),
        tools=[ToolName(name) for name in tools],
        wanted={ToolName(name): Choice(version, source) for name, version in wanted.items()},
    )


def solve(*here: Tool, profile: str = "tinygo", tools: tuple[str, ...] = (), **wanted: Any) -> list[dict[str, str]]:
    return [told(plan) for plan in plans(request(profile, tools, **wanted), by_name(here), LINUX)]


def best(*here: Tool, profile: str = "tinygo", tools: tuple[str, ...] = (), **wanted: Any) -> dict[str, str] | None:
    found = usable(request(profile, tools, **wanted), by_name(here))
    return told(found[0]) if found else None


def test_with_nothing_here_the_preferred_sets_are_tried_in_their_order() -> None:
    found = solve()
    assert found[0] == {"tinygo": "0.29.0", "go": "1.20.14", "binaryen": "123"}
    assert found[1] == {"tinygo": "0.30.0", "go": "1.20.14", "binaryen": "123"}
    assert [plan["tinygo"] for plan in found] == ["0.29.0", "0.30.0", "0.31.2", "0.32.0", "0.34.0"]


def test_a_wasm_opt_in_the_store_is_used_whatever_its_version() -> None:
    found = solve(stored("binaryen", "108", "package"), stored("binaryen", "116"))
    assert {plan["binaryen"] for plan in found} == {"116 archive"}


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


def test_a_version_that_no_source_has_is_the_fault_of_who_asked() -> None:
    with pytest.raises(InvalidInput) as in_file:
        solve(go="1.20.13")
    assert in_file.value.code == "settings-invalid"
    assert "/p/hgw.yaml" in in_file.value.message
    assert "1.19.13, 1.20.14" in str(in_file.value.hint)
    typed = {ToolName.GO: Choice("newest", Source(SourceKind.FLAG, "the command line"))}
    with pytest.raises(UsageError) as on_the_command_line:
        plans(request_for(Profile.TINYGO, wanted=typed), {}, LINUX)
    assert on_the_command_line.value.code == "version-unknown"


def test_of_what_is_here_the_system_comes_before_the_store_and_the_preferred_before_the_rest() -> None:
    here = (
        *(system("go", "1.26.8"), stored("go", "1.21.13"), stored("go", "1.20.14")),
        *(stored("tinygo", "0.34.0"), stored("tinygo", "0.30.0")),
        *(stored("binaryen", "108"), stored("binaryen", "123")),
    )
    assert best(*here) == {"tinygo": "0.30.0 archive", "go": "1.20.14 archive", "binaryen": "123 archive"}
    with_system = best(system("tinygo", "0.31.2"), *here)
    assert with_system == {"tinygo": "0.31.2 system", "go": "1.21.13 archive", "binaryen": "123 archive"}


def test_nothing_is_usable_where_nothing_fits_together() -> None:
    here = (system("go", "1.26.8"), system("tinygo", "0.29.0"), stored("binaryen", "123"))
    assert best(*here) is None
    assert best(*here, profile="go") == {"go": "1.26.8 system"}
    assert best(*here, tools=("go",)) is None
    assert best(*here, tools=("go",), go="1.26") == {"go": "1.26.8 system"}


def test_a_whole_set_on_the_machine_is_the_only_plan_whatever_hgw_would_prefer() -> None:
    here = (stored("go", "1.22.5"), stored("tinygo", "0.33.0"), stored("binaryen", "108"))
    assert solve(*here) == [{"tinygo": "0.33.0 archive", "go": "1.22.5 archive", "binaryen": "108 archive"}]


def test_a_tinygo_is_not_paired_with_a_newer_go_than_the_one_that_compiled_it() -> None:
    compiled = stored("tinygo", "0.30.0", "module", built_with="1.20.14")
    here = (compiled, stored("go", "1.21.13"), stored("binaryen", "123"))
    assert best(*here) is None
    assert best(*here, system("go", "1.19.13")) == {
        "tinygo": "0.30.0 module",
        "go": "1.19.13 system",
        "binaryen": "123 archive",
    }
    (misfit,) = misfits(here, profile=Profile.TINYGO)
    assert (misfit.code, misfit.found, misfit.expected) == ("go-too-new", "1.21.13", "1.18 - 1.20")
    assert "1.20.14" in misfit.reason


def test_a_tinygo_is_compiled_anew_where_the_wanted_go_is_newer_than_the_one_that_compiled_it() -> None:
    compiled = stored("tinygo", "0.30.0", "module", built_with="1.20.14")
    here = (compiled, stored("go", "1.20.14"), stored("go", "1.21.13"), stored("binaryen", "123"))
    assert solve(*here, go="1.21", tinygo="0.30.0") == [
        {"tinygo": "0.30.0", "go": "1.21.13 archive", "binaryen": "123 archive"}
    ]
    assert solve(*here)[0] == {"tinygo": "0.30.0 module", "go": "1.20.14 archive", "binaryen": "123 archive"}


def _machines():
    pools = [
        [(), (system("go", "1.26.8"),), (system("go", "1.19.8"), stored("go", "1.21.13")), (stored("go", "1.22.5"),)],
        [(), (system("tinygo", "0.35.0"),), (stored("tinygo", "0.30.0", built_with="1.20.14"),)],
        [(), (system("binaryen", "101"), stored("binaryen", "108"))],
    ]
    wishes = [{}, {"go": "1.21.13"}, {"tinygo": "0.30.0"}, {"go": "1.22.12", "binaryen": "123"}]
    return list(itertools.product(*pools, wishes))


@pytest.mark.parametrize(("go", "tinygo", "binaryen", "wanted"), _machines())
def test_every_plan_works_together_keeps_the_wishes_and_fetches_nothing_where_a_set_is_here(
    go: tuple[Tool, ...], tinygo: tuple[Tool, ...], binaryen: tuple[Tool, ...], wanted: dict[str, Any]
) -> None:
    here = by_name((*go, *tinygo, *binaryen))
    asked = request(**wanted)
    found = plans(asked, here, LINUX)
    ready = usable(asked, here)
    assert found
    assert found == ready or not ready
    for plan in found:
        assert {need.name for need in plan.needs} == set(ToolName)
        assert misfits(plan.needs, profile=Profile.TINYGO) == ()
        assert all(
            compatibility.matches(plan.need(ToolName(name)).version, version) for name, version in wanted.items()
        )
        assert all(need.here is None or need.here in here[need.name] for need in plan.needs)
