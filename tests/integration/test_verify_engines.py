"""`hgw verify` on several engines and of several modules at once."""

import hashlib
import json
import re
import shlex
from pathlib import Path

import pytest

from higress_cli.gateway import engines
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.plugins import NEWEST, plugin
from tests.support.programs import basic_programs

pytestmark = pytest.mark.extra("local")

SCENARIOS = """
verify:
  - {name: it passes, expect: {upstream: {headers: {hello: world}}}}
  - {name: it answers, config: {answer: me}, expect: {status: 200}}
  - {name: at a fixed time, clock: 2026-01-01T00:00:00Z}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    # A Docker of this machine would be an engine more.
    monkeypatch.setenv("PATH", basic_programs())
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    (folder / "hgw.yaml").write_text(SCENARIOS)
    return folder


def test_all_engines_are_asked_the_same(hgw, here):
    document = json.loads(hgw("verify", "--engine", "all", "--output", "json").out)
    assert document["exit_code"] == 0, document
    data = document["data"]
    assert data["engine"] == "all"
    ran = [(step["engine"], step["name"], step["status"]) for step in data["steps"] if step["kind"] == "scenario"]
    assert ran == [
        ("envoy", "it passes", "passed"),
        ("envoy", "it answers", "passed"),
        ("envoy", "at a fixed time", "skipped"),
        ("builtin", "it passes", "passed"),
        ("builtin", "it answers", "passed"),
        ("builtin", "at a fixed time", "passed"),
    ]
    assert data["disagreements"] == []
    assert [module["path"] for module in data["modules"]] == [str(here / "main.wasm")]


def test_the_command_of_the_gateway_and_its_log_are_shown_to_whoever_asks(hgw, here):
    outcome = hgw("verify", "-v", "--engine", "envoy")
    (command,) = (line for line in outcome.err.splitlines() if "--config-path" in line)
    program, *words = shlex.split(command)
    assert Path(program).is_file()
    (log,) = map(Path, re.findall(r"^log +(\S+)$", outcome.out, re.MULTILINE))
    assert Path(words[words.index("--config-path") + 1]).parent == log.parent

    silent = hgw("verify", "--engine", "envoy")
    assert "--config-path" not in silent.err
    assert "\nlog" not in silent.out


def test_without_a_named_engine_no_scenario_is_left_out_that_another_engine_supports(hgw, here):
    (here / "hgw.yaml").write_text(SCENARIOS.replace("00:00Z}", "00:00Z, expect: {body: another}}"))
    outcome = hgw("verify")
    assert outcome.code == 1
    assert "3 of 4 steps ok\n" in outcome.out
    assert "engine  builtin  (the engine envoy does not support clock)\n" in outcome.out
    data = json.loads(hgw("verify", "--scenario", "it passes", "--output", "json").out)["data"]
    assert (data["engine"], data["engine_reason"]) == ("envoy", None)


def test_with_a_named_engine_the_one_that_supports_a_scenario_is_said(hgw, here):
    data = json.loads(hgw("verify", "--engine", "envoy", "--output", "json").out)["data"]
    assert data["counts"] == {"passed": 3, "failed": 0, "skipped": 1}
    assert data["steps"][-1]["reason"] == "the engine envoy does not support clock; --engine builtin does"


def test_engines_that_disagree_are_named(hgw, here, monkeypatch):
    monkeypatch.setitem(engines.TABLE, "toy", "tests.support.toy_engine")
    (here / "hgw.yaml").write_text("verify: [{name: late, config: {late: 1}, expect: {body: {contains: late}}}]\n")
    outcome = hgw("verify", "--engine", "all", "--output", "json")
    (found,) = json.loads(outcome.out)["data"]["disagreements"]
    assert found["name"] == "late"
    assert found["outcomes"]["builtin"] == found["outcomes"]["envoy"] == "passed, status 200"
    assert found["outcomes"]["toy"] == "failed, status 200"
    assert outcome.code == 1
    text = hgw("verify", "--engine", "all").out
    assert "engines disagree: late:" in text
    assert "ABI 0.2.1 on toy" in text


def test_an_engine_that_cannot_load_the_module_is_passed_over_and_said(hgw, here, monkeypatch):
    others = {name: module for name, module in engines.TABLE.items() if name != "builtin"}
    monkeypatch.setattr(engines, "TABLE", {**others, "toy": "tests.support.toy_engine"})
    (here / "main.wasm").write_bytes(plugin(wants="proxy_redis_call"))
    document = json.loads(hgw("verify", "--engine", "all", "--output", "json").out)
    assert {step["engine"] for step in document["data"]["steps"]} == {"toy"}
    assert any("envoy cannot run it: " in warning for warning in document["warnings"])


def test_a_plugin_that_one_of_several_engines_refuses_fails_there_alone(hgw, here, monkeypatch):
    monkeypatch.setitem(engines.TABLE, "toy", "tests.support.toy_engine")
    (here / "config.yaml").write_text("refuse: true\n")
    document = json.loads(hgw("verify", "--engine", "all", "--output", "json").out)
    assert document["exit_code"] == 1
    starts = {step["engine"]: step["ok"] for step in document["data"]["steps"] if step["kind"] == "start"}
    assert starts == {"envoy": False, "builtin": False, "toy": True}


def test_a_gateway_runs_on_one_engine(hgw, here):
    outcome = hgw("run", "--engine", "all")
    assert outcome.code == 2
    assert "a gateway runs on one engine" in outcome.err


def test_a_module_of_each_abi(hgw, here, monkeypatch):
    monkeypatch.setenv("HGW_ENGINE", "builtin")
    (here / "main-0.2.1.wasm").write_bytes(plugin())
    (here / "main-0.2.100.wasm").write_bytes(plugin(marker=NEWEST))
    (here / "hgw.yaml").write_text(SCENARIOS + "  - {name: new, abi: 0.2.100}\n")
    document = json.loads(hgw("verify", "--abi", "all", "--output", "json").out)
    assert document["exit_code"] == 0, document
    assert [module["abi"] for module in document["data"]["modules"]] == ["0.2.1", "0.2.100"]
    new = {step["abi"]: step["status"] for step in document["data"]["steps"] if step["name"] == "new"}
    assert new == {"0.2.1": "skipped", "0.2.100": "passed"}


def test_a_module_without_source_is_not_verified_as_one_of_another_abi(hgw, here):
    outcome = hgw("verify", "--abi", "0.2.100", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (1, "abi-mismatch")
    assert error["hint"] == "this folder has no source to build it from; say which ABI it has: --abi 0.2.1"


def test_evidence_has_what_others_need_to_believe_it(hgw, here, tmp_path, monkeypatch):
    monkeypatch.setenv("HGW_ENGINE", "builtin")
    (here / "old.wasm").write_bytes(plugin(empty="answer"))
    folder = tmp_path / "evidence"
    argv = ("verify", "--evidence", str(folder), "--baseline", "old.wasm")
    outcome = hgw(*argv, "--output", "json")
    document = json.loads(outcome.out)
    assert outcome.code == 0, document
    found = {(each["name"], each["what"]): (each["before"], each["after"]) for each in document["data"]["differences"]}
    assert found["it passes", "outcome"] == ("failed", "passed")
    assert ("it passes", "body") in found
    assert not any(name == "it answers" for name, _what in found)

    evidence = json.loads((folder / "evidence.json").read_text("utf-8"))
    new, old = evidence["runs"]
    assert (new["role"], old["role"]) == ("module", "baseline")
    assert new["module_sha256"] == hashlib.sha256(plugin()).hexdigest()
    assert old["module_sha256"] == hashlib.sha256(plugin(empty="answer")).hexdigest()
    assert new["left"] == old["left"] == []
    assert new["engine_version"].startswith("wasmtime")
    passes = new["steps"][1]["exchange"]
    assert (passes["status"], len(passes["body_sha256"])) == (200, 64)
    assert all((folder / name).is_file() for name in new["logs"])
    assert "plugin started" in (folder / "module-0.2.1-builtin" / "builtin.log").read_text("utf-8")
    page = (folder / "evidence.md").read_text("utf-8")
    assert "## What differs from the baseline" in page
    assert "| it passes | builtin | the outcome | failed | passed |" in page
    monkeypatch.setenv("HGW_LANG", "zh")
    assert hgw(*argv).code == 0
    page = (folder / "evidence.md").read_text("utf-8")
    assert "| it passes | builtin | 结果 | 失败 | 通过 |" in page
    headings = re.findall("^#+ .*$|^.*(?=\n\\|---)", page, re.MULTILINE)
    assert {"# 证据", "## 源码", "## 与基准模块的差异", "| 文件 | SHA-256 |", "| 项目 | 内容 |"} <= set(headings)
    assert not any(re.search("[a-z]{4,}", heading.replace("builtin", "")) for heading in headings), headings
    monkeypatch.delenv("HGW_LANG")

    text = hgw(*argv).out
    assert "What differs from the baseline" in text
    assert "it passes: the outcome was failed with the baseline, and is passed" in text
    assert f"written {folder}" in " ".join(text.split())
    assert str(folder) not in hgw(*argv, "-q").out


@pytest.mark.parametrize("engine", ["envoy", "builtin"])
def test_what_httpbin_says_of_the_addresses_of_a_run_is_no_difference_between_modules(hgw, here, monkeypatch, engine):
    monkeypatch.setenv("HGW_ENGINE", engine)
    names = ["directly", "through the gateway", "redirected", "with a query"]
    directly, through, redirected, query = (f"name: {name}, request: " for name in names)
    (here / "hgw.yaml").write_text(
        f"verify:\n  - {{{directly}{{via: upstream, path: /get}}}}\n  - {{{through}{{path: /get}}}}\n"
        f"  - {{{redirected}{{path: /absolute-redirect/2}}}}\n  - {{{query}{{path: '/get?a=1:80'}}}}\n"
    )
    (here / "same.wasm").write_bytes(plugin())
    document = json.loads(hgw("verify", "--baseline", "same.wasm", "--output", "json").out)
    assert document["data"]["differences"] == []
    assert document["data"]["baseline"]["path"] == str(here / "same.wasm")
    bodies = [step["exchange"]["body"] for step in document["data"]["steps"] if step["exchange"]]
    assert all("127.0.0.1:" in body for body in (*bodies[:2], bodies[3]))

    text = hgw("verify", "--baseline", "same.wasm", "--scenario", "directly").out
    assert f"baseline {here / 'same.wasm'} (nothing differs)" in " ".join(text.split())
    monkeypatch.setenv("HGW_LANG", "zh")
    assert "（没有差异）" in hgw("verify", "--baseline", "same.wasm", "--scenario", "directly").out
    monkeypatch.delenv("HGW_LANG")

    (here / "old.wasm").write_bytes(plugin(empty="answer"))
    document = json.loads(hgw("verify", "--baseline", "old.wasm", "--output", "json").out)
    found = {each["name"] for each in document["data"]["differences"] if each["what"] == "body"}
    assert found == set(names) - {"directly"}


@pytest.mark.parametrize("option", ["--baseline", "--module"])
def test_a_module_from_elsewhere_that_the_gateway_refuses_is_named(hgw, here, monkeypatch, option):
    (here / "other.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS, imports=[("env", "proxy_get_upstream_hosts")]))
    monkeypatch.setenv("HGW_GATEWAY", "v2.0.7")
    outcome = hgw("verify", option, "other.wasm")
    assert outcome.code == 1
    assert f"error: {here / 'other.wasm'}: gateway v2.0.7 lacks env.proxy_get_upstream_hosts" in outcome.err


def test_an_answer_that_differs_by_itself_is_told_and_does_not_count(hgw, here, monkeypatch, tmp_path):
    monkeypatch.setenv("HGW_ENGINE", "builtin")
    (here / "hgw.yaml").write_text(
        "verify:\n  - {name: by chance, request: {path: /uuid}}\n  - {name: the same, request: {path: /get}}\n"
    )
    (here / "same.wasm").write_bytes(plugin())
    argv = ("verify", "--baseline", "same.wasm", "--evidence", str(tmp_path / "evidence"))
    data = json.loads(hgw(*argv, "--output", "json").out)["data"]
    assert data["differences"] == []
    assert [(each["name"], each["what"]) for each in data["unsteady"]] == [("by chance", "body")]
    evidence = json.loads((tmp_path / "evidence" / "evidence.json").read_text("utf-8"))
    assert [each["name"] for each in evidence["unsteady"]] == ["by chance"]

    outcome = hgw(*argv)
    assert "and does not count\n  - by chance: the response body\n" in outcome.out
    assert "(nothing differs)" in outcome.out
    assert "## What differs between two runs" in (tmp_path / "evidence" / "evidence.md").read_text("utf-8")


@pytest.mark.parametrize("text", ["nosuch.wasm", "hgw.yaml"])
def test_a_baseline_that_is_no_module_is_refused_before_a_gateway_starts(hgw, here, text):
    outcome = hgw("verify", "--baseline", text)
    assert outcome.code == 3
    assert "erifying" not in outcome.err
    if text == "nosuch.wasm":
        assert "hint: give the path of a file that exists" in outcome.err
    assert "oci://registry.example.com/a:1" in hgw("verify", "--baseline", "registry.example.com/a:1").err


def test_evidence_replaces_only_evidence(hgw, here):
    outcome = hgw("verify", "--evidence", ".", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "report-taken")
