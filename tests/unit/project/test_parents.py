"""Which hgw.yaml of a parent folder counts for a plugin."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from higress_cli.project.project import open_project
from higress_cli.settings.project import ABI
from tests.conftest import Hgw

Tree = Callable[[Mapping[str, str]], Path]
GO = {"repo/team/plugin/go.mod": "module x\n", "repo/team/plugin/main.go": "package main\n"}
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to another user"
)


def inherited(root: Path) -> str | None:
    project = open_project(root / "repo" / "team" / "plugin")
    return project.inherited.get(ABI) if project.inherited else None


def test_settings_are_inherited_up_to_the_top_of_the_repository(tree: Tree) -> None:
    root = tree({**GO, "hgw.yaml": "abi: all\n", "repo/.git/HEAD": ""})
    assert inherited(root) is None
    (root / "repo" / "hgw.yaml").write_text("abi: 0.2.100\n")
    assert inherited(root) == "0.2.100"


def test_a_plugin_that_is_a_repository_inherits_nothing(tree: Tree) -> None:
    assert inherited(tree({**GO, "hgw.yaml": "abi: all\n", "repo/team/plugin/.git": "gitdir: elsewhere\n"})) is None


def test_settings_are_inherited_up_to_the_home_folder(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({**GO, "hgw.yaml": "abi: all\n"})
    assert inherited(root) == "all"
    monkeypatch.setenv("HOME", str(root / "repo"))
    monkeypatch.setenv("USERPROFILE", str(root / "repo"))
    assert inherited(root) is None
    (root / "repo" / "hgw.yaml").write_text("abi: 0.2.100\n")
    assert inherited(root) == "0.2.100"


@needs_root
def test_the_settings_of_another_user_do_not_count(tree: Tree, hgw: Hgw) -> None:
    root = tree({**GO, "hgw.yaml": "abi: all\n", "repo/hgw.yaml": "abi: 0.2.100\nbuild: {flags: [-toolexec=x]}\n"})
    os.chown(root / "repo" / "hgw.yaml", 12345, 12345)

    assert inherited(root) == "all"
    outcome = hgw("-C", str(root / "repo" / "team" / "plugin"), "help", "settings", "abi")
    assert f"{root / 'repo' / 'hgw.yaml'} does not count: it belongs to another user" in outcome.err
    os.chown(root / "repo" / "team" / "plugin", 12345, 12345)
    assert inherited(root) == "0.2.100"


@needs_root
def test_a_go_mod_of_another_user_makes_no_plugin_of_the_folders_below(tree: Tree, hgw: Hgw) -> None:
    root = tree({"go.mod": "module x\n", "main.go": "package main\n", "mine/notes": ""})
    os.chown(root / "go.mod", 12345, 12345)

    outcome = hgw("-C", str(root / "mine"), "build")

    assert (outcome.code, f"{root / 'mine'} holds no Go plugin" in outcome.err) == (3, True)
