"""What a real gateway refuses, told by `hgw run` and `hgw verify` with its code, its place and the way out."""

import json
from pathlib import Path

import pytest

from tests.support.modules import wasm
from tests.support.plugins import plugin, trapping

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
    assert f"the plugin refuses the configuration {here / 'config.yaml'}" in outcome.err
    assert outcome.err.count("this configuration is no good") == 1


@BOTH
@pytest.mark.parametrize(("content", "hint"), [(None, "create {path}"), ("", "{path} is empty")])
def test_a_plugin_that_wants_a_configuration_and_got_none(hgw, here, command, content, hint):
    if content is not None:
        (here / "config.yaml").write_text(content)
    (here / "main.wasm").write_bytes(plugin(empty="refuse"))
    arguments = ["--port", "0", "--upstream-port", "0"] if command == "run" else []
    error = json.loads(hgw(command, *arguments, "--output", "json").out)["error"]
    assert error["code"] == "config-refused"
    assert error["message"].startswith("the plugin refuses to work without a configuration")
    assert error["hint"].startswith(hint.format(path=here / "config.yaml"))


@BOTH
@pytest.mark.parametrize("callback", ["proxy_on_vm_start", "proxy_on_configure"])
def test_a_plugin_that_crashes_at_the_start(hgw, here, command, callback):
    (here / "main.wasm").write_bytes(trapping(callback))
    arguments = ["--port", "0", "--upstream-port", "0"] if command == "run" else []
    error = json.loads(hgw(command, *arguments, "--output", "json").out)["error"]
    assert error["code"] == "plugin-trapped"
    assert error["message"] == f"the plugin crashed in {callback}: the reason is this\n  at main.fail"
    assert error["details"]["function"] == callback


def test_a_module_whose_own_start_function_traps(hgw, here):
    from wasmtime import wat2wasm

    text = """
    (module
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 0))
      (func $fail (unreachable))
      (start $fail))
    """
    (here / "main.wasm").write_bytes(wat2wasm(text))
    error = json.loads(hgw("verify", "--engine", "builtin", "--output", "json").out)["error"]
    assert (error["code"], error["details"]["function"]) == ("plugin-trapped", "start")
