"""What should have happened inside the plugin beside what did: metrics, actions, stored values."""

from datetime import UTC, datetime

import pytest

from higress_cli.gateway.contract import Inside
from higress_cli.gateway.events import CallbackReturned
from higress_cli.project.matcher import Absent, Equals, Is, Matcher
from higress_cli.project.scenario import Expectation, StateExpectation
from higress_cli.scenarios.judge import judge
from higress_cli.scenarios.observation import Observed
from higress_cli.system.exact_request import WholeAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def judged(expect: Expectation, **observed: object) -> list[tuple[bool, str, str]]:
    answer = WholeAnswer(status=200, headers={}, body=b"")
    given: dict = {"answer": answer, **observed}
    return [(check.ok, check.expected, check.got) for check in judge(expect, Observed(**given))]


CHANGE = "the change of the metric denied"


@pytest.mark.parametrize(
    ("matcher", "before", "after", "verdict"),
    [
        pytest.param(
            Is(1), {"denied": 2}, {"denied": 3}, (True, f"{CHANGE} is `1`", f"{CHANGE} is `1`"), id="one more"
        ),
        pytest.param(Is(1), None, {"denied": 3}, (False, f"{CHANGE} is `1`", f"{CHANGE} is `3`"), id="three of none"),
        pytest.param(
            Is(1),
            {},
            {"b": 0, "a": 0},
            (False, f"{CHANGE} is `1`", "the plugin has no such metric; it has: a, b"),
            id="another name",
        ),
        pytest.param(
            Absent(), {}, {}, (True, f"{CHANGE} is absent", "the plugin has no such metric; it has: none"), id="none"
        ),
        pytest.param(
            Absent(), None, None, (False, f"{CHANGE} is absent", "this gateway shows no metrics"), id="not shown"
        ),
    ],
)
def test_a_metric_changes(
    matcher: Matcher, before: dict[str, int] | None, after: dict[str, int] | None, verdict: tuple[bool, str, str]
) -> None:
    expect = Expectation(metrics={"denied": matcher})
    assert judged(expect, before=Inside(metrics=before), after=Inside(metrics=after)) == [verdict]


RETURNED = [
    CallbackReturned(at=NOW, function="proxy_on_request_headers", action=1),
    CallbackReturned(at=NOW, function="proxy_on_request_body", action=1),
    CallbackReturned(at=NOW, function="proxy_on_request_body", action=0),
    CallbackReturned(at=NOW, function="proxy_on_tick", action=0),
    CallbackReturned(at=NOW, function="proxy_on_log", action=None),
]
HEADERS, BODY = "what request_headers returns", "what request_body returns"


@pytest.mark.parametrize(
    ("phase", "wanted", "verdict"),
    [
        pytest.param(
            "request_headers",
            1,
            (True, f"{HEADERS} is HeaderStopIteration", f"{HEADERS} is HeaderStopIteration"),
            id="the only one",
        ),
        pytest.param(
            "request_body",
            1,
            (False, f"{BODY} is DataStopIterationAndBuffer", f"{BODY} is DataContinue"),
            id="the last",
        ),
        pytest.param(
            "request_body",
            (1, 0),
            (
                True,
                f"{BODY} is DataStopIterationAndBuffer, DataContinue",
                f"{BODY} is DataStopIterationAndBuffer, DataContinue",
            ),
            id="all in order",
        ),
        pytest.param(
            "response_headers",
            0,
            (
                False,
                "what response_headers returns is HeaderContinue",
                "response_headers was not called, or did not end",
            ),
            id="a phase that did not come",
        ),
    ],
)
def test_a_callback_returns_an_action(
    phase: str, wanted: int | tuple[int, ...], verdict: tuple[bool, str, str]
) -> None:
    assert judged(Expectation(actions={phase: wanted}), events=RETURNED) == [verdict]


def test_what_the_plugin_stored() -> None:
    state = StateExpectation(shared={"k": Equals("v"), "gone": Absent()}, properties={"my.key": Equals("x")})
    inside = Inside(shared={"k": b"v", "gone": b"no"}, properties=None)
    assert judged(Expectation(state=state), after=inside) == [
        (True, "shared data k is `v`", "shared data k is `v`"),
        (False, "shared data gone is absent", "shared data gone is `no`"),
        (False, "property my.key is `x`", "property my.key is absent"),
    ]
