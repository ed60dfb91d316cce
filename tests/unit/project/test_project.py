"""A plugin's folder, and which of the places where a setting can be made wins."""

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.project import Project, open_project

GO = {"go.mod": "module x\n", "main.go": "package main\n"}


def chosen_abi(project: Project, *, flag: str | None = None, variable: str | None = None, buildrc: str | None = None):
    return project.choose(
        lambda settings: settings.abi,
        flag=(flag, "--abi"),
        variable=(variable, "HGW_ABI"),
        buildrc=buildrc,
        default="0.2.1",
    )


def test_the_nearest_place_wins_and_is_remembered(tree):
    root = tree(
        {"hgw.yaml": "abi: all\n", "plugin/hgw.yaml": "abi: 0.2.100\n", "plugin/go.mod": "", "plugin/main.go": ""}
    )
    plugin = root / "plugin"
    project = open_project(plugin)

    flag = chosen_abi(project, flag="0.2.1", variable="all")
    variable = chosen_abi(project, variable="all")
    own = chosen_abi(project, buildrc="0.2.1")
    assert (flag.value, str(flag.source)) == ("0.2.1", "--abi")
    assert (variable.value, str(variable.source)) == ("all", "HGW_ABI")
    assert (own.value, str(own.source)) == ("0.2.100", str(plugin / "hgw.yaml"))

    (plugin / "hgw.yaml").write_text("name: silent\n")
    silent = open_project(plugin)
    buildrc, parent = chosen_abi(silent, buildrc="0.2.1"), chosen_abi(silent)
    assert (buildrc.value, str(buildrc.source)) == ("0.2.1", str(plugin / ".buildrc"))
    assert (parent.value, str(parent.source)) == ("all", str(root / "hgw.yaml"))

    (root / "hgw.yaml").unlink()
    default = chosen_abi(open_project(plugin))
    assert (default.value, str(default.source)) == ("0.2.1", "default")


def test_only_the_nearest_parent_counts(tree):
    root = tree({"hgw.yaml": "abi: all\nprofile: go\n", "team/hgw.yaml": "abi: 0.2.100\n", "team/plugin/main.go": ""})

    project = open_project(root / "team" / "plugin", needs_source=False)

    assert project.inherited is not None
    assert (project.inherited.abi, project.inherited.profile) == ("0.2.100", None)
    assert project.own is None


def test_a_plugin_is_called_as_its_hgw_yaml_says_or_as_its_folder(tree):
    root = tree({"plugin/main.go": "", "named/hgw.yaml": "name: real-name\n"})

    assert open_project(root / "plugin", needs_source=False).name == "plugin"
    assert open_project(root / "named", needs_source=False).name == "real-name"


@pytest.mark.parametrize(
    ("files", "reason"),
    [({}, "no go.mod"), ({"main.go": ""}, "no go.mod"), ({"go.mod": ""}, "no .go file")],
)
def test_a_folder_without_a_plugin_is_told(tree, files, reason):
    root = tree(files)

    with pytest.raises(InvalidInput) as caught:
        open_project(root)

    assert caught.value.code == "no-project"
    assert caught.value.message == f"{root} holds no Go plugin: {reason}"
    assert "hgw init" in (caught.value.hint or "")
    assert open_project(root, needs_source=False).has_source is False


def test_a_folder_that_is_none_is_told(tree):
    root = tree({"file": ""})

    for path, text in ((root / "file", "is a file, not a folder"), (root / "none", "does not exist")):
        with pytest.raises(InvalidInput) as caught:
            open_project(path)
        assert caught.value.code == "no-project"
        assert text in caught.value.message


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("EXTRA_TAGS=proxy_wasm_version_0_2_100\n", ("proxy_wasm_version_0_2_100",)),
        ('EXTRA_TAGS="one two"', ("one", "two")),
        ("export EXTRA_TAGS='one,two'\n", ("one", "two")),
        ("  EXTRA_TAGS = one\n", ("one",)),
        ("EXTRA_TAGS=one # because\n", ("one",)),
        ("EXTRA_TAGS=one\nEXTRA_TAGS=two\n", ("two",)),
        ("# EXTRA_TAGS=one\n", ()),
        ("OTHER=one\n", ()),
        ("EXTRA_TAGS=\n", ()),
        ("", ()),
    ],
)
def test_upstreams_own_file_for_tags_is_read(tree, text, tags):
    assert open_project(tree({**GO, ".buildrc": text})).extra_tags == tags
