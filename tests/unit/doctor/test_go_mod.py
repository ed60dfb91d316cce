"""The judgement on go.mod: modules of the wrong profile, and lines that the Go at hand cannot read."""

from collections.abc import Collection
from pathlib import Path

import pytest

from higress_cli.doctor.go_mod import judge_go_mod
from higress_cli.doctor.model import Finding, FixAction, Status
from higress_cli.go.mod import parsed_go_mod
from higress_cli.profile import Profile

GOOD = """\
module demo

go 1.19

require (
\tgithub.com/alibaba/higress/plugins/wasm-go v1.4.3
\tgithub.com/higress-group/proxy-wasm-go-sdk v1.0.1
)
"""


@pytest.fixture
def judge(tmp_path: Path):
    def run(
        text: str,
        *,
        profile: Profile = Profile.TINYGO,
        go: str | None = "1.20.14",
        tinygo: str | None = "0.30.0",
        calls: Collection[str] = (),
    ) -> Finding:
        go_mod = parsed_go_mod(tmp_path / "go.mod", text)
        return judge_go_mod(go_mod, text, profile=profile, go=go, tinygo=tinygo, calls=calls)

    return run


def test_what_hgw_scaffolds_is_fine_and_the_modules_that_matter_are_named(judge):
    finding = judge(GOOD)

    assert finding.status is Status.OK
    assert finding.found == "wasm-go v1.4.3, proxy-wasm-go-sdk v1.0.1"


def test_the_tinygo_sdk_in_a_native_plugin_is_wrong_and_can_be_pinned(judge):
    text = "module demo\n\ngo 1.24.1\n\nrequire github.com/higress-group/proxy-wasm-go-sdk v1.0.1 // mine\n"

    finding = judge(text, profile=Profile.GO, go="1.24.4", tinygo=None)

    assert (finding.status, finding.code) == (Status.FAIL, "sdk-for-tinygo")
    assert finding.found == "github.com/higress-group/proxy-wasm-go-sdk v1.0.1"
    assert finding.fix is not None
    assert (finding.fix.action, finding.fix.safe) == (FixAction.REWRITE_FILE, False)
    assert finding.fix.content == text.replace("v1.0.1", "v0.0.0-20251103120604-77e9cce339d2")
    assert finding.detail[-2:] == (
        "-require github.com/higress-group/proxy-wasm-go-sdk v1.0.1 // mine",
        "+require github.com/higress-group/proxy-wasm-go-sdk v0.0.0-20251103120604-77e9cce339d2 // mine",
    )


def test_a_wrapper_after_the_move_to_native_go_is_wrong_under_tinygo(judge):
    finding = judge(GOOD.replace("v1.4.3", "v1.4.4-0.20250711024300-081ab6ee8d75"))

    assert (finding.status, finding.code, finding.expected) == (Status.FAIL, "wrapper-for-go", "v1.4.3")
    assert finding.fix is not None
    assert finding.fix.content == GOOD


def test_a_native_plugin_without_a_profile_is_told_to_say_so(judge):
    finding = judge("module demo\n\ngo 1.24\n\nrequire github.com/higress-group/wasm-go v1.1.1\n")

    assert (finding.status, finding.code) == (Status.FAIL, "wrapper-for-go")
    assert finding.fix is not None
    assert "profile: go" in finding.fix.summary
    assert finding.fix.action is None


def test_the_worst_comes_first_and_the_rest_is_not_lost(judge):
    text = GOOD.replace("v1.4.3", "v1.4.4-0.20250711024300-081ab6ee8d75").replace("v1.0.1", "v1.0.0")
    finding = judge(text, calls={"SendHttpResponseWithDetail"})

    assert finding.code == "wrapper-for-go"
    assert "proxy-wasm-go-sdk v1.0.0 in profile tinygo: SendHttpResponseWithDetail loses the detail" in (
        finding.why or ""
    )
    assert finding.fix is not None
    assert finding.fix.content == GOOD


def test_a_module_that_is_replaced_is_the_authors_business(judge, tmp_path: Path):
    (tmp_path / "wasm-go").mkdir()
    (tmp_path / "wasm-go" / "go.mod").write_text("module github.com/alibaba/higress/plugins/wasm-go\n")
    text = GOOD.replace("v1.4.3", "v1.4.4-0.20250711024300-081ab6ee8d75")

    assert judge(text + "\nreplace github.com/alibaba/higress/plugins/wasm-go => ./wasm-go\n").status is Status.OK


@pytest.mark.parametrize(
    ("line", "go", "status", "code"),
    [
        ("1.19", "1.20.14", Status.OK, None),
        ("1.21", "1.20.14", Status.WARN, "go-mod-too-new"),
        ("1.24.1", "1.20.14", Status.FAIL, "go-mod-too-new"),
        ("1.20.3", "1.20.14", Status.FAIL, "go-mod-invalid"),
        ("1.21.13", "1.21.13", Status.OK, None),
        ("1.22", "1.21.13", Status.FAIL, "go-mod-too-new"),
        ("1.24.1", None, Status.OK, None),
    ],
)
def test_the_go_line_is_judged_by_the_go_that_builds(judge, line, go, status, code):
    finding = judge(GOOD.replace("go 1.19", f"go {line}"), go=go)

    assert (finding.status, finding.code) == (status, code)
    if finding.fix is not None:
        assert finding.fix.content == GOOD


def test_a_toolchain_line_is_wrong_for_a_go_that_does_not_know_it(judge):
    text = GOOD.replace("go 1.19\n", "go 1.19\n\ntoolchain go1.24.4\n")

    finding = judge(text)

    assert (finding.status, finding.code, finding.found) == (Status.FAIL, "go-mod-invalid", "toolchain go1.24.4")
    assert finding.fix is not None
    assert finding.fix.content == GOOD
    assert judge(text, go="1.21.13").status is Status.OK


def test_a_go_line_beyond_every_pin_asks_for_a_newer_go(judge):
    finding = judge("module demo\n\ngo 1.27\n", profile=Profile.GO, go="1.24.1", tinygo=None)

    assert (finding.status, finding.code) == (Status.FAIL, "go-mod-too-new")
    assert finding.fix is not None
    assert finding.fix.content.splitlines()[2] == "go 1.24.1"


def test_a_replacement_that_leads_nowhere_can_be_dropped(judge):
    finding = judge(GOOD + "\nreplace github.com/alibaba/higress/plugins/wasm-go => ../..\n")

    assert (finding.status, finding.code) == (Status.FAIL, "replace-missing")
    assert finding.fix is not None
    assert finding.fix.content == GOOD + "\n"


def test_a_plugin_of_a_native_branch_is_not_made_a_tinygo_plugin(judge):
    text = (
        "module demo\n\ngo 1.24.1\n\nrequire (\n"
        "\tgithub.com/alibaba/higress/plugins/wasm-go v1.4.4-0.20250507122328-b62384cff88a\n"
        "\tgithub.com/higress-group/proxy-wasm-go-sdk v0.0.0-20250402062734-d50d98c305f0\n)\n"
    )

    assert judge(text, profile=Profile.GO, go="1.24.4", tinygo=None).status is Status.OK
    finding = judge(text)
    assert (finding.status, finding.code) == (Status.FAIL, "sdk-for-go")
    assert finding.fix is not None
    assert finding.fix.action is None
    assert "profile: go" in finding.fix.summary
