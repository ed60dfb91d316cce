"""The settings that hold in a folder: where they come from, and what follows from the project's own files."""

import pytest

from higress_cli.choice import SourceKind
from higress_cli.project.project import open_project
from higress_cli.project.resolution import settings_of, wanted_tools
from higress_cli.settings.project import ABI, GATEWAY, NAME, PROFILE, TAGS, TOOLCHAIN_GO
from higress_cli.tool import ToolName
from tests.support.sessions import bare_session

NATIVE = "module x\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\n"
TINYGO = "module x\n\ngo 1.19\n\nrequire github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n"
TAG = "proxy_wasm_version_0_2_100"


def test_each_place_yields_to_the_one_above_it(tree):
    root = tree({
        "hgw.yaml": "abi: all\n",
        "plugin/go.mod": NATIVE,
        "plugin/.buildrc": f"EXTRA_TAGS={TAG}\n",
        "plugin/hgw.yaml": "abi: 0.2.1\n",
    })  # fmt: skip
    plugin = root / "plugin"

    def abi(**session):
        settings = settings_of(open_project(plugin, needs_source=False), bare_session(**session))
        choice = settings.choose(ABI)
        return choice.value, str(choice.source), choice.source.kind

    assert abi(given={ABI: "0.2.100"}, variables={"HGW_ABI": "all"}) == ("0.2.100", "--abi", SourceKind.FLAG)
    assert abi(variables={"HGW_ABI": "all"}) == ("all", "HGW_ABI", SourceKind.VARIABLE)
    assert abi() == ("0.2.1", str(plugin / "hgw.yaml"), SourceKind.FILE)
    (plugin / "hgw.yaml").unlink()
    assert abi() == ("0.2.100", str(plugin / ".buildrc"), SourceKind.BUILDRC)
    (plugin / ".buildrc").unlink()
    assert abi() == ("all", str(root / "hgw.yaml"), SourceKind.PARENT)
    (root / "hgw.yaml").unlink()
    assert abi() == ("0.2.100", "profile go", SourceKind.INFERRED)
    (plugin / "go.mod").write_text(TINYGO)
    assert abi() == ("0.2.1", "default", SourceKind.DEFAULT)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("tinygo", "default", "v2.0.7")),
        ({"go.mod": TINYGO}, ("tinygo", "default", "v2.0.7")),
        ({"go.mod": NATIVE}, ("go", "go.mod", "v2.1.5")),
        ({"go.mod": "not a go.mod {"}, ("tinygo", "default", "v2.0.7")),
        ({"go.mod": NATIVE, "hgw.yaml": "profile: tinygo\n"}, ("tinygo", "hgw.yaml", "v2.0.7")),
    ],
)
def test_go_mod_says_the_profile_where_nobody_else_does(tree, files, expected):
    root = tree(files)
    settings = settings_of(open_project(root, needs_source=False), bare_session())

    profile, gateway = settings.choose(PROFILE), settings.choose(GATEWAY)

    assert (profile.value, str(profile.source).removeprefix(f"{root}/"), gateway.value) == expected
    assert (str(gateway.source), gateway.source.kind) == (f"profile {profile.value}", SourceKind.DEFAULT)


def test_a_plugin_is_called_as_its_own_hgw_yaml_says_or_as_its_go_module_or_as_its_folder(tree):
    root = tree(
        {
            "hgw.yaml": "name: all-plugins\n",
            "plugin/main.go": "",
            "named/hgw.yaml": "name: real-name\n",
            "named/go.mod": "module example.com/other\n",
            "cloned/go.mod": "module example.com/team/guard/v2\n",
            "short/go.mod": "module v2\n",
            "broken/go.mod": "module (",
        }
    )

    def name(folder: str, **session):
        return settings_of(open_project(root / folder, needs_source=False), bare_session(**session)).choose(NAME).value

    assert name("plugin") == "plugin"
    assert name("named") == "real-name"
    assert name("cloned") == "guard"
    assert name("short") == "v2"
    assert name("broken") == "broken"
    assert name("named", variables={"HGW_NAME": "other"}) == "other"


def test_versions_of_tools_come_from_both_files_and_the_command_line(tree):
    root = tree({"hgw.yaml": "toolchain: {go: 1.20, binaryen: 1}\n", "p/hgw.yaml": "toolchain: {tinygo: 0.29.0}\n"})
    project = open_project(root / "p", needs_source=False)

    found = wanted_tools(settings_of(project, bare_session(given={TOOLCHAIN_GO: "1.21"})))

    assert {name: (choice.value, choice.source.kind) for name, choice in found.items()} == {
        ToolName.GO: ("1.21", SourceKind.FLAG),
        ToolName.TINYGO: ("0.29.0", SourceKind.FILE),
        ToolName.BINARYEN: ("1", SourceKind.PARENT),
    }


def test_the_tags_of_a_buildrc_are_a_rung_of_their_own(tree):
    root = tree({".buildrc": 'export EXTRA_TAGS="one two"\n'})
    tags = settings_of(open_project(root, needs_source=False), bare_session()).choose(TAGS)
    assert (tags.value, str(tags.source)) == (("one", "two"), str(root / ".buildrc"))
