"""What a real gateway refuses, told by `hgw run` and `hgw verify` with its code, its place and the way out."""

import json
from pathlib import Path

import pytest

from tests.support.modules import wasm
from tests.support.plugins import plugin

pytestmark = pytest.mark.extra("local")
BOTH = pytest.mark.parametrize("command", ["run", "verify"])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "work" / "main.wasm").write_bytes(plugin())
    return tmp_path / "work"


def test_a_module_with_an_import_that_no_host_has(hgw, here):
    (here / "main.wasm").write_bytes(plugin(wants="proxy_of_tomorrow"))
    outcome = hgw("run", "--port", "0", "--upstream-port", "0")
    assert outcome.code == 8
    assert "missing import: env.proxy_of_tomorrow" in outcome.err
    assert "envoy.log" in outcome.err


@BOTH
def test_a_module_of_an_abi_that_no_host_knows(hgw, here, command):
    (here / "main.wasm").write_bytes(wasm(exports=["proxy_abi_version_9_9_9"]))
    arguments = ["--port", "0", "--upstream-port", "0"] if command == "run" else []
    outcome = hgw(command, *arguments, "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert outcome.code == 8
    assert error["code"] == "plugin-refused"
    assert any("ABI" in line for line in error["details"]["said"])


@BOTH
def test_a_configuration_that_the_plugin_refuses(hgw, here, command):
    (here / "config.yaml").write_text("refuse: true\n")
    arguments = ["--port", "0", "--upstream-port", "0"] if command == "run" else []
    outcome = hgw(command, *arguments)
    assert outcome.code == 8
    assert "this configuration is no good" in outcome.err
