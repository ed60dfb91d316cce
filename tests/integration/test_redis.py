"""A plugin's Redis: the one that hgw plays, one at an address, and one that a scenario scripts."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from higress_cli.gateway.redis_server import RedisServer
from tests.support.hgw_process import get, running
from tests.support.probes import OLD, POINTER, REDIS_REPLY, SIZE, Probe

pytestmark = pytest.mark.extra("local")

NAME = "redis.dns:6379"
CLUSTER = "outbound|6379||redis.dns"


def counter() -> bytes:
    """A plugin that answers each request with what Redis replies to `INCR hits`."""
    probe = Probe(marker=OLD)
    cluster, nothing = probe.text(CLUSTER), probe.text("")
    probe.on("configure", probe.do("redis_init", cluster, nothing, nothing, 900), returns=1)
    call = probe.do("redis_call", cluster, probe.text(b"*2\r\n$4\r\nINCR\r\n$4\r\nhits\r\n"), 48)
    probe.on("request_headers", "(global.set $stream (local.get $p0))", call, returns=1)
    reply = f"(i32.load (i32.const {POINTER})) (i32.load (i32.const {SIZE}))"
    return probe.on(
        "redis_call_response",
        f"(drop {probe.body(REDIS_REPLY)})",
        probe.do("set_effective_context", "(global.get $stream)"),
        probe.do("send_local_response", 200, nothing, reply, nothing, -1),
    ).build()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HGW_ENGINE", "builtin")
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(counter())
    return folder


def describe(folder: Path, *, services: dict[str, str], verify: list[dict[str, Any]]) -> None:
    (folder / "hgw.yaml").write_text(yaml.safe_dump({"run": {"services": services}, "verify": verify}), "utf-8")


def verified(hgw: Any) -> list[dict[str, Any]]:
    """The steps of the scenarios, without the start."""
    steps = json.loads(hgw("verify", "--output", "json").out)["data"]["steps"]
    return [step for step in steps if step["kind"] == "scenario"]


def test_each_scenario_finds_the_embedded_redis_empty(hgw, here):
    steps = [{"expect": {"body": {"contains": str(count)}}} for count in (1, 2)]
    describe(here, services={NAME: "embedded"}, verify=[{"name": name, "steps": steps} for name in ("one", "two")])
    assert [step["status"] for step in verified(hgw)] == ["passed"] * 4


def test_an_address_is_the_redis_that_is_asked_and_it_keeps_what_it_has(hgw, here):
    with RedisServer() as server:
        count = [{"name": str(number), "expect": {"body": {"contains": str(number)}}} for number in (1, 2)]
        describe(here, services={NAME: f"{server.at.host}:{server.at.port}"}, verify=count)
        assert [step["status"] for step in verified(hgw)] == ["passed"] * 2
        assert [command.text for command in server.take()] == ["INCR hits"] * 2


def test_a_gateway_that_goes_on_has_an_embedded_redis_too(here):
    describe(here, services={NAME: "embedded"}, verify=[])
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=here) as gateway:
        url = gateway.document()["data"]["url"]
        assert [get(f"{url}/get") for _number in range(2)] == [(200, ":1\r\n"), (200, ":2\r\n")]


@pytest.mark.parametrize(
    ("rules", "failed"),
    [
        ({"INCR hits": 7}, []),
        ({"incr *": 7}, []),
        ({"GET hits": "7"}, [(f"each call to {NAME} matches a rule", "no rule matches INCR hits")]),
    ],
)
def test_a_command_that_fits_no_rule_fails_its_step_and_is_named(hgw, here, rules, failed):
    scenario = {"name": "scripted", "services": {NAME: {"redis": rules}}, "expect": {"status": 200}}
    after = {"name": "after it", "services": {NAME: {"redis": {"*": 1}}}, "expect": {"body": {"contains": ":1"}}}
    describe(here, services={}, verify=[scenario, after])
    scripted, next_one = verified(hgw)
    assert scripted["status"] == ("failed" if failed else "passed")
    assert [(check["expected"], check["got"]) for check in scripted["checks"] if not check["ok"]] == failed
    assert next_one["status"] == "passed"


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        pytest.param("1", "$1\r\n1\r\n", id="text"),
        pytest.param(1, ":1\r\n", id="whole number"),
        pytest.param(1.5, "$3\r\n1.5\r\n", id="fraction"),
        pytest.param(None, "$-1\r\n", id="null"),
        pytest.param({"status": "OK"}, "+OK\r\n", id="status"),
        pytest.param({"error": "ERR no"}, "-ERR no\r\n", id="error"),
        pytest.param(["a", 1, {"status": "OK"}], "*3\r\n$1\r\na\r\n:1\r\n+OK\r\n", id="list"),
    ],
)
def test_the_plugin_gets_the_reply_that_a_scenario_writes(hgw, here, reply, written):
    services = {NAME: {"redis": {"INCR hits": reply}}}
    describe(here, services={}, verify=[{"name": "scripted", "services": services, "expect": {"body": written}}])
    (scripted,) = verified(hgw)
    assert scripted["status"] == "passed", scripted["checks"]
