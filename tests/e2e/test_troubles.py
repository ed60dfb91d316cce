"""Troubles of real plugins, compiled by the real TinyGo: each is found by `hgw verify`, and its cause is said."""

import json
import shutil
import socket
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

POST = "method: POST, path: /post, headers: {content-type: text/plain}"
SCENARIOS = f"""
verify:
  - name: deep recursion
    config: {{trouble: deep recursion}}
    expect: {{status: 200}}
  - name: the service answers
    config: {{trouble: unchecked answer}}
    services: {{"helper.static:80": {{status: 200, headers: {{x-owner: ann}}}}}}
    expect: {{status: 200, upstream: {{headers: {{x-owner: ann}}}}}}
  - name: the service is down
    config: {{trouble: unchecked answer}}
    services: {{"helper.static:80": refused}}
    expect: {{status: 200}}
  - name: nobody maps the service
    config: {{trouble: unchecked answer}}
    expect: {{status: 200, upstream: {{headers: {{x-owner: ann}}}}}}
  - name: accounting of a team
    config: {{trouble: careless accounting}}
    request: {{headers: {{x-team: "team:a"}}}}
  - name: accounting without a team
    config: {{trouble: careless accounting}}
    request: {{headers: {{x-team: a}}}}
  - name: accounting of a team again
    config: {{trouble: careless accounting}}
    request: {{headers: {{x-team: "team:a"}}}}
  - name: the guard forbids
    config: {{trouble: late guard}}
    services: {{"helper.static:80": {{status: 403, delay: 0.3}}}}
    request: {{{POST}, body: hello}}
    expect: {{status: 403, upstream: absent}}
  - name: a body above the limit
    config: {{trouble: long body}}
    request: {{{POST}, body_file: body.txt}}
    expect: {{status: 413}}
  - name: a longer body
    config: {{trouble: kept length}}
    request: {{{POST}, body: hello}}
    expect: {{upstream: {{body: "much longer than before: hello"}}}}
  - name: nothing is left of it
    request: {{path: /get}}
  - name: a header in the body phase
    config: {{trouble: late header}}
    request: {{{POST}, body: hello}}
    expect: {{upstream: {{headers: {{x-late: "yes"}}}}}}
  - name: no body at all
    config: {{trouble: late header}}
    request: {{method: POST, path: /post}}
    expect: {{upstream: {{headers: {{x-late: "yes"}}}}}}
  - name: the environment
    config: {{trouble: environment}}
    expect: {{upstream: {{headers: {{x-zone: north}}}}}}
"""
OUTCOMES = {
    "deep recursion": "the plugin crashed in proxy_on_request_headers: memory access out of bounds, at ",
    "the service answers": None,
    "the service is down": "in proxy_on_http_call_response: runtime error: index out of range, at main.onHeaders$1",
    "nobody maps the service": "the plugin calls helper.static:80, and no service is mapped to it",
    "accounting of a team": None,
    "accounting without a team": "in proxy_on_log: runtime error: index out of range, at main.onDone",
    "accounting of a team again": None,
    "the guard forbids": "it got the headers of POST /post",
    "a body above the limit": None,
    "a longer body": "the upstream cuts it at content-length: 5, which the plugin left",
    "nothing is left of it": None,
    "a header in the body phase": "proxy_add_header_map_value was refused in proxy_on_request_body",
    "no body at all": "the request has no body, so the plugin's request body phase did not run",
    "the environment": None,
}
"""What is said of each scenario that has to fail; None: it has to pass."""


@pytest.fixture(scope="session")
def troubles(real_hgw, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("troubles")
    assert real_hgw("init", str(folder / "plugin"), "--name", "troubles", cwd=folder).code == 0
    plugin = folder / "plugin"
    shutil.copy(Path(__file__).parent / "plugins" / "troubles.go", plugin / "main.go")
    (plugin / "config.yaml").write_text("trouble: none\n")
    (plugin / "hgw.yaml").write_text("profile: tinygo\nrun: {env: {ZONE: north}}\n" + SCENARIOS)
    (plugin / "body.txt").write_text("x" * 50_000)
    built = real_hgw("build", cwd=plugin)
    assert built.code == 0, built.err
    return plugin


def test_each_trouble_is_found_where_it_is_and_explained(troubles: Path, real_hgw):
    ended = real_hgw("verify", "--engine", "envoy", "--output", "json", cwd=troubles)
    assert ended.code == 1, ended.out + ended.err
    steps = {step["name"]: step for step in ended.document["data"]["steps"][1:]}
    assert list(steps) == list(OUTCOMES)
    for name, words in OUTCOMES.items():
        step = steps[name]
        assert (step["status"] == "passed") is (words is None), json.dumps(step, indent=1)
        assert words is None or any(words in text for text in (step["got"], *step["causes"])), json.dumps(
            step, indent=1
        )
        assert step["seconds"] < 10


def test_an_upstream_that_answers_on_the_headers_does_not_hide_that_they_were_sent(troubles: Path, real_hgw):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_early() -> None:
            connection, _address = server.accept()
            with connection:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nearly")

        threading.Thread(target=answer_early, daemon=True).start()
        upstream = f"http://127.0.0.1:{server.getsockname()[1]}"
        arguments = ("--scenario", "guard", "--upstream", upstream, "--engine", "envoy", "--output", "json")
        ended = real_hgw("verify", *arguments, cwd=troubles)
    assert ended.code == 1
    (step,) = ended.document["data"]["steps"][1:]
    assert "status 200" in step["got"]
    assert "it got the headers of POST /post" in step["got"]
