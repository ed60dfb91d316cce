"""The scenario language on each engine that carries it: what passes, what fails and with which words."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.plugins import plugin
from tests.support.storing_plugin import storing_plugin

pytestmark = pytest.mark.extra("local")

FITS = """
verify:
  - name: a response of the scenario, with a repeated header, chunks and trailers
    request: {method: POST, path: /post, headers: {cookie: [a=1, b=2]}, chunks: [one, two], trailers: {t: "1"}}
    response:
      status: 201
      headers: {set-cookie: [a=1, b=2]}
      chunks: ['{"user": ', '{"name": "ann", "n": [1, true]}}']
      trailers: {checksum: abc}
    expect:
      status: 201
      headers: {set-cookie: [a=1, {matches: "^b"}], hello: null}
      body: {json: {user.name: ann, "user.n[0]": 1, "user.n[1]": true, user.n: [1, true], x: null,
        user: {not: {equals: {}}}}}
      trailers: {checksum: abc, other: null}
      upstream: {method: post, path: /post, headers: {hello: [world]}, body: onetwo, trailers: {t: "1"}}
  - name: bytes
    response: {body_file: body.bin}
    expect:
      body: {all: [{file: body.bin}, {sha256: DIGEST}, {not: {contains: zyx}}]}
  - name: the first rule that fits
    config: {dispatch: true}
    services:
      "svc.dns:80":
        - {match: {method: POST}, status: 500}
        - {match: {method: get, path: {matches: "^/a"}, headers: {x: null}}, status: 404}
        - {status: 200}
    expect:
      body: "404"
      calls: [{service: "svc.dns:80", method: GET, path: /ask, times: 1}]
      upstream: absent
      log: [{none: {level: warn}}]
  - name: a log with levels
    config: {dispatch: true}
    services: {"svc.dns:80": absent}
    expect: {body: no such service, log: [{level: warn, contains: such service}, {none: {contains: panic}}], calls: []}
  - name: one request after another
    config: {answer: me}
    request: {path: /a}
    steps:
      - {expect: {body: {contains: me}}}
      - {request: {path: /b, via: upstream}, response: {status: 404, body: down}, expect: {status: 404, body: down}}
      - {request: {path: "/get?c=d", via: upstream}, expect: {body: {json: {args.c: d}}, within: 5}}
    expect: {status: 200}
  - name: again and again
    config: {answer: me}
    repeat: 2
    expect: {status: 200, actions: {request_headers: HeaderStopAllIterationAndWatermark}}
  - name: it does not start
    config: {refuse: true}
    expect: {start: fails, log: [{level: error, contains: no good}, plugin started]}
  - name: a rule sees the cluster
    cluster: outbound|80||shop.dns
    route: shop
    config: {name: 1}
    expect: {start: ok, body: shop}
  - name: only for the other ABI
    abi: [0.2.100]
"""


@pytest.fixture(params=["envoy", "builtin"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HGW_ENGINE", request.param)
    return str(request.param)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    (folder / "body.bin").write_bytes(bytes(range(256)))
    return folder


def verified(hgw: Any, *argv: str) -> dict[str, Any]:
    return dict(json.loads(hgw("verify", "--output", "json", *argv).out))


def wrong(document: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """What was expected and what came, of each failed check, for each failed step."""
    steps = [step for step in document["data"]["steps"] if not step["ok"]]
    return [[(each["expected"], each["got"]) for each in step["checks"] if not each["ok"]] for step in steps]


def test_every_key_that_both_engines_carry(hgw, here):
    (here / "hgw.yaml").write_text(FITS.replace("DIGEST", hashlib.sha256(bytes(range(256))).hexdigest()))
    document = verified(hgw)
    assert document["ok"], wrong(document)
    names = [step["name"] for step in document["data"]["steps"]]
    assert [name for name in names if name.endswith(")")] == [
        *(f"one request after another ({number}/3)" for number in (1, 2, 3)),
        *(f"again and again ({number}/2)" for number in (1, 2)),
    ]
    assert document["data"]["counts"] == {"passed": 12, "failed": 0, "skipped": 1}
    assert document["data"]["steps"][-1]["reason"] == "it is for ABI 0.2.100, and the module has 0.2.1"


FAILS = """
verify:
  - name: a call without a rule
    config: {dispatch: true}
    services: {"svc.dns:80": [{match: {path: /other}}]}
    expect: {body: "503"}
  - name: calls that were not made, and one that was
    config: {dispatch: true}
    services: {"svc.dns:80": {}}
    expect: {calls: [{service: "svc.dns:80", path: /other}, {service: "svc.dns:80", times: 2}, {service: "x.dns:80"}]}
  - name: a call where there should be none
    config: {dispatch: true}
    services: {"svc.dns:80": {}}
    expect: {calls: []}
  - name: bodies
    response: {body: '{"a": {"b": 1}}'}
    expect: {body: {json: {a.b: "1", a.c: 2}}, headers: {content-type: [a, b]}, trailers: {x: y}}
  - name: a Redis that is asked for a page
    config: {dispatch: true}
    services: {"svc.dns:80": {redis: embedded}}
    expect: {body: "200"}
  - name: a service that nobody maps
    config: {dispatch: true}
    services: {"svc.dns:8080": {}}
    expect: {body: "200"}
  - name: no JSON
    response: {body: text}
    expect: {body: {json: {a: 1}}}
  - name: it starts after all
    expect: {start: fails}
  - name: too slow
    response: {delay: 0.4}
    expect: {within: 0.1}
  - name: it never goes on
    config: {stop: true}
    request: {method: POST, path: /post, body: x}
    expect: {within: 0.3}
    repeat: 2
"""


def causes_of(document: dict[str, Any], name: str) -> str:
    (step,) = [step for step in document["data"]["steps"] if step["name"] == name]
    return "; ".join(step["causes"])


def test_what_does_not_fit_is_told(hgw, here, engine):
    (here / "hgw.yaml").write_text(FAILS)
    document = verified(hgw)
    assert document["exit_code"] == 1
    found = wrong(document)
    assert found[0] == [("each call to svc.dns:80 matches a rule", "no rule matches GET /ask")]
    assert found[1] == [
        ("a call to svc.dns:80: the path is `/other`", "GET /ask"),
        ("2 calls to svc.dns:80", "1 of them: GET /ask"),
        ("a call to x.dns:80", "no call to x.dns:80"),
    ]
    assert found[2] == [("the plugin calls no service", "it calls GET /ask")]
    assert [expected for expected, _got in found[3]] == [
        "value 1 of 2 of header content-type is `a`; value 2 of 2 of header content-type is `b`",
        "body a.b is `1`",
        "body a.c is `2`",
        "trailer x is `y`",
    ]
    assert [got for _expected, got in found[3]] == [
        "the values of header content-type: `application/json`",
        "body a.b is `1`",
        "body a.c is absent",
        "trailer x is absent",
    ]
    assert found[4][1] == ("each call to svc.dns:80 matches a rule", "no rule matches GET /ask")
    assert "svc.dns:80 is a Redis here" in causes_of(document, "a Redis that is asked for a page")
    assert found[5] == [("body is `200`", "body is `no such service`")]
    unmapped = "only svc.dns:8080 is mapped" if engine == "builtin" else "name the service and its port"
    assert unmapped in causes_of(document, "a service that nobody maps")
    assert found[6] == [("body is JSON: a is `1`", "body is not JSON: `text`")]
    assert found[7] == [("the plugin does not start", "the plugin accepts this configuration")]
    assert found[8][0][0] == "an answer within 0.1 s"
    assert found[9][0][0] == "an answer"
    assert "request_headers returned HeaderStopIteration, and nothing resumed the request" in found[9][0][1]
    (cause,) = document["data"]["steps"][-2]["causes"]
    assert "under ABI 0.2.1 that stops the body too" in cause
    assert len(found) == 10
    last = document["data"]["steps"][-1]
    assert (last["status"], last["reason"]) == ("skipped", "step 1 got no answer")


INSIDE = """
verify:
  - name: a metric
    repeat: 2
    expect: {metrics: {seen: 1}}
  - name: what only Higress's host shows
    properties: {source.address: "10.0.0.9:4711"}
    clock: 2026-01-01T00:00:00Z
    expect:
      log: new year
      state: {shared: {key: value, other: null}, properties: {my.key: {contains: val}}}
      upstream: {headers: {client: "10.0.0.9:4711"}}
  - name: an unknown metric
    expect: {metrics: {other: 1, seen: 2}}
"""


def test_the_insides_of_a_plugin(hgw, here, engine):
    (here / "main.wasm").write_bytes(storing_plugin())
    (here / "hgw.yaml").write_text(INSIDE)
    document = verified(hgw)
    statuses = [step["status"] for step in document["data"]["steps"]]
    assert statuses == ["passed"] * 3 + ["passed" if engine == "builtin" else "skipped", "failed"], wrong(document)
    if engine == "envoy":
        assert (
            document["data"]["steps"][3]["reason"]
            == "the engine envoy does not support clock, expect.state, properties; --engine builtin does"
        )
    assert wrong(document) == [
        [
            ("the change of the metric other is `1`", "the plugin has no such metric; it has: seen"),
            ("the change of the metric seen is `2`", "the change of the metric seen is `1`"),
        ]
    ]


def test_each_scenario_has_a_fresh_virtual_machine_and_its_requests_share_it(hgw, here):
    (here / "main.wasm").write_bytes(storing_plugin())
    first, later = "{expect: {log: [first request]}}", "{expect: {log: [{none: first request}]}}"
    (here / "hgw.yaml").write_text(
        f"verify:\n  - {{name: one, steps: [{first}, {later}]}}\n  - {{name: two, steps: [{first}, {later}]}}\n"
    )
    document = verified(hgw)
    assert document["ok"], wrong(document)


def test_scenarios_in_files_of_their_own(hgw, here):
    (here / "verify").mkdir()
    (here / "verify" / "b.yaml").write_text(
        "- {name: second, request: {method: POST, path: /post, body_file: b.txt}}\n"
    )
    (here / "verify" / "b.txt").write_text("x")
    (here / "verify" / "a.yaml").write_text("- name: first\n  expect: {status: 418}\n")
    (here / "hgw.yaml").write_text("verify: [{file: verify/*.yaml}, {name: third}]\n")
    document = verified(hgw)
    steps = document["data"]["steps"][1:]
    assert [step["name"] for step in steps] == ["first", "second", "third"]
    assert (steps[0]["file"], steps[0]["line"]) == (str(here / "verify" / "a.yaml"), 2)


def test_a_crash_comes_first_and_once_with_its_cause(hgw, here):
    (here / "hgw.yaml").write_text(
        "verify: [{name: it lives, config: {crash: true}, expect: {status: 200, body: x}}]\n"
    )
    step = verified(hgw)["data"]["steps"][-1]
    assert [check["ok"] for check in step["checks"]] == [False, False, False]
    assert step["got"].count("the plugin crashed in proxy_on_request_headers") == 1
    assert step["got"].startswith("the plugin crashed in proxy_on_request_headers")
    assert len(step["causes"]) == 1
    assert "proxy_on_request_headers" in step["causes"][0]


def test_annotations_for_github_are_on_stderr(hgw, here, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(here))
    (here / "hgw.yaml").write_text("verify:\n  - name: 100%, or less\n    expect:\n      status: 201\n")
    outcome = hgw("verify", "--report", "github", "--report", "junit=r.xml")
    assert outcome.code == 1
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("::")]
    assert line.startswith("::error file=hgw.yaml,line=4,title=100%25%2C or less ")
    assert line.endswith("::expected: status 201%0Agot: status 200")
    assert (here / "r.xml").is_file()


def test_an_error_is_an_annotation_too(hgw, here):
    (here / "config.yaml").write_text("refuse: true\n")
    outcome = hgw("verify", "--report", "github")
    assert outcome.code == 8
    assert "::error title=config-refused::" in outcome.err
