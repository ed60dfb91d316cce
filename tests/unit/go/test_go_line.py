"""One rule about the `go` and `toolchain` lines, for doctor and build alike."""

from pathlib import Path

import pytest

from higress_cli.errors import HgwError, InvalidInput, ToolError
from higress_cli.fault import Fault, refuse
from higress_cli.go.go_line import go_line_faults
from higress_cli.go.mod import parsed_go_mod


def judged(text: str, go: str, *, needs_tidy: bool = False) -> tuple[Fault, ...]:
    return go_line_faults(parsed_go_mod(Path("go.mod"), f"module x\n\n{text}\n"), go=go, needs_tidy=needs_tidy)


@pytest.mark.parametrize(
    ("text", "go", "error", "code", "place"),
    [
        ("go 1.24.1", "1.20.14", ToolError, "go-mod-too-new", "go.mod:3"),
        ("go 1.24", "1.23.9", ToolError, "go-mod-too-new", "go.mod:3"),
        ("go 1.20.1", "1.20.14", InvalidInput, "go-mod-invalid", "go.mod:3"),
        ("go 1.19\ntoolchain go1.24.4", "1.20.14", InvalidInput, "go-mod-invalid", "go.mod:4"),
    ],
)
def test_lines_that_the_go_at_hand_refuses(text: str, go: str, error: type[HgwError], code: str, place: str):
    (fault,) = judged(text, go)
    with pytest.raises(error) as caught:
        refuse([fault])
    assert (caught.value.code, caught.value.hint) == (code, "hgw doctor go-mod --fix")
    assert caught.value.message.startswith(f"{place}: ")
    assert go in caught.value.message


def test_a_line_that_go_mod_tidy_refuses_is_a_fault_where_it_has_to_run():
    (fault,) = judged("go 1.26", "1.20.14", needs_tidy=True)
    assert (fault.id, fault.fatal, fault.hint) == ("go-mod-too-new", True, "hgw doctor go-mod --fix")
    assert judged("go 1.20", "1.20.14", needs_tidy=True) == ()


def test_a_line_that_is_only_a_remark_is_a_warning():
    (fault,) = judged("go 1.21", "1.20.14")
    assert (fault.id, fault.fatal) == ("go-mod-too-new", False)
    assert "1.21" in fault.text


@pytest.mark.parametrize(
    ("text", "go"),
    [
        ("", "1.20.14"),
        ("go 1.19", "1.20.14"),
        ("go 1.20", "1.20.14"),
        ("go 1.24.1", "1.24.4"),
        ("go 1.24.1\ntoolchain go1.25.0", "1.24.4"),
    ],
)
def test_lines_that_it_reads(text: str, go: str):
    assert judged(text, go) == ()


def test_both_lines_are_told():
    assert [fault.facts["directive"] for fault in judged("go 1.24.1\ntoolchain go1.24.4", "1.20.14")] == [
        "go",
        "toolchain",
    ]
