"""Modules that cannot work, and replacements that lead nowhere, with their lines; and go.mod files that are fine."""

from pathlib import Path

import pytest

from higress_cli.go.mod import GoMod, parsed_go_mod
from higress_cli.go.requirements import fits, is_for, profile_of, replacement_faults, requirement_faults
from higress_cli.go.usage import Usage
from higress_cli.knowledge.dependencies import pinned_go_line, pins
from higress_cli.profile import Profile

SDK = "github.com/higress-group/proxy-wasm-go-sdk"
OLD_WRAPPER = "github.com/alibaba/higress/plugins/wasm-go"
NATIVE_SDK = "v0.0.0-20250402062734-d50d98c305f0"
# A commit for native Go of the wrapper under its old path, as official plugins used it from May to July 2025.
NATIVE_COMMIT = "v1.4.4-0.20250507122328-b62384cff88a"
CALLING = Usage(calls=frozenset({"SendHttpResponseWithDetail"}))


def go_mod(text: str) -> GoMod:
    return parsed_go_mod(Path("go.mod"), f"module x\n\n{text}\n")


def required(*modules: str, go: str = "1.19") -> GoMod:
    return go_mod(f"go {go}\n\n" + "\n".join(f"require {module}" for module in modules))


def ids(found: GoMod, profile: Profile, **more) -> list[str]:
    return [fault.id for fault in requirement_faults(found, profile=profile, **more)]


def test_a_module_that_cannot_work_is_told_with_its_line_and_what_to_use():
    (fault,) = requirement_faults(required(f"{SDK} v1.0.1", go="1.24.1"), profile=Profile.GO)
    assert (fault.id, fault.fatal) == ("sdk-for-tinygo", True)
    assert fault.text.startswith("go.mod:5: ")
    assert str(fault.expected) in fault.message


def test_a_module_that_is_replaced_is_the_authors_business():
    replaced = go_mod(f"require {SDK} v1.0.0\nreplace {SDK} => ../sdk")
    assert ids(replaced, Profile.TINYGO, tinygo="0.33.0", usage=CALLING) == []
    other_version = go_mod(f"require {SDK} v1.0.0\nreplace {SDK} v0.9.0 => ../sdk")
    assert ids(other_version, Profile.TINYGO, tinygo="0.33.0") == ["sdk-too-old"]


@pytest.mark.parametrize("version", ["v1.0.0", "v0.0.0-20240711023527-ba358c48772f"])
def test_the_lost_detail_matters_only_to_a_plugin_that_calls_the_function(version: str):
    plugin = required(f"{SDK} {version}")
    (fault,) = requirement_faults(plugin, profile=Profile.TINYGO, usage=CALLING)
    assert (fault.id, fault.fatal, fault.expected) == ("sdk-loses-detail", False, "v1.0.1")
    assert ids(plugin, Profile.TINYGO, usage=Usage(calls=frozenset({"SendHttpResponse"}))) == []


def test_what_tidy_may_still_raise_is_passed_over_before_it_ran():
    assert ids(required(f"{SDK} v1.0.0"), Profile.TINYGO, tinygo="0.33.0", tidy=False) == []
    assert ids(required(f"{SDK} v0.0.0-20251103120604-77e9cce339d2"), Profile.TINYGO, tidy=False) == []
    assert ids(required(f"{SDK} v1.0.1"), Profile.GO, tidy=False) == ["sdk-for-tinygo"]
    assert ids(required(f"{OLD_WRAPPER} v1.4.4-0.20250711024300-081ab6ee8d75"), Profile.TINYGO, tidy=False) == [
        "wrapper-for-go"
    ]


def test_the_wrapper_of_a_native_branch_is_told_by_what_is_beside_it():
    native = required(f"{OLD_WRAPPER} {NATIVE_COMMIT}", f"{SDK} {NATIVE_SDK}", go="1.24.1")
    assert ids(native, Profile.GO) == []
    assert ids(native, Profile.TINYGO) == ["wrapper-for-go", "sdk-for-go"]
    assert fits(native, profile=Profile.GO)
    assert is_for(native, profile=Profile.GO)
    assert not is_for(native, profile=Profile.TINYGO)
    assert ids(required(f"{OLD_WRAPPER} {NATIVE_COMMIT}", go="1.24.1"), Profile.GO) == []


@pytest.mark.parametrize(
    "beside",
    [
        required(f"{OLD_WRAPPER} v1.4.4-0.20250621002302-e94ac43dd15c", f"{SDK} v1.0.1"),
        required(f"{OLD_WRAPPER} v1.4.4-0.20250621002302-e94ac43dd15c"),
        # A tag is always that of the wrapper for TinyGo.
        required(f"{OLD_WRAPPER} v1.4.3", f"{SDK} {NATIVE_SDK}", go="1.24.1"),
    ],
)
def test_the_wrapper_for_tinygo_is_still_found(beside: GoMod):
    assert "wrapper-for-tinygo" in ids(beside, Profile.GO)


@pytest.mark.parametrize("profile", list(Profile))
def test_what_hgw_scaffolds_is_fine(profile: Profile):
    modules = [f"{path} {version}" for path, version in pins(profile).items()]
    scaffolded = required(*modules, go=pinned_go_line(profile))
    assert ids(scaffolded, profile, tinygo="0.34.0", usage=CALLING) == []
    assert is_for(scaffolded, profile=profile)


def test_a_replacement_that_leads_nowhere_is_told_with_the_command_that_drops_it(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "go.mod").write_text("module there\n")
    text = (
        "module x\n\nrequire (\n\ta.b/c v1.0.0\n\ta.b/d v1.0.0\n\ta.b/e v1.0.0\n)\n"
        "replace a.b/c => ../..\nreplace a.b/d => ./there\nreplace a.b/e v1.0.0 => ./gone\n"
    )
    found = parsed_go_mod(tmp_path / "go.mod", text)
    faults = replacement_faults(found, is_module=lambda folder: (folder / "go.mod").is_file())
    assert [(fault.id, fault.places[0].rpartition(":")[2], fault.hint) for fault in faults] == [
        ("replace-missing", "8", "go mod edit -dropreplace=a.b/c"),
        ("replace-missing", "10", "go mod edit -dropreplace=a.b/e@v1.0.0"),
    ]


def test_a_replacement_that_nothing_needs_is_not_a_fault():
    found = go_mod("require a.b/c v1.0.0\nreplace a.b/x => ../gone\nreplace a.b/c v2.0.0 => ../gone\n")
    assert replacement_faults(found, is_module=lambda _folder: False) == ()
    elsewhere = go_mod("require a.b/c v1.0.0\nreplace a.b/c => c.d/e v1.2.0\n")
    assert replacement_faults(elsewhere, is_module=lambda _folder: False) == ()


@pytest.mark.parametrize(
    ("found", "registers", "expected", "asked"),
    [
        (required(f"{OLD_WRAPPER} {NATIVE_COMMIT}", f"{SDK} {NATIVE_SDK}", go="1.24.1"), set(), Profile.GO, False),
        (required(f"{OLD_WRAPPER} {NATIVE_COMMIT}"), {"init"}, Profile.GO, True),
        (required(f"{OLD_WRAPPER} {NATIVE_COMMIT}"), {"main"}, Profile.TINYGO, True),
        (required(f"{OLD_WRAPPER} {NATIVE_COMMIT}"), {"main", "init"}, Profile.TINYGO, True),
        (required(f"{OLD_WRAPPER} {NATIVE_COMMIT}", f"{SDK} v1.0.1"), {"init"}, Profile.TINYGO, False),
        (required(f"{OLD_WRAPPER} v1.4.3"), {"init"}, Profile.TINYGO, False),
        (required("example.com/x v1.0.0"), {"init"}, None, False),
        (required("example.com/x v1.0.0", go="1.24.1"), {"init"}, Profile.GO, True),
        (required("example.com/x v1.0.0", go="1.24.1"), {"main"}, None, True),
        (required("example.com/x v1.0.0", go="1.24.1"), set(), None, True),
    ],
)
def test_the_source_is_asked_for_the_profile_only_where_go_mod_leaves_it_open(found, registers, expected, asked):
    questions = []

    def usage() -> Usage:
        questions.append(1)
        return Usage(registers=frozenset(registers))

    assert (profile_of(found, usage), bool(questions)) == (expected, asked)


@pytest.mark.parametrize(
    ("found", "profile", "hint"),
    [
        (required("github.com/higress-group/wasm-go v1.1.1", go="1.24.1"), Profile.TINYGO, "hgw build --profile go"),
        (required(f"{OLD_WRAPPER} v1.4.3", f"{SDK} v1.0.1"), Profile.GO, "hgw build --profile tinygo"),
        (required(f"{SDK} v1.0.1", go="1.24.1"), Profile.GO, "hgw doctor go-mod --fix"),
    ],
)
def test_a_go_mod_of_the_other_profile_has_a_hint_that_builds(found, profile, hint):
    assert {fault.hint for fault in requirement_faults(found, profile=profile)} == {hint}
