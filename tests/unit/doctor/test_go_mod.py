"""The judgement on go.mod: modules of the wrong profile, and lines that the Go at hand cannot read."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from higress_cli.doctor.go_mod import Surroundings, judge_go_mod
from higress_cli.doctor.model import Finding, FixAction, Status
from higress_cli.go.mod import parsed_go_mod
from higress_cli.go.usage import Usage
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
        **more: Any,
    ) -> Finding:
        go_mod = parsed_go_mod(tmp_path / "go.mod", text)
        usage = Usage(calls=frozenset(calls))
        around = Surroundings(**{"profile": Profile(profile), "go": go, "tinygo": tinygo, "usage": usage, **more})
        return judge_go_mod(go_mod, text, around=around)

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


def test_a_module_that_hgw_has_no_better_version_of_is_answered_with_what_to_import(judge):
    text = "module demo\n\ngo 1.20\n\nrequire github.com/tetratelabs/proxy-wasm-go-sdk v0.22.0\n"

    finding = judge(text)

    assert (finding.status, finding.code) == (Status.WARN, "sdk-of-others")
    assert finding.fix is not None
    assert finding.fix.summary == (
        "import github.com/higress-group/proxy-wasm-go-sdk instead, then: hgw doctor go-mod --fix"
    )
    assert finding.fix.action is None


def test_the_worst_comes_first_and_the_rest_is_not_lost(judge):
    text = GOOD.replace("v1.4.3", "v1.4.4-0.20250711024300-081ab6ee8d75").replace("v1.0.1", "v1.0.0")
    finding = judge(text, calls={"SendHttpResponseWithDetail"})

    assert finding.code == "wrapper-for-go"
    assert [other.code for other in finding.others] == ["sdk-loses-detail"]
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


def test_a_newer_go_line_is_wrong_where_go_mod_tidy_has_to_run(judge):
    package = "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"

    finding = judge("module demo\n\ngo 1.26\n", imports={package: "main.go:4"})

    assert (finding.status, finding.code) == (Status.FAIL, "go-mod-too-new")
    assert finding.fix is not None
    assert "go 1.19" in str(finding.fix.content)
    assert "wasm-go v1.4.3" in str(finding.fix.content)


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
    assert finding.status is Status.FAIL
    assert {found.code for found in finding.each} >= {"sdk-for-go", "wrapper-for-go"}
    assert finding.fix is not None
    assert finding.fix.action is None
    assert "profile: go" in finding.fix.summary


MAY_BE_EITHER = """\
module demo

go 1.19

require github.com/alibaba/higress/plugins/wasm-go v1.4.4-0.20250507122328-b62384cff88a
"""


@pytest.mark.parametrize(
    ("registers", "profile", "status"),
    [
        ({"init"}, "go", Status.OK),
        ({"init"}, "tinygo", Status.FAIL),
        ({"main"}, "tinygo", Status.OK),
        ({"main"}, "go", Status.FAIL),
        (set(), "tinygo", Status.OK),
    ],
)
def test_without_an_sdk_the_source_tells_a_native_plugin_from_one_for_tinygo(judge, registers, profile, status):
    finding = judge(MAY_BE_EITHER, profile=profile, go="1.24.4", usage=Usage(registers=frozenset(registers)))

    assert finding.status is status
    if status is Status.FAIL:
        assert finding.fix is not None
        assert finding.fix.action is None
        assert "`profile: " in finding.fix.summary


IMPORTS = {
    "fmt": "main.go:3",
    "demo/internal/x": "main.go:4",
    "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper": "main.go:5",
    "github.com/tidwall/gjson": "internal/x/x.go:3",
}


def test_imports_that_go_mod_does_not_require_are_written_at_the_versions_that_fit(judge):
    finding = judge("module demo\n\ngo 1.19\n", imports=IMPORTS)

    assert [(found.status, found.found) for found in finding.each] == [
        (
            Status.WARN,
            (
                "main.go:5: go.mod does not require a Go module that provides "
                "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"
            ),
        ),
        (
            Status.WARN,
            "internal/x/x.go:3: go.mod does not require a Go module that provides github.com/tidwall/gjson",
        ),
    ]
    assert finding.fix is not None
    assert finding.fix.content == (
        "module demo\n\ngo 1.19\n\nrequire (\n"
        "\tgithub.com/alibaba/higress/plugins/wasm-go v1.4.3\n"
        "\tgithub.com/tidwall/gjson v1.17.3\n)\n"
    )


def test_an_import_of_which_hgw_knows_no_version_is_left_to_the_build(judge):
    finding = judge(GOOD, imports={"example.com/tool": "main.go:7"})

    assert (finding.status, finding.code) == (Status.WARN, "go-mod-import-missing")
    assert finding.fix is not None
    assert (finding.fix.commands, finding.fix.action) == (("hgw build",), None)


@pytest.mark.parametrize("uncovered", [set(), {"example.com/other"}])
def test_an_import_that_the_go_command_finds_is_no_fault(judge, uncovered):
    finding = judge(GOOD, imports={"example.com/tool": "main.go:7"}, uncovered=uncovered)

    assert finding.status is Status.OK


def test_what_nothing_imports_is_a_remark(judge):
    text = GOOD.replace(")\n", "\texample.com/gone v1.0.0\n\texample.com/deep v1.0.0 // indirect\n)\n")
    wrapper, sdk = "github.com/alibaba/higress/plugins/wasm-go", "github.com/higress-group/proxy-wasm-go-sdk"

    finding = judge(text, tests={f"{wrapper}/pkg/wrapper", f"{sdk}/proxywasm"})

    assert finding.status is Status.OK
    assert finding.note == "nothing imports example.com/gone; `go mod tidy` removes what is not needed"


@pytest.mark.parametrize(
    ("version", "is_known"),
    [
        ("v1.9.9", False),
        ("v1.3.9", False),
        ("v1.4.2", True),
        ("v1.4.4-0.20250621002302-e94ac43dd15c", True),
    ],
)
def test_a_release_that_hgw_does_not_know_is_said_to_be_that_unless_it_is_downloaded(judge, version, is_known):
    text = GOOD.replace("v1.4.3", version)

    finding = judge(text)

    assert (finding.status is Status.OK) is is_known
    if not is_known:
        assert (finding.status, finding.code) == (Status.WARN, "go-module-version-unknown")
        assert finding.found is not None
        assert finding.found.endswith(
            f"go.mod:6: hgw knows no version {version} of github.com/alibaba/higress/plugins/wasm-go; "
            "the newest that it knows is v1.4.3"
        )
        assert finding.fix is not None
        assert finding.fix.content == GOOD
    assert judge(text, is_downloaded=lambda _module, _version: True).status is Status.OK


@pytest.mark.parametrize("version", ["v1.0.0", "v1.0.10", "v1.1.0", "v1.1.1", "v1.1.2-0.20260216154005-c425a9111a36"])
def test_a_release_in_between_may_exist_without_hgw_knowing(judge, version):
    text = NATIVE.replace("v1.1.1", version)

    assert judge(text, profile="go", go="1.24.4", tinygo=None).status is Status.OK
    newer = judge(NATIVE.replace("v1.1.1", "v1.2.0"), profile="go", go="1.24.4", tinygo=None)
    assert newer.code == "go-module-version-unknown"


NATIVE = "module demo\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\n"


@pytest.mark.parametrize(("line", "status"), [("1.16", Status.OK), ("1.17", Status.WARN)])
def test_an_old_go_mod_need_not_name_what_its_dependencies_bring(judge, line, status):
    text = GOOD.replace("go 1.19", f"go {line}")

    assert judge(text, imports={"example.com/tool": "main.go:7"}).status is status
    assert judge(text, imports={"example.com/tool": "main.go:7"}, uncovered={"example.com/tool"}).status is Status.WARN
