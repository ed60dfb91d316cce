from pathlib import Path

import pytest

from higress_cli.compile.traps import check_go_lines, check_requirements
from higress_cli.errors import CheckFailed, HgwError, InvalidInput, ToolError
from higress_cli.go.mod import GoMod, read_go_mod

SDK = "github.com/higress-group/proxy-wasm-go-sdk"


@pytest.fixture
def go_mod(tmp_path: Path):
    def make(text: str) -> GoMod:
        (tmp_path / "go.mod").write_text(f"module x\n\n{text}\n")
        return read_go_mod(tmp_path / "go.mod")

    return make


def test_a_module_that_cannot_work_is_refused_with_its_line_and_what_to_use(go_mod, tmp_path: Path):
    with pytest.raises(CheckFailed) as caught:
        check_requirements(go_mod(f"go 1.24.1\n\nrequire {SDK} v1.0.1"), profile="go")
    assert caught.value.code == "sdk-for-tinygo"
    assert f"{tmp_path / 'go.mod'}:5" in caught.value.message
    assert caught.value.details["expected"] in caught.value.message


def test_a_module_that_works_badly_is_a_warning_and_one_that_is_replaced_is_nothing(go_mod):
    (warning,) = check_requirements(go_mod(f"require {SDK} v1.0.0"), profile="tinygo")
    assert "v1.0.1" in warning
    with pytest.raises(CheckFailed):
        check_requirements(go_mod(f"require {SDK} v1.0.0"), profile="tinygo", tinygo="0.33.0")
    assert check_requirements(go_mod(f"require {SDK} v1.0.0\nreplace {SDK} => ../sdk"), profile="tinygo") == ()


@pytest.mark.parametrize(
    ("text", "go", "error", "code"),
    [
        ("go 1.24.1", "1.20.14", ToolError, "go-mod-too-new"),
        ("go 1.24", "1.23.9", ToolError, "go-mod-too-new"),
        ("go 1.20.1", "1.20.14", InvalidInput, "go-mod-invalid"),
        ("go 1.19\ntoolchain go1.24.4", "1.20.14", InvalidInput, "go-mod-invalid"),
    ],
)
def test_lines_that_the_go_at_hand_stumbles_over(go_mod, text: str, go: str, error: type[HgwError], code: str):
    with pytest.raises(error) as caught:
        check_go_lines(go_mod(text), go=go)
    assert caught.value.code == code
    assert go in caught.value.message
    assert caught.value.hint == "hgw doctor go-mod --fix"


@pytest.mark.parametrize(
    ("text", "go"),
    [
        ("", "1.20.14"),
        ("go 1.19", "1.20.14"),
        ("go 1.20", "1.20.14"),
        # Before 1.21 the line was a remark: such a plugin may well compile.
        ("go 1.21", "1.20.14"),
        ("go 1.24.1", "1.24.4"),
        ("go 1.24.1\ntoolchain go1.25.0", "1.24.4"),
    ],
)
def test_lines_that_it_does_not(go_mod, text: str, go: str):
    check_go_lines(go_mod(text), go=go)
