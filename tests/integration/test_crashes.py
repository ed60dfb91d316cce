"""A plugin that traps, in each kind of callback that a request reaches: named, judged where it happens, survived."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.support.hgw_process import post, running, wait_for
from tests.support.plugins import CALLBACKS, plugin, trapping

pytestmark = pytest.mark.extra("local")

AT_START = {"proxy_on_vm_start", "proxy_on_configure"}
REACHED = [name for name in CALLBACKS if name not in AT_START]
SERVICES = 'services: {"svc.dns:80": {status: 200, body: x}}'
POST = "request: {method: POST, path: /post, headers: {content-type: text/plain}, body: hello}"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.mark.parametrize("callback", [name for name in REACHED if name != "proxy_on_tick"])
def test_the_scenario_in_which_it_happens_fails_at_once_and_says_where(hgw, here, callback):
    (here / "main.wasm").write_bytes(trapping(callback))
    (here / "hgw.yaml").write_text(
        f"verify:\n"
        f"  - {{name: first, {SERVICES}, {POST}, expect: {{}}}}\n"
        f"  - {{name: past the plugin, {SERVICES}, request: {{via: upstream}}}}\n"
        f"  - {{name: again, {SERVICES}, {POST}, expect: {{}}}}\n"
    )
    document = json.loads(hgw("verify", "--output", "json").out)
    steps = document["data"]["steps"]
    assert [step["status"] for step in steps] == ["passed", "failed", "passed", "failed"]
    for step in (steps[1], steps[3]):
        assert f"the plugin crashed in {callback}: the reason is this, at main.fail" in step["got"]
        assert step["got"].count(f"in {callback}") == 1
        assert step["seconds"] < 4


def test_a_crash_without_a_request_fails_the_scenario_during_which_it_happens(hgw, here):
    (here / "main.wasm").write_bytes(trapping("proxy_on_tick"))
    (here / "hgw.yaml").write_text(
        "verify: [{name: it ticks, config: {a: 1}, request: {via: upstream, path: /delay/0.3}, expect: {}}]\n"
    )
    steps = json.loads(hgw("verify", "--output", "json").out)["data"]["steps"]
    assert steps[1]["status"] == "failed"
    assert "the plugin crashed in proxy_on_tick: the reason is this, at main.fail" in steps[1]["got"]


def test_twenty_in_each_callback_of_one_run_are_told_in_two_lines_each_and_the_gateway_lives_on(here):
    (here / "main.wasm").write_bytes(plugin())
    arguments = ("--port", "0", "--upstream-port", "0", "--output", "json", "--service", "svc.dns:80=127.0.0.1:9")
    with running("run", *arguments, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]

        def was_said(text: str) -> bool:
            return text in hgw.said

        def answered() -> bool:
            return post(f"{url}/post", b"hello", seconds=0.5) == 200

        for callback in REACHED:
            told = f"[error] the plugin crashed in {callback}: the reason is this"

            def twenty_crashes(told: str = told) -> bool:
                post(f"{url}/post", b"hello", seconds=0.5)
                return hgw.said.count(told) >= 20

            (here / "main.wasm").write_bytes(trapping(callback))
            wait_for(twenty_crashes, lambda: hgw.said, seconds=60)
            lines = hgw.said.splitlines()
            places = [number for number, line in enumerate(lines) if line == told]
            assert all(lines[number + 1].strip() == "at main.fail" for number in places)
            (here / "main.wasm").write_bytes(plugin())
            wait_for(answered, lambda: hgw.said)
        for callback in sorted(AT_START):
            (here / "main.wasm").write_bytes(trapping(callback))
            told = f"the plugin crashed in {callback}: the reason is this"
            wait_for(partial(was_said, told), lambda: hgw.said)
            wait_for(lambda: hgw.said.rstrip().endswith("continues with what it had before"), lambda: hgw.said)
            assert answered()
        assert "backtrace" not in hgw.said
        assert hgw.end() == 0
