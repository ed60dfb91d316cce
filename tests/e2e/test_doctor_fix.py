"""`hgw doctor` where real tools are, and `--fix` that gets what is missing."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.tool_stubs import stub_tools

pytestmark = pytest.mark.e2e


def test_a_machine_after_hgw_install_is_well(real_hgw, basic_plugin: Path):
    started = real_hgw("doctor", "--output", "json", cwd=basic_plugin)

    checks = {check["id"]: check for check in started.document["data"]["checks"]}
    assert [name for name, check in checks.items() if check["status"] in {"fail", "crash"}] == []
    assert checks["toolset"]["status"] == "ok"
    assert checks["engine-envoy"]["status"] == "ok"
    assert checks["project"]["found"] == "basic"


def test_fix_gets_the_tool_that_does_not_fit(real_hgw, real_variables: Mapping[str, str], tmp_path: Path):
    stubs = stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="101")
    variables = {"PATH": f"{stubs}:{real_variables['PATH']}", "HGW_HOME": str(tmp_path / "hgw")}
    here = tmp_path / "work"

    before = real_hgw("doctor", "tools", "--output", "json", cwd=here, **variables)
    fixed = real_hgw("doctor", "tools", "--fix", "--output", "json", cwd=here, **variables)
    after = real_hgw("doctor", "tools", cwd=here, **variables)

    wrong = {check["id"]: check["code"] for check in json.loads(before.out)["data"]["checks"] if check["code"]}
    assert (before.code, wrong) == (1, {"wasm-opt": "wasm-opt-too-old"})
    assert fixed.code == 0, fixed.err
    assert fixed.document["data"]["fixed"] == ["wasm-opt"]
    assert fixed.document["data"]["counts"]["fail"] == 0
    assert after.code == 0
    assert "hgw's store" in after.out


def test_source_that_go_cannot_parse_is_wrong_with_the_parsers_own_words(real_hgw, basic_plugin: Path, tmp_path: Path):
    folder = tmp_path / "plugin"
    shutil.copytree(basic_plugin, folder)
    main = folder / "main.go"
    main.write_text(main.read_text().replace("func main() {", "func main( {"))
    (folder / "fine_windows.go").write_text("package main\n\nthis is not Go\n")

    started = real_hgw("doctor", "source", "--output", "json", cwd=folder)

    (check,) = started.document["data"]["checks"]
    assert (started.code, check["code"], check["others"]) == (1, "go-syntax", [])
    assert re.fullmatch(r"main\.go:\d+:\d+: expected '\)', found '\{'", check["found"])
