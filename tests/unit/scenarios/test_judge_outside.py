"""What the upstream and the services should have got beside what they got."""

from datetime import UTC, datetime

import pytest

from higress_cli.gateway.events import HeadersSentUpstream
from higress_cli.gateway.servers import Seen
from higress_cli.project.matcher import Contains, Equals
from higress_cli.project.scenario import CallExpectation, Expectation, RequestMatch, UpstreamExpectation
from higress_cli.scenarios.judge import judge
from higress_cli.scenarios.observation import Call, Observed
from higress_cli.system.exact_request import WholeAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTH, REDIS = "outbound|80||auth.dns", "outbound|6379||redis.static"
CHECK = Call(
    cluster=AUTH,
    seen=Seen.of_pairs(
        method="POST", path="/check", pairs=(("a", "1"), ("a", "2")), body=b"token=x", trailers=(("t", "1"),)
    ),
)
GET = Call(cluster=AUTH, seen=Seen(method="GET", path="/", headers={}, body=None))
INCR = Call(cluster=REDIS, command="INCR n")


def judged(expect: Expectation, **observed: object) -> list[tuple[bool, str, str]]:
    given: dict = {"answer": WholeAnswer(status=200, headers={}, body=b""), **observed}
    return [(check.ok, check.expected, check.got) for check in judge(expect, Observed(**given))]


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [
        pytest.param({"seen": [CHECK.seen]}, (True, "POST /check"), id="a request"),
        pytest.param({"seen": ()}, (False, "the upstream gets no request"), id="none"),
        pytest.param({"seen": None}, (False, "hgw cannot see what this upstream gets"), id="not seen"),
    ],
)
def test_the_upstream_gets_a_request(observed: dict[str, object], verdict: tuple[bool, str]) -> None:
    (found,) = judged(Expectation(upstream=UpstreamExpectation()), **observed)
    assert found == (verdict[0], "the upstream gets a request", verdict[1])


SENT = HeadersSentUpstream(at=NOW, method="POST", path="/post")


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [
        pytest.param({"seen": ()}, (True, "the upstream gets no request"), id="none"),
        pytest.param({"seen": [CHECK.seen, GET.seen]}, (False, "it got POST /check, GET /"), id="two"),
        pytest.param({"seen": (), "events": [SENT]}, (False, "it got the headers of POST /post"), id="headers alone"),
        pytest.param({"seen": None, "events": ()}, (True, "the upstream gets no request"), id="seen by the gateway"),
        pytest.param({"seen": None, "events": None}, (False, "hgw cannot see what this upstream gets"), id="not seen"),
    ],
)
def test_the_upstream_gets_no_request(observed: dict[str, object], verdict: tuple[bool, str]) -> None:
    (found,) = judged(Expectation(upstream=UpstreamExpectation(reached=False)), **observed)
    assert found == (verdict[0], "the upstream gets no request", verdict[1])


def test_each_part_of_the_upstreams_request_is_a_check_of_its_own() -> None:
    wanted = RequestMatch(
        method=Equals("POST"),
        path=Equals("/other"),
        headers={"a": Equals("1, 2")},
        body=Contains("token"),
        trailers={"t": Equals("2")},
    )
    assert judged(Expectation(upstream=UpstreamExpectation(request=wanted)), seen=[CHECK.seen])[1:] == [
        (True, "the method at the upstream is `POST`", "the method at the upstream is `POST`"),
        (False, "the path at the upstream is `/other`", "the path at the upstream is `/check`"),
        (
            True,
            "header a of the request at the upstream is `1, 2`",
            "header a of the request at the upstream is `1, 2`",
        ),
        (
            True,
            "body of the request at the upstream contains `token`",
            "body of the request at the upstream is `token=x`",
        ),
        (False, "trailer t at the upstream is `2`", "trailer t at the upstream is `1`"),
    ]


@pytest.mark.parametrize(
    ("wanted", "calls", "verdict"),
    [
        pytest.param(
            CallExpectation(service="auth.dns:80"),
            [CHECK, GET],
            (True, "a call to auth.dns:80", "POST /check, GET /"),
            id="some call",
        ),
        pytest.param(
            CallExpectation(service="auth.dns:80"),
            [INCR],
            (False, "a call to auth.dns:80", "no call to auth.dns:80"),
            id="another service's",
        ),
        pytest.param(
            CallExpectation(service="auth.dns:80", times=1),
            [CHECK, GET],
            (False, "1 call to auth.dns:80", "2 of them: POST /check, GET /"),
            id="one too many",
        ),
        pytest.param(
            CallExpectation(service="auth.dns:80", times=0),
            [],
            (True, "0 calls to auth.dns:80", "no call to auth.dns:80"),
            id="none, as wanted",
        ),
        pytest.param(
            CallExpectation(
                service="auth.dns:80", request=RequestMatch(method=Equals("POST"), body=Contains("token")), times=1
            ),
            [CHECK, GET],
            (
                True,
                "1 call to auth.dns:80: the method is `POST`; body of the request contains `token`",
                "POST /check, GET /",
            ),
            id="one that fits",
        ),
        pytest.param(
            CallExpectation(service="auth.dns:80", request=RequestMatch(body=Contains("other"))),
            [CHECK, GET],
            (False, "a call to auth.dns:80: body of the request contains `other`", "POST /check, GET /"),
            id="none that fits",
        ),
        pytest.param(
            CallExpectation(service="redis.static:6379", command=Equals("INCR n")),
            [INCR],
            (True, "a call to redis.static:6379: the command is `INCR n`", "INCR n"),
            id="a command",
        ),
        pytest.param(
            CallExpectation(service="redis.static:6379", command=Equals("GET n")),
            [INCR],
            (False, "a call to redis.static:6379: the command is `GET n`", "INCR n"),
            id="another command",
        ),
    ],
)
def test_a_service_is_called(wanted: CallExpectation, calls: list[Call], verdict: tuple[bool, str, str]) -> None:
    assert judged(Expectation(calls=(wanted,)), calls=calls) == [verdict]


def test_calls_that_hgw_cannot_see_are_not_claimed() -> None:
    hidden = "hgw cannot see the calls of auth.dns:80, which is not one of its own"
    expect = Expectation(calls=(CallExpectation(service="auth.dns:80", times=0),))
    assert judged(expect, hidden=frozenset({AUTH})) == [(False, "0 calls to auth.dns:80", hidden)]
    assert judged(Expectation(calls=()), hidden=frozenset({AUTH})) == [(False, "the plugin calls no service", hidden)]


def test_no_service_is_called() -> None:
    nothing = "the plugin calls no service"
    assert judged(Expectation(calls=())) == [(True, nothing, nothing)]
    assert judged(Expectation(calls=()), calls=[CHECK, INCR]) == [(False, nothing, "it calls POST /check, INCR n")]


def test_a_call_that_no_rule_is_for_fails_whatever_was_expected() -> None:
    unfit = Call(cluster=AUTH, seen=GET.seen, fits=False)
    assert judged(Expectation(), calls=[CHECK, unfit]) == [
        (False, "each call to auth.dns:80 matches a rule", "no rule matches GET /")
    ]
    assert Call(cluster=AUTH).title == ""
