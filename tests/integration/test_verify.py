"""`hgw verify` on each engine with httpbin, and a small plugin that does as its configuration says."""

import hashlib
import json
import socket
import sys
import threading
import xml.etree.ElementTree as ET
from importlib import resources
from pathlib import Path

import pytest
import yaml

from tests.support.hgw_process import running, serve_once
from tests.support.plugins import NEWEST, OLD, holding_body, plugin
from tests.support.schemas import validate

pytestmark = pytest.mark.extra("local")
GUIDE = """
verify:
  - name: asked directly
    request: {via: upstream}
    expect: {status: 200, upstream: {method: GET, path: /get, headers: {hello: null}}}
  - name: through the gateway
    request: {path: "/get?a=1", headers: {x-mine: yes}}
    expect:
      status: 200
      headers: {content-type: application/json, x-absent: null}
      body: {contains: '"Hello": "world"'}
      upstream: {path: "/get?a=1", headers: {hello: world, x-mine: {matches: "^y.s$"}}}
  - name: answered by the plugin
    config: {answer: hello world}
    expect: {status: 200, body: {contains: hello world}, upstream: absent}
"""


@pytest.fixture(params=["envoy", "builtin"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every engine gives the same answers."""
    monkeypatch.setenv("HGW_ENGINE", request.param)
    return str(request.param)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    return folder


def scenario(**parts: object) -> str:
    return yaml.safe_dump({"verify": [{"name": "the one", **parts}]})


def step(outcome) -> dict:
    return json.loads(outcome.out)["data"]["steps"][-1]


def test_the_guides_chapter_passes_and_no_file_changes(hgw, here):
    (here / "hgw.yaml").write_text(GUIDE)
    (here / "config.yaml").write_text("pass: true\n")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in here.iterdir()}
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out + outcome.err
    assert "4 of 4 steps ok" in outcome.out
    assert hashlib.sha256(plugin()).hexdigest() in outcome.out
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in here.iterdir()} == before


def test_json_keeps_its_schema_and_names_the_digest_of_the_file(hgw, here, engine):
    (here / "hgw.yaml").write_text(GUIDE)
    document = json.loads(hgw("verify", "--output", "json").out)
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas/verify.json").read_text("utf-8"))
    validate(document["data"], schema)
    assert document["ok"] is True
    assert document["data"]["engine"] == engine
    assert document["data"]["module_sha256"] == hashlib.sha256(plugin()).hexdigest()
    assert [entry["ok"] for entry in document["data"]["steps"]] == [True] * 4
    assert all(document["data"]["module_sha256"] in entry["got"] for entry in document["data"]["steps"][2:])


def test_a_project_without_scenarios_gets_the_general_one(hgw, here):
    outcome = hgw("verify", "--output", "json")
    assert outcome.code == 0
    assert [entry["ok"] for entry in json.loads(outcome.out)["data"]["steps"]] == [True, True]


def test_a_plugin_that_crashes_fails_the_general_scenario(hgw, here, engine):
    (here / "config.yaml").write_text("crash: true\n")
    outcome = hgw("verify")
    assert outcome.code == 1
    assert "the plugin crashed" in outcome.out
    assert f"{engine}.log" in outcome.out


@pytest.mark.parametrize(
    ("expect", "got"),
    [
        ({"status": 201}, "status 200"),
        ({"headers": {"content-type": "text/html"}}, "application/json"),
        ({"headers": {"content-type": None}}, "application/json"),
        ({"headers": {"x-absent": "there"}}, "header x-absent is absent"),
        ({"body": "hello"}, "characters"),
        ({"body": {"contains": "Goodbye"}}, "characters"),
        ({"body": {"matches": "^Goodbye"}}, "characters"),
        ({"upstream": "absent"}, "it got GET /get"),
        ({"upstream": {"method": "POST"}}, "`GET`"),
        ({"upstream": {"path": "/post"}}, "`/get`"),
        ({"upstream": {"headers": {"hello": None}}}, "`world`"),
        ({"upstream": {"body": "something"}}, "empty"),
        ({"log": {"contains": "no such line"}}, "wrote nothing"),
    ],
)
def test_what_is_not_as_expected_fails_with_what_came_instead(hgw, here, expect, got):
    (here / "hgw.yaml").write_text(scenario(expect=expect))
    outcome = hgw("verify", "--output", "json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["ok"] is False
    assert step(outcome)["ok"] is False
    wrong = [check for check in step(outcome)["checks"] if not check["ok"]]
    assert len(wrong) == 1
    assert got in wrong[0]["got"]


def test_an_upstream_that_was_not_reached_fails_what_is_expected_of_it(hgw, here):
    (here / "hgw.yaml").write_text(scenario(config={"answer": 1}, expect={"upstream": {"headers": {"hello": "world"}}}))
    outcome = hgw("verify")
    assert outcome.code == 1
    assert "the upstream gets no request" in outcome.out


def test_the_upstream_sees_method_and_body(hgw, here):
    request = {"method": "post", "path": "/post", "headers": {"content-type": "text/plain"}, "body": "你好 body"}
    expect = {"upstream": {"method": "post", "body": "你好 body", "headers": {"content-type": "text/plain"}}}
    (here / "hgw.yaml").write_text(scenario(request=request, expect=expect), encoding="utf-8")
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out


@pytest.mark.parametrize(
    ("service", "body"),
    [({"status": 403, "body": "no"}, "403"), ({}, "200"), ("refused", "503"), ("absent", "no such service")],
)
def test_services_that_the_plugin_calls_are_played(hgw, here, service, body):
    parts = {"config": {"dispatch": True}, "services": {"svc.dns:80": service}, "expect": {"body": body}}
    (here / "hgw.yaml").write_text(scenario(**parts))
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out


def test_a_service_may_be_slow_and_named_in_full(hgw, here):
    services = {"outbound|80||svc.dns": {"status": 204, "delay": 0.3}}
    (here / "hgw.yaml").write_text(scenario(config={"dispatch": True}, services=services, expect={"body": "204"}))
    outcome = hgw("verify", "--output", "json")
    assert outcome.code == 0, outcome.out
    assert step(outcome)["seconds"] >= 0.3


@pytest.mark.parametrize(("route", "body"), [({}, "default"), ({"route": "prod/shop"}, "prod/shop")])
def test_rules_see_the_name_of_the_route(hgw, here, route, body):
    (here / "hgw.yaml").write_text(scenario(config={"name": 1}, expect={"body": body}, **route))
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out


def test_an_absent_service_overrides_one_of_the_project_and_the_log_tells(hgw, here):
    content = yaml.safe_load(
        scenario(
            config={"dispatch": True},
            services={"svc.dns:80": "absent"},
            expect={"body": "no such service", "log": {"contains": "no such service"}},
        )
    )
    content["run"] = {"services": {"svc.dns:80": "127.0.0.1:1"}}
    (here / "hgw.yaml").write_text(yaml.safe_dump(content))
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out


def test_a_scenarios_configuration_that_the_plugin_refuses_fails_that_step_alone(hgw, here):
    (here / "hgw.yaml").write_text(
        "verify:\n"
        "  - {name: refused, config: {refuse: true}}\n"
        "  - {name: answered, config: {answer: 1}, expect: {body: {contains: answer}}}\n"
    )
    outcome = hgw("verify", "--output", "json")
    steps = json.loads(outcome.out)["data"]["steps"]
    assert outcome.code == 1
    assert [entry["ok"] for entry in steps] == [True, False, True]
    assert "this configuration is no good" in steps[1]["got"]


def test_an_answer_in_place_of_the_upstreams_proves_the_module_as_well(hgw, here):
    expected = {"status": 200, "body": {"contains": "late"}, "upstream": {"path": "/get"}}
    (here / "hgw.yaml").write_text(scenario(config={"late": True}, expect=expected))
    outcome = hgw("verify", "--output", "json")
    assert outcome.code == 0, outcome.out
    assert step(outcome)["ok"]


def test_a_crash_does_not_spoil_the_scenarios_after_it(hgw, here):
    (here / "hgw.yaml").write_text(
        "verify:\n  - {name: crash, config: {crash: true}}\n  - {name: fine, expect: {status: 200}}\n"
    )
    outcome = hgw("verify", "--output", "json")
    assert [entry["ok"] for entry in json.loads(outcome.out)["data"]["steps"]] == [True, False, True]


def test_another_module_is_verified_and_a_newer_abi_is_said(hgw, here, engine):
    other = here / "main-0.2.100.wasm"
    other.write_bytes(plugin(marker=NEWEST))
    (here / "hgw.yaml").write_text(
        scenario(
            config={"stop": True},
            request={"method": "POST", "path": "/post", "body": "x"},
            expect={"upstream": {"headers": {"hello": "world"}}},
        )
    )
    outcome = hgw("verify", "--module", other.name)
    assert outcome.code == 0, outcome.out
    # Upstream's Envoy gets a copy in which the newest marker has another name.
    assert (NEWEST in outcome.err) is (engine == "envoy")
    assert hashlib.sha256(other.read_bytes()).hexdigest() in outcome.out
    assert other.read_bytes() == plugin(marker=NEWEST)


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({"main.go": "package main\n"}, "no go.mod"),
        ({"go.mod": "module x\n"}, "no Go file of package main in the folder"),
        ({}, None),
    ],
)
def test_a_module_whose_source_is_gone_in_part_is_said_not_to_be_rebuilt(hgw, here, files, missing):
    for name, text in files.items():
        (here / name).write_text(text)
    warnings = json.loads(hgw("verify", "--output", "json").out)["warnings"]
    assert warnings == ([f"main.wasm was not rebuilt: {missing}"] if missing else [])


def test_only_the_scenarios_that_were_named_are_run(hgw, here):
    (here / "hgw.yaml").write_text(GUIDE)
    outcome = hgw("verify", "--scenario", "Directly", "--output", "json")
    assert [entry["name"] for entry in json.loads(outcome.out)["data"]["steps"]][1:] == ["asked directly"]


def test_a_junit_report_is_written(hgw, here, tmp_path):
    (here / "hgw.yaml").write_text(GUIDE.replace("status: 200, body", "status: 418, body"))
    outcome = hgw("verify", "--report", "junit=../out/报告.xml")
    assert outcome.code == 1
    suite = ET.parse(tmp_path / "out" / "报告.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "0")
    failure = suite.find("testcase/failure")
    assert "status 418" in failure.get("message", "")
    assert "got: status 200" in (failure.text or "")


def test_a_gateway_that_does_not_start_is_in_the_report_too(hgw, here, tmp_path):
    (here / "config.yaml").write_text("refuse: true\n")
    outcome = hgw("verify", "--report", "junit=r.xml")
    assert outcome.code == 8
    suite = ET.parse(here / "r.xml").getroot()
    assert suite.find("testcase/error").get("type") == "config-refused"


def test_a_report_that_cannot_be_written(hgw, here):
    (here / "folder").mkdir()
    outcome = hgw("verify", "--report", "junit=folder")
    assert outcome.code == 6
    assert "folder" in outcome.err


@pytest.mark.parametrize("name", ["main.go", "config.yaml"])
def test_a_file_that_is_no_report_is_not_overwritten(hgw, here, name):
    (here / name).write_text("first: [second]\n")
    outcome = hgw("verify", "--report", f"junit={name}", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "report-taken")
    assert (here / name).read_text() == "first: [second]\n"


def test_the_report_of_another_tool_is_replaced(hgw, here):
    (here / "hgw.yaml").write_text(GUIDE)
    (here / "r.xml").write_text('<?xml version="1.0"?>\n<!-- of last time -->\n<testsuites></testsuites>\n')
    hgw("verify", "--report", "junit=r.xml")
    assert ET.parse(here / "r.xml").getroot().tag == "testsuite"


def test_a_running_gateway_is_verified_as_far_as_it_can_be(hgw, here, engine):
    (here / "hgw.yaml").write_text(GUIDE)
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=here) as gateway:
        url = gateway.document()["data"]["url"]
        outcome = hgw("verify", "--url", url, "--output", "json")
        document = json.loads(outcome.out)
        assert outcome.code == 0, outcome.out
        assert [entry["status"] for entry in document["data"]["steps"]] == ["passed"] * 3 + ["skipped"]
        assert document["data"]["counts"] == {"passed": 3, "failed": 0, "skipped": 1}
        assert document["data"]["engine"] == engine
        assert len(document["warnings"]) == 1
        assert "answered by the plugin" in document["warnings"][0]
        shown = hgw("verify", "--url", url)
        assert "3 of 3 steps ok, 1 not run" in shown.out
        assert (shown.out + shown.err).count("answered by the plugin") == 1
        assert "it has config, which only a gateway that hgw starts itself can do: leave out --url" in " ".join(
            shown.out.split()
        )

        (here / "other.wasm").write_bytes(plugin(marker=OLD))
        outcome = hgw("verify", "--url", url, "--module", "other.wasm")
        assert outcome.code == 1
        assert hashlib.sha256(plugin(marker=OLD)).hexdigest() in outcome.out


def test_a_running_gateway_serves_scenarios_that_ask_for_what_it_is_configured_with(hgw, here):
    (here / "hgw.yaml").write_text(GUIDE)
    (here / "config.yaml").write_text("answer: hello world\n")
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=here) as gateway:
        url = gateway.document()["data"]["url"]
        outcome = hgw("verify", "--url", url, "--scenario", "answered", "--output", "json")
        document = json.loads(outcome.out)
        assert outcome.code == 0, outcome.out
        assert document["warnings"] == []
        assert [entry["ok"] for entry in document["data"]["steps"]] == [True] * 2


def test_a_running_gateway_of_another_machine_shows_less(hgw, here, tmp_path, monkeypatch):
    (here / "hgw.yaml").write_text(GUIDE)
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=here) as gateway:
        url = gateway.document()["data"]["url"]
        monkeypatch.setenv("HGW_HOME", str(tmp_path / "elsewhere"))
        document = json.loads(hgw("verify", "--url", url, "--output", "json").out)
    assert [entry["status"] for entry in document["data"]["steps"]] == ["passed"] + ["skipped"] * 3
    assert document["exit_code"] == 1
    assert document["data"]["run_dir"] is None
    assert len(document["warnings"]) == 3


def test_an_answer_that_is_not_from_hgws_gateway_proves_nothing(hgw, here):
    """The trap of the guide: another program has the port, and its answers look like the gateway's."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _number in range(3):
                serve_once(server)

        threading.Thread(target=serve, daemon=True).start()
        outcome = hgw("verify", "--url", f"http://127.0.0.1:{server.getsockname()[1]}")
    assert outcome.code == 1
    assert "not from a gateway of hgw" in outcome.out


@pytest.mark.parametrize(
    ("expected", "got"), [("absent", "the headers of GET /get"), ({"body": "x"}, "cannot see what this upstream gets")]
)
def test_of_a_foreign_upstream_it_is_known_whether_it_was_reached(hgw, here, monkeypatch, expected, got):
    monkeypatch.setitem(sys.modules, "httpbin", None)
    (here / "hgw.yaml").write_text(scenario(expect={"upstream": expected}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve_once, args=(server,), daemon=True).start()
        outcome = hgw("verify", "--upstream", f"http://127.0.0.1:{server.getsockname()[1]}", "--output", "json")
    assert outcome.code == 1
    assert got in step(outcome)["got"]


def test_a_failed_step_shows_request_place_difference_and_the_plugins_words(hgw, here):
    (here / "hgw.yaml").write_text(
        "verify:\n"
        "  - name: the one\n"
        "    config: {answer: 1}\n"
        "    request: {method: POST, path: /post, headers: {x-a: b c}, body_file: body.txt}\n"
        "    expect:\n"
        "      status: 200\n"
        "      body: |\n"
        "        a line\n"
        f"        {'long ' * 50}\n"
    )
    (here / "body.txt").write_text("from a file")
    outcome = hgw("verify")
    assert outcome.code == 1
    assert f"{here / 'hgw.yaml'}:7" in outcome.out
    assert f"sent: curl -H 'x-a: b c' --data-binary @{here / 'body.txt'} http" in outcome.out
    assert "\n      got:\n        --- expected" in outcome.out
    assert "-a line" in outcome.out
    assert '+  "answer": 1' in outcome.out
    assert outcome.out.count('"answer": 1') == 1
    failed = step(hgw("verify", "--output", "json"))
    assert (failed["file"], failed["line"]) == (str(here / "hgw.yaml"), 7)
    assert failed["checks"][1]["key"] == "body"


def test_the_report_for_a_pipeline_says_what_was_expected_and_what_came(hgw, here):
    (here / "hgw.yaml").write_text(scenario(expect={"status": 201}))
    hgw("verify", "--report", "junit=r.xml")
    failure = ET.parse(here / "r.xml").getroot().find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "expected: status 201; got: status 200"
    assert "sent: curl http" in (failure.text or "")
    assert f"{here / 'hgw.yaml'}:" in (failure.text or "")
    outcome = hgw("--lang", "zh", "verify", "--report", "junit=r.xml", "--report", "github")
    failure = ET.parse(here / "r.xml").getroot().find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "应为：状态码 201；实际：状态码 200"
    assert "::应为：状态码 201%0A实际：状态码 200" in outcome.err


def test_the_body_of_a_request_comes_from_a_file(hgw, here):
    (here / "body.txt").write_bytes("你好 from a file".encode())
    request = {"method": "POST", "path": "/post", "headers": {"content-type": "text/plain"}, "body_file": "body.txt"}
    (here / "hgw.yaml").write_text(scenario(request=request, expect={"upstream": {"body": "你好 from a file"}}))
    outcome = hgw("verify")
    assert outcome.code == 0, outcome.out


@pytest.mark.parametrize(
    ("request_", "problem"), [({"body_file": "nowhere"}, "nowhere"), ({"body_file": "a", "body": "b"}, "one of")]
)
def test_a_body_that_cannot_be_sent_is_refused_with_its_place(hgw, here, request_, problem):
    (here / "hgw.yaml").write_text(scenario(request=request_))
    outcome = hgw("verify")
    assert outcome.code == 3
    assert problem in outcome.err
    assert "hgw.yaml:" in outcome.err


def test_a_body_above_the_limit_is_refused_as_on_higress_and_the_limit_can_be_set(hgw, here):
    (here / "config.yaml").write_text("buffer: true\n")
    (here / "body.txt").write_text("x" * 50_000)
    request = {"method": "POST", "path": "/post", "body_file": "body.txt"}
    (here / "hgw.yaml").write_text(scenario(request=request, expect={"status": 413}))
    assert hgw("verify").code == 0
    assert hgw("verify", "--buffer-limit", "60000").code == 1


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_body_above_the_limit_is_named_as_the_cause_whether_headers_have_left_or_not(hgw, here, side):
    (here / "main.wasm").write_bytes(holding_body(f"proxy_on_{side}_body"))
    message = {"body_file": "body.txt", **({"method": "POST", "path": "/post"} if side == "request" else {})}
    (here / "body.txt").write_text("x" * 50_000)
    (here / "hgw.yaml").write_text(scenario(**{side: message}, expect={"status": 200}))
    (cause,) = step(hgw("verify", "--output", "json"))["causes"]
    body = "the request's body" if side == "request" else "the answer's body"
    assert cause.startswith(f"{body} is longer than what the gateway holds for a plugin, 32768 bytes")
    assert hgw("verify", "--buffer-limit", "60000").code == 0
