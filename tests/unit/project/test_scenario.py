"""The `verify` section: what is sent, what is expected, which services are played."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.matcher import Absent, Contains, Equals, Matches
from higress_cli.project.scenario import (
    CallExpectation,
    Key,
    Request,
    RequestMatch,
    Response,
    Rule,
    Scenario,
    Service,
    Turn,
)
from higress_cli.project.scenario_files import read_scenarios
from higress_cli.project.scenario_grammar import SCENARIO
from higress_cli.project.yaml_node import compose


def read(text: str) -> Scenario:
    node = compose(Path("hgw.yaml"), text)
    assert node is not None
    return SCENARIO.read(node)


def only(scenario: Scenario) -> Turn:
    (turn,) = scenario.turns
    return turn


def test_a_name_is_enough_and_means_a_request_that_is_answered():
    scenario = read("name: it answers")

    assert only(scenario).request == Request(method="GET", path="/get", via="gateway")
    assert only(scenario).expect.status == 200
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

    assert only(scenario).request == Request(
        method="POST", path="/anything?x=1", headers={"x-who": ("me",)}, body="hello", via="gateway"
    )
    assert scenario.config == {"serviceName": "my-svc.dns", "servicePort": 80}
    assert scenario.services == {
        "my-svc.dns:80": Service(
            rules=(Rule(response=Response(status=403, headers={"x-token": ("abc",)}, body="no", delay=0.5)),)
        ),
        "other.dns:80": Service(mode="refused"),
        "third.dns:80": Service(mode="absent"),
    }
    expect = only(scenario).expect
    assert expect.status == 500
    assert expect.headers == {"x-reason": Equals("denied"), "x-missing": Absent(), "x-long": Contains("ab")}
    assert expect.body == Matches("^no .*")
    assert expect.upstream is not None
    assert expect.upstream.reached is True
    upstream = expect.upstream.request
    assert (upstream.method, upstream.path) == (Equals("POST"), Equals("/anything?x=1"))
    assert upstream.headers == {"x-token": Equals("abc")}
    assert upstream.body == Equals("hello")


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
    upstream = only(read(f"name: x\n{written}")).expect.upstream
    assert (upstream.reached if upstream else None) is reached


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("request: {}", "1:1: `name` is missing"),
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
        ("name: x\nrepeat: 2\nsteps: [{}]", "3:8: steps: say exactly one of: repeat, steps"),
        ("name: x\nrepeat: 0", "2:9: repeat: expected a whole number from 1"),
        ("name: x\nsteps: []", "1:1: `steps` is empty"),
        ("name: x\nabi: 0.2.0", "2:6: abi: `0.2.0` is none of: 0.2.1, 0.2.100"),
        ("name: x\nclock: noon", "2:8: clock: expected a time such as 2026-01-01T00:00:00Z"),
        ("name: x\nproperties: {a: [1]}", "2:17: properties.a: expected a string, a whole number, true or false"),
        (
            "name: x\nrequest: {body: a, chunks: [b]}",
            "2:28: request.chunks: say exactly one of: body, body_file, chunks",
        ),
        ("name: x\nexpect: {start: fails, status: 200}", "2:9: expect: with `start: fails` only `log` can be expected"),
        ("name: x\nrepeat: 2\nexpect: {start: fails}", "1:1: a plugin that does not start gets no requests"),
        ("name: x\nexpect: {calls: [{method: GET}]}", "2:18: expect.calls[0]: `service` is missing"),
        ("name: x\nexpect: {log: [{level: loud}]}", "2:24: expect.log[0].level: `loud` is none of"),
        ("name: x\nexpect: {log: [{none: a, level: warn}]}", "2:16: expect.log[0]: `none` stands alone"),
        ("name: x\nexpect: {actions: {request_body: HeaderContinue}}", "2:34: expect.actions.request_body: `Header"),
        ("name: x\nexpect: {upstream: gone}", "2:20: expect.upstream: `gone` is none of: absent"),
        ("name: x\nservices: {a.dns: {delay: -1}}", "2:27: services.a.dns.delay: expected a number of seconds"),
        ("name: x\nexpect: {within: 1e999}", "2:18: expect.within: expected a number of seconds from 0 to 1000000"),
        ("name: x\nexpect: {within: .nan}", "2:18: expect.within: expected a number of seconds from 0 to 1000000"),
        ("name: x\nrequest: {method: GÉT}", "2:19: request.method: `GÉT` is not an HTTP token"),
        ("name: x\nrequest: {method: 'a b'}", "2:19: request.method: `a b` is not an HTTP token"),
        ("name: x\nrequest: {headers: {é: x}}", "2:21: request.headers: `é` is not an HTTP token"),
        ("name: x\nresponse: {trailers: {'a b': x}}", "2:23: response.trailers: `a b` is not an HTTP token"),
        ('name: x\nrequest: {headers: {x: "a\\nb"}}', "2:24: request.headers.x: the value of a header has no line"),
        ('name: x\nrequest: {headers: {x: [a, "\\0"]}}', "2:28: request.headers.x[1]: the value of a header has no"),
        (
            "name: x\nrequest: {path: '/é b?c=%20'}",
            (
                "2:17: request.path: a path has only visible ASCII characters; "
                "percent-encoded, this one is /%C3%A9%20b?c=%20"
            ),
        ),
        (
            "name: x\nexpect: {body: {matches: 'a{999999999}'}}",
            (
                "2:26: expect.body.matches: not a regular expression: "
                "its repetitions written out, it has more than 1000000 parts"
            ),
        ),
        ("name: x\nexpect: {body: {matches: '((a{300}){300}){300}'}}", "2:26: expect.body.matches: not a regular"),
        ("name: x\nexpect: {body: {matches: '(a)?(?(1)b{9999999}|c)'}}", "2:26: expect.body.matches: not a regular"),
        ('name: x\nrequest: {body: "\\uD800"}', "2:17: request.body: \\uD800 alone is half a character"),
        ('name: x\nconfig: {a: "\\uDC00"}', "2:13: config: \\uDC00 alone is half a character"),
        ('name: x\nconfig: {"\\uDC00": a}', "2:10: config: \\uDC00 alone is half a character"),
        (f"name: x\nconfig: {{a: 0x{'f' * 4000}}}", "2:13: config: a whole number has at most 3500 digits"),
        (
            f"name: x\nexpect: {{body: {{matches: '{'(' * 5000}'}}}}",
            "2:26: expect.body.matches: not a regular expression: it",
        ),
        ('name: x\nenv: {"\\uDC00": a}', "2:7: env: \\uDC00 alone is half a character"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, message):
    with pytest.raises(InvalidInput) as caught:
        read(text)

    assert caught.value.code == "settings-invalid"
    place, _space, problem = message.partition(" ")
    title = "scenario `x`: " if "name: x" in text else ""
    assert caught.value.message.startswith(f"hgw.yaml:{place} {title}{problem}")


@pytest.mark.parametrize(
    "text",
    [
        "request: {method: M-SEARCH, headers: {X_y.z!: é中, a: '', b: [1, true]}}",
        "request: {path: '/%C3%A9?a={b}|c'}",
        "expect: {within: 0.5}",
        "expect: {body: {matches: 'a{100000}'}}",
        "expect: {body: {matches: '[a-z]{0,999999}(b{100}){100}'}}",
        "expect: {headers: {x: é}}",
    ],
)
def test_what_is_unusual_and_legitimate_is_taken(text: str):
    assert read(f"name: x\n{text}").name == "x"


def test_two_halves_of_a_character_are_one():
    scenario = read('name: "\\uD83D\\uDE00"\nconfig: {"\\uD83D\\uDE00": "\\uD83D\\uDE00"}')
    assert (scenario.name, scenario.config) == ("\U0001f600", {"\U0001f600": "\U0001f600"})


def test_a_character_beyond_the_last_is_no_yaml():
    with pytest.raises(InvalidInput) as caught:
        read('name: "\\UFFFFFFFF"')
    assert caught.value.code == "yaml-invalid"


def test_white_space_around_the_value_of_a_header_is_no_part_of_it():
    assert only(read("name: x\nrequest: {headers: {x: ' a b '}}")).request.headers == {"x": ("a b",)}


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
    assert scenario.services["rules.static:6379"] == Service(
        mode="redis",
        redis={"GET k": "1", "INCR n": 2, "LRANGE l 0 1": ["a", None], "*": {"error": "ERR down"}},
    )


@pytest.mark.parametrize(
    "service", ["{redis: other}", "{redis: embedded, status: 200}", "{redis: {GET k: {status: OK, error: ERR}}}"]
)
def test_a_redis_that_is_not_one(service):
    with pytest.raises(InvalidInput):
        read(f"name: counted\nservices: {{redis.static:80: {service}}}\n")


def test_steps_take_what_they_leave_out_from_above():
    scenario = read(
        """
name: x
request: {method: POST, path: /a, headers: {x: y}, body: one}
response: {status: 503}
steps:
  - {}
  - {request: {path: /b, chunks: [two]}, response: {body: down}, expect: {status: 200, body: two}}
expect: {status: 429}
"""
    )
    first, second = scenario.turns
    assert first.request == Request(method="POST", path="/a", headers={"x": ("y",)}, body="one")
    assert (first.response, first.expect.status) == (Response(status=503), 429)
    assert second.request == Request(method="POST", path="/b", headers={"x": ("y",)}, chunks=("two",))
    assert second.response == Response(status=503, body="down")
    assert (second.expect.status, second.expect.body) == (200, Equals("two"))
    assert [turn.line for turn in scenario.turns] == [6, 7]


def files(folder: Path, **texts: str) -> tuple[Scenario, ...]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    node = compose(folder / "a.yaml", texts["a"])
    assert node is not None
    return read_scenarios(node)


def test_a_file_of_scenarios_may_name_further_ones(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yaml").write_text("[{name: c}]")
    found = files(
        tmp_path, a="[{file: 'b*.yaml'}, {name: a}]", b2="[{name: b2}]", b1="[{file: sub/c.yaml}, {name: b1}]"
    )
    assert [scenario.name for scenario in found] == ["c", "b1", "b2", "a"]
    assert found[0].file == tmp_path / "sub" / "c.yaml"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[{file: nowhere.yaml}]", "no file fits `nowhere.yaml`"),
        ("[{file: '*.yaml'}]", "a.yaml would contain itself"),
        ("[{file: b.yaml, name: x}]", "unknown key `name`"),
        ("[{file: ''}]", "a.yaml:1:9: [0].file:"),
    ],
)
def test_a_file_that_cannot_be_named(tmp_path, text, problem):
    with pytest.raises(InvalidInput) as caught:
        files(tmp_path, a=text)
    assert problem in caught.value.message


def test_what_the_plugin_sees_of_the_world_is_typed():
    scenario = read("name: a\nclock: 2026-01-01T00:00:00\nproperties: {a: x, b: 1, c: true}")
    assert scenario.clock == datetime(2026, 1, 1, tzinfo=UTC)
    assert scenario.properties == {"a": "x", "b": 1, "c": True}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("clock: soon", "expected a time such as 2026-01-01T00:00:00Z"),
        ("properties: {a: 1.5}", "expected a string, a whole number, true or false"),
        ("expect: {log: {none: x, level: warn}}", "`none` stands alone"),
        ("expect: {log: {}}", "say exactly one of: equals, contains"),
        ("expect: {log: {contains: a, matches: b}}", "say exactly one of: equals, contains"),
        ("services: {a.dns: {redis: embedded, match: {method: GET}}}", "`redis` stands alone"),
    ],
)
def test_a_value_that_no_scenario_can_have(text, problem):
    with pytest.raises(InvalidInput, match=problem):
        read(f"name: a\n{text}")


def test_calls_of_services_are_expected_by_what_is_in_them():
    turn = only(read("name: a\nexpect:\n  calls: [{service: a.dns, path: /x, command: GET k, times: 2}]"))
    request = RequestMatch(path=Equals("/x"))
    call = CallExpectation(service="a.dns", request=request, command=Equals("GET k"), times=2, line=3)
    assert turn.expect.calls == (call,)


def test_a_scenario_knows_what_not_every_gateway_supports():
    assert read("name: a").keys == frozenset()
    whole = read(
        """
name: a
config: {a: 1}
env: {A: b}
route: r
cluster: c
properties: {a: b}
clock: 2026-01-01
services: {a.dns: refused}
request: {via: upstream, trailers: {t: "1"}}
response: {status: 200}
expect:
  {start: ok, upstream: absent, calls: [], log: x, metrics: {m: 1}, actions: {request_headers: ActionPause}, state: {}}
"""
    )
    assert whole.keys == frozenset(Key)


@pytest.mark.parametrize(
    "turn",
    [
        "response: {trailers: {t: a}}",
        "expect: {trailers: {t: a}}",
        "expect: {upstream: {trailers: {t: a}}}",
    ],
)
def test_trailers_are_known_wherever_they_are(turn):
    assert Key.TRAILERS in read(f"name: a\n{turn}").keys


def test_the_parts_of_a_body(tmp_path):
    (tmp_path / "body").write_bytes(b"file")
    assert Request().parts == ()
    assert not Request().has_body
    assert Request(body="text").has_body
    assert Request(body="text").parts == (b"text",)
    assert Request(body_file=tmp_path / "body").parts == (b"file",)
    assert Request(chunks=("a", "", "b")).parts == (b"a", b"b")
    assert [
        request.is_chunked for request in (Request(body="a"), Request(chunks=()), Request(trailers={"t": ("1",)}))
    ] == [
        False,
        True,
        True,
    ]


def test_a_step_keeps_the_body_above_it_unless_it_has_its_own():
    steps = "[{request: {path: /b}}, {request: {chunks: [y]}}]"
    scenario = read(f"name: a\nrequest: {{method: PUT, body: x}}\nsteps: {steps}")
    assert [turn.request for turn in scenario.turns] == [
        Request(method="PUT", path="/b", body="x"),
        Request(method="PUT", chunks=("y",)),
    ]


def test_a_line_is_that_of_the_nearest_key_above():
    expect = only(read("name: a\nexpect:\n  upstream:\n    headers: {X-A: 1}\n")).expect
    assert [expect.line(key) for key in ("upstream.headers.x-a", "upstream.body", "status")] == [4, 4, None]


def test_a_file_without_scenarios_or_that_cannot_be_read(tmp_path):
    (tmp_path / "a.yaml").write_text("# later\n")
    node = compose(tmp_path / "hgw.yaml", "[{file: '*.yaml'}]")
    assert node is not None
    assert read_scenarios(node) == ()
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(InvalidInput) as caught:
        read_scenarios(node)
    assert caught.value.code == "file-unreadable"


def test_a_scenario_is_for_every_module_or_for_those_of_some_abis():
    assert [read("name: a").is_for(abi) for abi in ("0.2.1", None)] == [True, True]
    assert [read("name: a\nabi: 0.2.1").is_for(abi) for abi in ("0.2.1", "0.2.100", None)] == [True, False, False]
