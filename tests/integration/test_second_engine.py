"""The trial of the engine contract: a second engine is one file and one row, and `hgw verify` works on it."""

import json

import pytest

from higress_cli.gateway import engines
from tests.support.plugins import plugin

SCENARIOS = """
verify:
  - name: through the gateway
    request: {path: "/get?a=1"}
    expect: {status: 200, body: {contains: '"Hello": "world"'}, upstream: {path: "/get?a=1", headers: {hello: world}}}
  - name: answered by the plugin
    config: {answer: hello}
    expect: {status: 200, body: hello, upstream: absent, log: {contains: the toy answers}}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    others = {name: module for name, module in engines.TABLE.items() if name != "builtin"}
    monkeypatch.setattr(engines, "TABLE", {**others, "toy": "tests.support.toy_engine"})
    folder = tmp_path / "work"
    # Envoy lacks this function, so that `auto` has to go on to the next engine.
    (folder / "main.wasm").write_bytes(plugin(wants="proxy_redis_call"))
    return folder


def test_verify_passes_on_an_engine_that_the_rest_of_hgw_has_never_heard_of(hgw, here):
    (here / "hgw.yaml").write_text(SCENARIOS)
    document = json.loads(hgw("verify", "--output", "json").out)
    assert document["ok"] is True, document
    assert document["data"]["engine"] == "toy"
    assert [step["status"] for step in document["data"]["steps"]] == ["passed"] * 3
    assert document["data"]["renamed_export"] is None


def test_a_crash_on_it_fails_the_scenario_and_names_the_function(hgw, here):
    (here / "hgw.yaml").write_text("verify: [{name: it lives, config: {crash: 1}}, {name: so does this}]\n")
    document = json.loads(hgw("verify", "--output", "json").out)
    assert [step["status"] for step in document["data"]["steps"]] == ["passed", "failed", "passed"]
    assert "the plugin crashed in proxy_on_request_headers: broken, at main.play" in document["data"]["steps"][1]["got"]


def test_what_it_does_not_carry_is_skipped_with_its_reason(hgw, here):
    (here / "hgw.yaml").write_text(
        SCENARIOS + '  - {name: asks somebody, services: {"auth.dns:80": refused}, expect: {status: 503}}\n'
    )
    document = json.loads(hgw("verify", "--output", "json").out)
    assert document["exit_code"] == 0, document
    assert document["data"]["counts"] == {"passed": 3, "failed": 0, "skipped": 1}
    assert "services" in document["data"]["steps"][-1]["reason"]
    assert "asks somebody" in document["warnings"][0]


def test_a_run_in_which_nothing_could_be_checked_is_not_success(hgw, here):
    (here / "hgw.yaml").write_text('verify: [{name: asks somebody, services: {"auth.dns:80": refused}}]\n')
    outcome = hgw("verify")
    assert outcome.code == 1
    assert "asks somebody" in outcome.out
