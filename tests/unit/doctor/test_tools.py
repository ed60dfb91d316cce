"""Judgements on the tools: what counts is whether a build would have what it needs."""

from pathlib import Path

import pytest

from higress_cli.doctor.model import Finding, Status
from higress_cli.doctor.tools import judge_tool, judge_toolset
from higress_cli.errors import ToolError
from higress_cli.profile import Profile
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.probe import Probed

STORE = Path("/store")


def program(version: str | None, *, path: str = "/usr/bin/tool", raw: str = "") -> Probed:
    return Probed(path=Path(path), version=version, raw=raw)


def chosen(name: str, version: str, *, own: bool = True, path: str = "/store/tool") -> Tool:
    return Tool(name=ToolName(name), version=version, source="archive" if own else SYSTEM, path=Path(path))


@pytest.mark.parametrize(
    ("name", "version", "status", "code"),
    [
        ("go", "1.17.13", Status.FAIL, "go-too-old"),
        ("go", "1.18", Status.OK, None),
        ("go", "1.20.14", Status.OK, None),
        ("go", "1.23.12", Status.OK, None),
        ("go", "1.26.8", Status.FAIL, "go-too-new"),
        ("tinygo", "0.27.0", Status.FAIL, "tinygo-too-old"),
        ("tinygo", "0.28.1", Status.OK, None),
        ("tinygo", "0.34.0", Status.OK, None),
        ("tinygo", "0.35.0", Status.FAIL, "tinygo-refused"),
        ("binaryen", "101", Status.FAIL, "wasm-opt-too-old"),
        ("binaryen", "102", Status.OK, None),
        ("binaryen", "132", Status.OK, None),
    ],
)
def test_a_tool_on_the_path_is_judged_by_both_ends_of_its_range(name, version, status, code):
    finding = judge_tool(ToolName(name), profile=Profile.TINYGO, program=program(version), chosen=None)

    assert (finding.status, finding.code, finding.found) == (status, code, version)
    assert (finding.fix is not None) is (status is Status.FAIL)
    assert finding.expected


@pytest.mark.parametrize("name", ["go", "tinygo", "binaryen"])
def test_a_tool_that_is_nowhere_is_wrong_and_hgw_install_is_the_fix(name):
    finding = judge_tool(ToolName(name), profile=Profile.TINYGO, program=None, chosen=None)

    assert (finding.status, finding.code) == (Status.FAIL, "tools-missing")
    assert finding.fix is not None
    assert (finding.fix.commands, finding.fix.safe) == (("hgw install",), True)


def test_a_tool_that_only_the_store_has_is_fine_and_by_hand_users_are_told():
    finding = judge_tool(ToolName.TINYGO, profile=Profile.TINYGO, program=None, chosen=chosen("tinygo", "0.30.0"))

    assert (finding.status, finding.found, finding.note) == (Status.OK, "0.30.0", "hgw's store")
    assert any("not on the PATH" in line for line in finding.detail)


def test_a_tool_on_the_path_that_is_passed_over_is_told_with_the_reason():
    finding = judge_tool(ToolName.GO, profile=Profile.TINYGO, program=program("1.17"), chosen=chosen("go", "1.20.14"))

    assert finding.status is Status.OK
    assert any("1.17" in line and "older than 1.18" in line for line in finding.detail)


def test_a_tool_that_does_not_answer_is_broken_and_what_it_said_is_kept():
    finding = judge_tool(
        ToolName.TINYGO, profile=Profile.TINYGO, program=program(None, raw="Segmentation fault"), chosen=None
    )

    assert (finding.status, finding.code, finding.detail) == (Status.FAIL, "program-broken", ("Segmentation fault",))


@pytest.mark.parametrize("name", ["tinygo", "binaryen"])
def test_native_go_needs_neither_tinygo_nor_wasm_opt(name):
    assert judge_tool(ToolName(name), profile=Profile.GO, program=None, chosen=None).status is Status.SKIP


@pytest.mark.parametrize(
    ("version", "status"), [("1.23.12", Status.FAIL), ("1.24.4", Status.OK), ("1.26.8", Status.OK)]
)
def test_native_go_has_a_floor_of_its_own(version, status):
    assert judge_tool(ToolName.GO, profile=Profile.GO, program=program(version), chosen=None).status is status


def test_a_set_names_its_versions_and_where_they_are():
    tools = [chosen("go", "1.20.14"), chosen("tinygo", "0.30.0"), chosen("binaryen", "108", own=False)]

    finding = judge_toolset(profile=Profile.TINYGO, chosen=tools, problem=None, tools=())

    assert finding.status is Status.OK
    assert finding.found == "Go 1.20.14, TinyGo 0.30.0, wasm-opt 108"
    assert finding.expected == "Go 1.18 - 1.21"


def test_tools_that_are_right_alone_and_wrong_together_are_told_by_the_set():
    problem = ToolError(
        "Go 1.23.12 (/usr/bin/go) does not fit",
        code="go-too-new",
        hint="hgw install",
        details={"found": "1.23.12", "expected": "1.18 - 1.21"},
    )

    finding = judge_toolset(
        profile=Profile.TINYGO, chosen=(), problem=problem, tools=[Finding(status=Status.OK, found="1.23.12")]
    )

    assert (finding.status, finding.code) == (Status.FAIL, "go-too-new")
    assert (finding.found, finding.expected) == ("1.23.12", "1.18 - 1.21")
    assert finding.fix is not None


def test_the_set_is_not_judged_while_a_tool_is_wrong():
    problem = ToolError("not on this machine: TinyGo", code="tools-missing")
    missing = judge_tool(ToolName.TINYGO, profile=Profile.TINYGO, program=None, chosen=None)

    assert judge_toolset(profile=Profile.TINYGO, chosen=(), problem=problem, tools=[missing]).status is Status.SKIP


def test_the_versions_that_an_error_found_are_named_as_people_write_them():
    problem = ToolError("no set fits", code="no-set", details={"found": {"go": "1.26.8", "binaryen": "101"}})

    finding = judge_toolset(profile=Profile.TINYGO, chosen=(), problem=problem, tools=())

    assert finding.found == "Go 1.26.8, wasm-opt 101"
