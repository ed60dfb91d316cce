"""What a plugin, a client and a body say cannot act on the terminal of `hgw run` and `hgw verify`."""

import json
from pathlib import Path

import pytest

from higress_cli.system.visible_text import visible
from tests.support.hgw_process import get, running
from tests.support.modules import wasm
from tests.support.plugins import plugin

pytestmark = pytest.mark.extra("local")
ENGINES = pytest.mark.parametrize("engine", ["envoy", "builtin"])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    # What the plugin logs at its start, in as many bytes.
    (folder / "main.wasm").write_bytes(plugin().replace(b"plugin started", b"\x1b[2Jstarted \r!"))
    return folder


@ENGINES
def test_a_plugins_line_and_a_requests_path_in_run(here: Path, engine: str) -> None:
    arguments = ("run", "--port", "0", "--upstream-port", "0", "--engine", engine, "--output", "json")
    with running(*arguments, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        get(f"{url}/status/404?%1b[2J")
        hgw.wait_for_text("\\x1b[2Jstarted \\r!")
        hgw.wait_for_text("GET /status/404")
        assert hgw.end() == 0
    assert visible(hgw.said) == hgw.said


@ENGINES
def test_expected_and_received_bodies_in_verify(hgw, here: Path, engine: str) -> None:
    (here / "hgw.yaml").write_text(
        'verify: [{name: "b\\e[2J", config: {answer: "got \\u202e\\e[31m"}, expect: {body: "want \\e[1m"}}]\n'
    )
    outcome = hgw("verify", "--engine", engine)
    assert outcome.code == 1
    assert "b\\x1b[2J" in outcome.out
    assert "want \\x1b[1m" in outcome.out
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err


@ENGINES
def test_json_of_verify(hgw, here: Path, engine: str) -> None:
    (here / "hgw.yaml").write_text('verify: [{name: "b\\u009b", config: {answer: "\\u202e"}, expect: {body: x}}]\n')
    out = hgw("verify", "--engine", engine, "--output", "json").out
    assert json.loads(out)["data"]["steps"][-1]["name"].startswith("b\u009b")
    assert visible(out) == out


@ENGINES
def test_the_names_of_a_modules_imports(hgw, here: Path, engine: str) -> None:
    (here / "main.wasm").write_bytes(wasm(exports=["proxy_abi_version_0_2_1"], imports=[("env", "a\x1b[2J\u202eb")]))
    outcome = hgw("verify", "--engine", engine)
    assert outcome.code != 0
    assert "a\\x1b[2J\\u202eb" in outcome.out + outcome.err
