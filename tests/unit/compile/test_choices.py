from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from higress_cli.compile.choices import choose
from higress_cli.compile.target import target_faults
from higress_cli.errors import HgwError, InvalidInput, UsageError
from higress_cli.project.project import open_project
from higress_cli.project.resolution import settings_of
from higress_cli.settings.project import ABI, OUT_FILE, PROFILE, TAGS
from higress_cli.settings.setting import Setting
from tests.support.sessions import bare_session

Tree = Callable[[Mapping[str, str]], Path]
GO_MOD = "module x\n\ngo 1.19\n\nrequire github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n"
NATIVE_GO_MOD = "module x\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\n"
UPSTREAM = """\
module x

go 1.24.1

require github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
"""
TAG = "proxy_wasm_version_0_2_100"
_SETTINGS: dict[str, Setting[object]] = {"abi": ABI, "out_file": OUT_FILE, "profile": PROFILE, "tags": TAGS}


@pytest.fixture
def made(tree: Tree):
    def make(files: Mapping[str, str] | None = None, *, variables: Mapping[str, str] | None = None, **given):
        folder = tree({"p/go.mod": GO_MOD, "p/main.go": "package main\n", **(files or {})}) / "p"
        arguments = given.pop("arguments", ())
        typed = {_SETTINGS[name]: value for name, value in given.items()}
        session = bare_session(variables=variables, given=typed)
        return choose(settings_of(open_project(folder), session), directory=folder, arguments=arguments)

    return make


def test_without_a_word_it_is_the_guide(made):
    found = made()
    assert (found.profile.value, found.abis, found.tags.value, found.flags.value) == ("tinygo", ("0.2.1",), (), ())
    assert {str(choice.source) for choice in (found.profile, found.abi, found.out_file)} == {"default"}
    assert found.output("0.2.1") == found.directory / "main.wasm"


def test_each_level_wins_over_the_next(made, tmp_path: Path):
    files = {"hgw.yaml": f"build: {{tags: [{TAG}]}}\n"}
    assert str(made(files).abi.source) == str(tmp_path / "work" / "hgw.yaml")
    files["p/.buildrc"] = f"EXTRA_TAGS={TAG}\n"
    files["hgw.yaml"] = "abi: 0.2.1\n"
    found = made(files)
    assert (found.abi.value, str(found.abi.source)) == ("0.2.100", str(found.directory / ".buildrc"))
    files["p/hgw.yaml"] = "abi: 0.2.1\n"
    found = made(files)
    assert (found.abi.value, str(found.abi.source)) == ("0.2.1", str(found.directory / "hgw.yaml"))
    found = made(files, variables={"HGW_ABI": "all"})
    assert (found.abi.value, str(found.abi.source)) == ("all", "HGW_ABI")
    found = made(files, variables={"HGW_ABI": "all"}, abi="0.2.100")
    assert (found.abi.value, str(found.abi.source)) == ("0.2.100", "--abi")


def test_the_abi_tag_is_a_choice_of_the_abi_and_no_other_tag(made):
    found = made({"p/.buildrc": f'export EXTRA_TAGS="{TAG} more"\n'})
    assert (found.abi.value, found.tags.value) == ("0.2.100", ("more",))
    found = made({"p/hgw.yaml": f"build: {{tags: [{TAG}, mine]}}\n"}, abi="0.2.1")
    assert (found.abi.value, found.tags.value) == ("0.2.1", ("mine",))
    found = made(tags=(TAG,))
    assert (found.abi.value, str(found.abi.source), found.tags.value) == ("0.2.100", "--tags", ())
    found = made(variables={"HGW_TAGS": f"{TAG},mine"})
    assert (found.abi.value, str(found.abi.source), found.tags.value) == ("0.2.100", "HGW_TAGS", ("mine",))


def test_all_names_each_module_after_its_abi(made):
    found = made(abi="all", out_file="out/plugin.wasm")
    assert [found.output(abi).name for abi in found.abis] == ["plugin-0.2.1.wasm", "plugin-0.2.100.wasm"]
    assert found.output("0.2.1").parent == found.directory / "out"


def test_the_module_may_go_anywhere(made, tmp_path: Path):
    found = made(out_file="../dist/./x.wasm")
    assert found.output("0.2.1") == found.directory.parent / "dist" / "x.wasm"
    assert made(out_file=str(tmp_path / "x.wasm")).output("0.2.1") == tmp_path / "x.wasm"


def test_modules_that_only_native_go_can_use_make_the_profile(made):
    found = made({"p/go.mod": NATIVE_GO_MOD})
    assert (found.profile.value, str(found.profile.source)) == ("go", "go.mod")
    assert (found.abis, str(found.abi.source)) == (("0.2.100",), "profile go")
    assert made({"p/go.mod": NATIVE_GO_MOD, "p/hgw.yaml": "profile: tinygo\n"}).profile.value == "tinygo"


def test_all_abis_of_native_go_are_one(made):
    found = made({"p/go.mod": NATIVE_GO_MOD}, abi="all")
    assert [found.output(abi).name for abi in found.abis] == ["main-0.2.100.wasm"]


@pytest.mark.parametrize(
    ("files", "variables", "given", "error", "code", "words"),
    [
        ({}, {}, {"abi": "0.3"}, UsageError, "choice-invalid", "0.2.1, 0.2.100, all"),
        ({}, {"HGW_ABI": "2"}, {}, UsageError, "choice-invalid", "HGW_ABI"),
        ({}, {"HGW_PROFILE": "rust"}, {}, UsageError, "choice-invalid", "tinygo, go"),
        ({}, {"HGW_FLAGS": "'-a"}, {}, UsageError, "choice-invalid", "HGW_FLAGS"),
        ({}, {}, {"arguments": ("-o", "x.wasm")}, UsageError, "flag-reserved", "-o"),
        ({}, {}, {"arguments": ("--tags=a",)}, UsageError, "flag-reserved", "--tags=a"),
        ({"p/hgw.yaml": "build: {flags: [-o=x]}\n"}, {}, {}, InvalidInput, "settings-invalid", "hgw.yaml"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_source(
    made, files, variables, given, error: type[HgwError], code: str, words: str
):
    with pytest.raises(error) as caught:
        made(files, variables=variables, **given)
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("files", "given", "expected"),
    [
        ({}, {}, []),
        ({}, {"profile": "go"}, []),
        ({}, {"profile": "go", "abi": "all"}, []),
        ({}, {"profile": "go", "abi": "0.2.1"}, [("abi-unsupported", "(from --abi)")]),
        ({"p/hgw.yaml": "profile: go\nabi: 0.2.1\n"}, {}, [("abi-not-for-profile", "hgw.yaml)")]),
        ({"p/hgw.yaml": "gateway: v2.0.7\n"}, {"profile": "go"}, [("gateway-too-old", "hgw.yaml)")]),
        ({"hgw.yaml": "gateway: v2.1.4\n"}, {"profile": "go"}, [("gateway-too-old", "hgw.yaml)")]),
        ({"p/hgw.yaml": "gateway: v1.4.0\n"}, {}, []),
    ],
)
def test_profile_abi_and_gateway_have_to_go_together(made, files, given, expected):
    faults = target_faults(made(files, **given))
    assert [fault.id for fault in faults] == [code for code, _words in expected]
    for fault, (_code, words) in zip(faults, expected, strict=True):
        assert words in fault.message


def test_an_sdk_for_native_go_may_declare_another_abi(made):
    files = {"p/go.mod": UPSTREAM, "p/main.go": "package main\n\nfunc init() { proxywasm.SetVMContext(nil) }\n"}

    choices = made(files)
    assert (choices.profile.value, choices.abis, str(choices.abi.source)) == ("go", ("0.2.1",), "go.mod")
    assert target_faults(choices) == ()
    assert made(files, abi="all").abis == ("0.2.1",)
    (fault,) = target_faults(made(files, abi="0.2.100"))
    assert (fault.id, fault.expected) == ("abi-unsupported", "0.2.1")
    beside = UPSTREAM + "require github.com/higress-group/proxy-wasm-go-sdk v0.0.0-20251103120604-77e9cce339d2\n"
    assert made({**files, "p/go.mod": beside}).abis == ("0.2.100",)


def test_a_gateway_that_a_variable_names_is_changed_there(made):
    (fault,) = target_faults(made(variables={"HGW_GATEWAY": "v2.0.7"}, profile="go"))

    assert fault.hint.startswith(f"set HGW_GATEWAY={fault.facts['floor']} ")


def test_a_parent_folder_does_not_name_programs_for_the_compiler(made, tmp_path: Path):
    flags = "build: {flags: [-opt=2, -toolexec=/tmp/x]}\n"

    with pytest.raises(InvalidInput) as caught:
        made({"hgw.yaml": flags})

    assert (caught.value.code, caught.value.details["flags"]) == ("flag-inherited", ("-toolexec=/tmp/x",))
    assert str(tmp_path / "work" / "hgw.yaml") in caught.value.message
    assert (caught.value.hint or "").endswith("hgw build -- -opt=2 -toolexec=/tmp/x")


def test_a_parent_folder_may_say_how_modules_are_compiled(made):
    assert made({"hgw.yaml": "build: {flags: [-opt=2, -no-debug]}\n"}).flags.value == ("-opt=2", "-no-debug")


@pytest.mark.parametrize("place", ["hgw.yaml of the plugin", "variable", "command line"])
def test_the_plugin_and_its_user_may_name_programs(made, place: str):
    flags = ["-toolexec=/tmp/x"]
    found = {
        "hgw.yaml of the plugin": lambda: made({"p/hgw.yaml": "build: {flags: [-toolexec=/tmp/x]}\n"}).flags.value,
        "variable": lambda: made(variables={"HGW_FLAGS": "-toolexec=/tmp/x"}).flags.value,
        "command line": lambda: made(arguments=flags).arguments,
    }[place]()
    assert list(found) == flags
