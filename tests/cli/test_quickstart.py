"""`hgw quickstart` where it has to refuse: before anything is installed, and with nothing changed."""

import json
from pathlib import Path

import pytest

from tests.conftest import Outcome


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def nothing_on_the_path(monkeypatch):
    """No tool may be found or needed."""
    monkeypatch.setenv("PATH", "/nowhere")


def test_a_folder_with_something_else_in_it_is_left_as_it_is(hgw, tree, tmp_path):
    root = tree({"wasm-demo-go/letter.txt": "dear"})

    outcome = hgw("quickstart")

    assert outcome.redacted() == Outcome(
        6,
        err="error: [HERE]/wasm-demo-go is not empty and has no hgw.yaml: nothing was changed in it\n"
        "hint: name another folder: hgw quickstart DIR\n",
    )
    assert contents(root) == {"wasm-demo-go/letter.txt": b"dear"}
    assert not (tmp_path / "hgw-home").exists()


@pytest.mark.parametrize("files", [{"go.mod": "module x\n", "main.go": "package main\n"}, {".git/HEAD": "ref: x"}])
def test_a_plugin_without_hgw_yaml_is_not_taken_over(hgw, tree, files):
    tree({f"plugin/{name}": text for name, text in files.items()})

    assert hgw("quickstart", "plugin").code == 6


def test_a_file_is_not_a_folder(hgw, tree):
    tree({"plugin": "a file"})

    outcome = hgw("quickstart", "plugin")

    assert outcome.redacted() == Outcome(
        6,
        err="error: [HERE]/plugin is a file, not a folder\nhint: name another folder: hgw quickstart DIR\n",
    )


def test_a_project_that_does_not_read_is_told_with_its_place(hgw, tree):
    tree({"plugin/hgw.yaml": "profil: go\n", "plugin/go.mod": "module x\n", "plugin/main.go": "package main\n"})

    outcome = hgw("quickstart", "plugin")

    assert outcome.redacted() == Outcome(
        3,
        err="error: [HERE]/plugin/hgw.yaml:1:1: unknown key `profil`\n"
        "hint: did you mean `profile`? known keys: "
        "name, version, profile, abi, gateway, toolchain, build, run, doctor, verify\n",
    )


def test_a_project_without_source_is_told(hgw, tree):
    tree({"plugin/hgw.yaml": "name: x\n"})

    outcome = hgw("quickstart", "plugin")

    assert outcome.redacted() == Outcome(
        3,
        err="error: [HERE]/plugin holds no Go plugin: no go.mod\n"
        "hint: `hgw init` makes a plugin there, `hgw -C DIR` goes to one elsewhere\n",
    )


def test_an_engine_that_is_not_there_is_told_before_minutes_of_work(hgw, tree):
    root = tree(
        {
            "plugin/hgw.yaml": "run: {engine: docker}\n",
            "plugin/go.mod": "module x\n",
            "plugin/main.go": "package main\n",
        }
    )
    before = contents(root)

    outcome = hgw("quickstart", "plugin", "--output", "json")

    assert outcome.code == 4
    assert json.loads(outcome.out)["error"]["code"] == "engine-missing"
    assert contents(root) == before


@pytest.mark.extra("local")
def test_a_machine_where_nothing_can_be_got_is_left_without_a_project(hgw, tmp_path):
    outcome = hgw("quickstart", "--offline")

    assert outcome.code in (4, 5)
    assert "1/5 Tools" in outcome.err
    assert "2/5" not in outcome.err
    assert not (tmp_path / "work" / "wasm-demo-go").exists()


@pytest.mark.extra("local")
def test_native_go_has_one_abi(hgw, monkeypatch):
    monkeypatch.setenv("HGW_PROFILE", "go")

    assert "1/4 Tools" in hgw("quickstart", "--offline").err
