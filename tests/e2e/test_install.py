"""The real tools, got by hgw itself from whatever this machine's network reaches."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from higress_cli.knowledge.compatibility import misfits
from tests.e2e.conftest import HgwProcess

pytestmark = pytest.mark.e2e


@pytest.fixture
def tools(real_hgw: HgwProcess, tmp_path: Path) -> dict[str, dict]:
    """The installed set, as `hgw install` reports it."""
    ended = real_hgw("install", "--output", "json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    return {tool["name"]: tool for tool in ended.document["data"]["tools"]}


def said(*argv: str, variables: Mapping[str, str]) -> str:
    return subprocess.run(argv, env=dict(variables), capture_output=True, text=True, check=True).stdout


def test_the_tools_run_and_fit_each_other(tools: dict[str, dict], real_variables: Mapping[str, str]) -> None:
    go, tinygo, binaryen = (tools[name] for name in ("go", "tinygo", "binaryen"))
    assert misfits(go=go["version"], tinygo=tinygo["version"], binaryen=binaryen["version"]) == ()
    variables = {**real_variables, "PATH": os.pathsep.join([str(Path(go["path"]).parent), "/usr/bin", "/bin"])}
    alone = {**variables, "GOTOOLCHAIN": "local"}
    assert f"go{go['version']} " in said(go["path"], "version", variables=alone)
    answer = said(tinygo["path"], "version", variables=alone)
    assert answer.startswith(f"tinygo version {tinygo['version']} ")
    assert f"using go version go{go['version']} " in answer
    assert f"wasm-opt version {binaryen['version']}" in said(binaryen["path"], "--version", variables=variables)


def test_a_second_call_needs_no_network_and_changes_nothing(
    tools: dict[str, dict], real_hgw: HgwProcess, tmp_path: Path
) -> None:
    before = {name: Path(tool["path"]).stat().st_mtime_ns for name, tool in tools.items()}
    ended = real_hgw("install", "--offline", "--output", "json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    again = {tool["name"]: tool for tool in ended.document["data"]["tools"]}
    assert {name: tool["path"] for name, tool in again.items()} == {name: tool["path"] for name, tool in tools.items()}
    assert {name: Path(tool["path"]).stat().st_mtime_ns for name, tool in again.items()} == before
    assert all(tool["seconds"] == 0 for tool in again.values())
    assert ended.err == ""


def test_go_and_wasm_opt_come_into_a_store_with_any_name_whatever_the_users_go_is_set_to(
    real_hgw: HgwProcess, real_variables: Mapping[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "我的 hgw 目录"
    misleading = {
        "GOFLAGS": "-mod=vendor",
        "GOTOOLCHAIN": "local",
        "GOSUMDB": "off",
        "GOPRIVATE": "*",
        "GOOS": "wasip1",
        "GOARCH": "wasm",
        "GOROOT": "/nonexistent",
    }
    ended = real_hgw(
        "install", "go@1.20.14", "binaryen", "--output", "json", cwd=tmp_path, HGW_HOME=str(home), **misleading
    )
    assert ended.code == 0, ended.err
    by_name = {tool["name"]: tool for tool in ended.document["data"]["tools"]}
    assert by_name["go"]["version"] == "1.20.14"
    assert by_name["go"]["path"].startswith(str(home))
    assert "go1.20.14" in said(by_name["go"]["path"], "version", variables={**real_variables, "GOTOOLCHAIN": "local"})
    for folder in (home / "data" / "tools").glob("*/*"):
        receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
        assert receipt["files"] > 0
        assert receipt["origin"]
    assert not list((home / "data" / "tools").glob(".staging-*"))
