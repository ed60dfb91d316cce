"""The plugin that a command is for where no folder was named: the one around the current folder, never one below it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Hgw
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.stub_compilers import SDK

pytestmark = pytest.mark.extra("local")

Tree = Callable[[Mapping[str, str]], Path]
MAIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'
PLUGIN = {"go.mod": f"module example.com/shop\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n", "main.go": MAIN}
COMMANDS = pytest.mark.parametrize(
    "command", [("run",), ("verify",), ("package",), ("push", "r.example.com/a/b:1.0.0", "--dry-run")]
)


@COMMANDS
def test_below_a_plugin_it_is_that_plugin(hgw: Hgw, tree: Tree, monkeypatch, command: Sequence[str]) -> None:
    here = tree({**PLUGIN, "internal/rules/rules.go": "package rules\n"})
    monkeypatch.chdir(here / "internal/rules")
    outcome = hgw(*command, "--no-build", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (3, "module-missing")
    assert error["details"]["path"] == str(here / "main.wasm")


def test_below_a_plugin_settings_tools_and_checks_are_those_of_that_plugin(hgw: Hgw, tree: Tree, monkeypatch) -> None:
    here = tree({**PLUGIN, "hgw.yaml": "name: my-shop\nprofile: go\n", "internal/rules/rules.go": "package rules\n"})
    monkeypatch.chdir(here / "internal/rules")

    def data(*argv: str) -> dict[str, Any]:
        return dict(json.loads(hgw(*argv, "--output", "json").out)["data"])

    (name,) = data("help", "settings", "name")["settings"]
    assert name["value"] == "my-shop"
    (check,) = data("doctor", "project")["checks"][:1]
    assert (check["found"], check["status"]) == ("my-shop", "ok")
    refused = hgw("--offline", "install").err
    assert "--offline forbids the download of Go" in refused
    assert "TinyGo" not in refused


def test_the_plugins_own_module_is_inspected_where_none_is_named(hgw: Hgw, tree: Tree, monkeypatch) -> None:
    here = tree({**PLUGIN, "internal/rules/rules.go": "package rules\n"})
    monkeypatch.chdir(here / "internal/rules")
    error = json.loads(hgw("inspect", "--output", "json").out)["error"]
    assert (error["code"], error["hint"]) == ("module-missing", "hgw -C ../.. build")
    (here / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))
    document = json.loads(hgw("inspect", "--output", "json").out)
    assert document["data"]["source"] == str(here / "main.wasm")
    assert "may not match its source" in document["warnings"][0]


def test_inside_another_program_there_is_no_plugin(hgw: Hgw, tree: Tree, monkeypatch) -> None:
    here = tree({"go.mod": "module example.com/other\n", "main.go": "package main\n", "cmd/x.txt": ""})
    monkeypatch.chdir(here / "cmd")
    assert "cmd holds no plugin: neither main.wasm nor Go source" in hgw("verify").err
    checks = json.loads(hgw("doctor", "project", "--output", "json").out)["data"]["checks"]
    assert {check["status"] for check in checks} == {"skip"}


@COMMANDS
@pytest.mark.parametrize("shared", [{}, {"hgw.yaml": "profile: tinygo\n"}])
def test_above_plugins_they_are_named(
    hgw: Hgw, tree: Tree, monkeypatch, command: Sequence[str], shared: dict[str, str]
) -> None:
    here = tree({**shared, **{f"{name}/{file}": text for name in ("one", "two") for file, text in PLUGIN.items()}})
    outcome = hgw(*command)
    assert (outcome.code, outcome.out) == (3, "")
    error, hint = outcome.err.splitlines()[-2:]
    assert error == f"error: {here} is not a plugin, but there are plugins below it: one, two"
    words = hint.removeprefix("hint: hgw ").split()
    assert words[: len(command)] == [*command]
    monkeypatch.delenv("HGW_DIRECTORY", raising=False)
    assert "is not a plugin" not in hgw(*words, "--no-build").err


def test_a_module_beside_plugins_is_what_is_meant(hgw: Hgw, tree: Tree) -> None:
    here = tree({"main.wasm": "damaged", **{f"one/{file}": text for file, text in PLUGIN.items()}})
    assert "main.wasm is not a valid WebAssembly module" in hgw("verify").err
    (here / "main.wasm").rename(here / "other")
    assert "other is not a valid WebAssembly module" in hgw("verify", "--module", "other").err


def test_settings_without_source_stay_a_place_of_their_own(hgw: Hgw, tree: Tree, monkeypatch) -> None:
    here = tree({**PLUGIN, "published/hgw.yaml": "build: {out_file: dist/plugin.wasm}\n"})
    monkeypatch.chdir(here / "published")
    outcome = hgw("verify")
    assert outcome.code == 3
    assert "published holds no plugin: neither plugin.wasm nor Go source" in outcome.err


@pytest.fixture(autouse=True)
def _no_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
