"""The `verify` section: what is sent, what is expected, which services are played."""

from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.scenario import Request, Scenario, Service, TextMatch, read_scenario
from higress_cli.project.yaml_node import compose


def read(text: str) -> Scenario:
    node = compose(Path("hgw.yaml"), text)
    assert node is not None
    return read_scenario(node)


def test_a_name_is_enough_and_means_a_request_that_is_answered():
    scenario = read("name: it answers")

    assert scenario.request == Request(method="GET", path="/get", headers={}, body="", via="gateway")
    assert scenario.expect.status == 200
    assert scenario.config is None
    assert scenario.services == {}


def test_a_whole_scenario():
    scenario = read(
        """
name: a token is added
config: {serviceName: my-svc.dns, servicePort: 80}
services:
  my-svc.dns:80: {status: 403, headers: {X-Token: abc}, body: no, delay: 0.5}
  other.dns:80: refused
  third.dns:80: absent
request: {method: post, path: "/anything?x=1", headers: {X-Who: me}, body: "hello"}
expect:
  status: 500
  headers:
    X-Reason: denied
    x-missing: null
    x-long: {contains: ab}
  body: {matches: "^no .*"}
  upstream:
    method: post
    path: /anything?x=1
    headers: {x-token: abc}
    body: {equals: hello}
"""
    )

    assert scenario.request == Request(
        method="POST", path="/anything?x=1", headers={"x-who": "me"}, body="hello", via="gateway"
    )
    assert scenario.config == {"serviceName": "my-svc.dns", "servicePort": 80}
    assert scenario.services == {
        "my-svc.dns:80": Service(mode="answer", status=403, headers={"x-token": "abc"}, body="no", delay_seconds=0.5),
        "other.dns:80": Service(mode="refused"),
        "third.dns:80": Service(mode="absent"),
    }
    expect = scenario.expect
    assert expect.status == 500
    assert expect.headers == {
        "x-reason": TextMatch(equals="denied"),
        "x-missing": TextMatch(absent=True),
        "x-long": TextMatch(contains="ab"),
    }
    assert expect.body == TextMatch(matches="^no .*")
    assert expect.upstream_reached is True
    assert (expect.upstream_method, expect.upstream_path) == ("POST", "/anything?x=1")
    assert expect.upstream_headers == {"x-token": TextMatch(equals="abc")}
    assert expect.upstream_body == TextMatch(equals="hello")


@pytest.mark.parametrize(
    ("written", "reached"),
    [
        ("expect: {status: 200}", None),
        ("expect: {upstream: absent}", False),
        ("expect: {upstream: null}", False),
        ("expect: {upstream: {}}", True),
    ],
)
def test_whether_the_upstream_is_asked_can_be_expected(written, reached):
    assert read(f"name: x\n{written}").expect.upstream_reached is reached


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("request: {}", "1:1: a scenario needs a `name`"),
        ("name: x\nreqest: {}", "2:1: unknown key `reqest`"),
        ("name: x\nrequest: {path: get}", "2:17: request.path: a path starts with `/`"),
        ("name: x\nrequest: {via: proxy}", "2:16: request.via: `proxy` is none of: gateway, upstream"),
        ("name: x\nconfig: [1]", "2:9: config: expected a mapping of keys to values"),
        ("name: x\nexpect: {status: 99}", "2:18: expect.status: expected a whole number from 100 to 599"),
        ("name: x\nexpect: {body: {}}", "2:16: expect.body: say exactly one of: equals, contains, matches"),
        ("name: x\nexpect: {body: {equals: a, contains: b}}", "2:16: expect.body: say exactly one of"),
        ("name: x\nexpect: {body: {matches: '('}}", "2:26: expect.body.matches: not a regular expression"),
        ("name: x\nservices: {a.dns: broken}", "2:19: services.a.dns: `broken` is none of: refused, absent"),
        ("name: x\nservices: {a.dns: {delay: soon}}", "2:27: services.a.dns.delay: expected a number of seconds"),
        ("name: x\nservices: {a.dns: {delay: -1}}", "2:27: services.a.dns.delay: expected a number of seconds"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, message):
    with pytest.raises(InvalidInput) as caught:
        read(text)

    assert caught.value.code == "settings-invalid"
    assert caught.value.message.startswith(f"hgw.yaml:{message}")


def test_a_redis_keeps_what_it_is_told_or_has_replies_by_command():
    scenario = read(
        """
name: counted
services:
  redis.static:6379: {redis: embedded}
  rules.static:6379: {redis: {"GET k": "1", "INCR n": 2, "LRANGE l 0 1": [a, null], "*": {error: ERR down}}}
"""
    )
    assert scenario.services["redis.static:6379"] == Service(mode="redis")
    rules = {"GET k": "1", "INCR n": 2, "LRANGE l 0 1": ["a", None], "*": {"error": "ERR down"}}
    assert scenario.services["rules.static:6379"] == Service(mode="redis", redis=rules)


@pytest.mark.parametrize(
    "service", ["{redis: other}", "{redis: embedded, status: 200}", "{redis: {GET k: {status: OK, error: ERR}}}"]
)
def test_a_redis_that_is_not_one(service):
    with pytest.raises(InvalidInput):
        read(f"name: counted\nservices: {{redis.static:80: {service}}}\n")
