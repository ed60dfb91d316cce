"""A plugin's folder."""

import os
from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.project import open_project, plugins_below
from higress_cli.project.resolution import name_in_go_mod
from higress_cli.settings.project import ABI, PROFILE

SDK = "github.com/higress-group/proxy-wasm-go-sdk"
PLUGIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'
GO = {"go.mod": "module x\n", "main.go": "package main\n"}


def test_only_the_nearest_parent_counts(tree):
    root = tree({"hgw.yaml": "abi: all\nprofile: go\n", "team/hgw.yaml": "abi: 0.2.100\n", "team/plugin/main.go": ""})

    project = open_project(root / "team" / "plugin", needs_source=False)

    assert project.inherited is not None
    assert (project.inherited.get(ABI), project.inherited.get(PROFILE)) == ("0.2.100", None)
    assert project.own is None


@pytest.mark.parametrize(
    ("files", "reason"),
    [({}, "no go.mod"), ({"main.go": ""}, "no go.mod"), ({"go.mod": ""}, "no Go file of package main in the folder")],
)
def test_a_folder_without_a_plugin_is_told(tree, files, reason):
    root = tree(files)

    with pytest.raises(InvalidInput) as caught:
        open_project(root)

    assert caught.value.code == "no-project"
    assert caught.value.message == f"{root} holds no Go plugin: {reason}"
    assert "hgw init" in (caught.value.hint or "")
    assert open_project(root, needs_source=False).has_source is False


def test_a_plugin_may_be_a_package_of_a_larger_go_module(tree):
    root = tree({
        "go.mod": f"module example.com/team\n\nrequire {SDK} v1.0.1\n",
        "plugins/a/main.go": PLUGIN,
        "plugins/b/main.go": PLUGIN,
        "plugins/b/go.mod": "module b\n",
        "plugins/lib/lib.go": f'package lib\n\nimport "{SDK}/proxywasm"\n',
        "tools/gen/main.go": "package main\n\nfunc main() {}\n",
    })  # fmt: skip

    assert open_project(root / "plugins/a").go_mod == root / "go.mod"
    assert open_project(root / "plugins/b").go_mod == root / "plugins/b/go.mod"
    assert plugins_below(root) == (root / "plugins/a", root / "plugins/b")
    for name in ("plugins/lib", "tools/gen", "plugins"):
        assert open_project(root / name, needs_source=False).missing == "no go.mod"
    assert name_in_go_mod(open_project(root / "plugins/a")) == "a"


def test_a_go_mod_above_that_is_not_for_plugins_is_not_a_plugins(tree):
    root = tree({"go.mod": "module example.com/shop\n\nrequire github.com/x/y v1.0.0\n", "gateway/main.go": PLUGIN})

    with pytest.raises(InvalidInput) as caught:
        open_project(root / "gateway")

    assert caught.value.message == f"{root / 'gateway'} holds no Go plugin: no go.mod"
    assert caught.value.hint == f"hgw init --from-existing {root / 'gateway'}"
    assert plugins_below(root) == ()


def test_the_examples_of_an_sdk_are_plugins_of_its_go_module(tree):
    root = tree(
        {"go.mod": f"module {SDK}\n", "examples/hello/main.go": PLUGIN, "proxywasm/call.go": "package proxywasm\n"}
    )

    assert plugins_below(root) == (root / "examples/hello",)
    with pytest.raises(InvalidInput) as caught:
        open_project(root)
    assert caught.value.hint == f"hgw -C {root / 'examples/hello'} build"


def test_a_folder_that_is_none_is_told(tree):
    root = tree({"file": ""})

    for path, text in ((root / "file", "is a file, not a folder"), (root / "none", "does not exist")):
        with pytest.raises(InvalidInput) as caught:
            open_project(path)
        assert caught.value.code == "no-project"
        assert text in caught.value.message


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.mkdir, "it is a folder"),
        (lambda path: path.symlink_to("nowhere"), "it does not exist"),
        (getattr(os, "mkfifo", None), "it is a pipe or a device"),
    ],
    ids=["folder", "link to nothing", "pipe"],
)
def test_settings_that_are_no_file_are_told_and_not_passed_over(tree, make, reason):
    if make is None:
        pytest.skip("no system with named pipes")
    root = tree(GO)
    make(root / "hgw.yaml")

    with pytest.raises(InvalidInput) as caught:
        open_project(root)
    assert (caught.value.code, caught.value.details["path"]) == ("file-unreadable", root / "hgw.yaml")
    assert reason in caught.value.message


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
