from datetime import UTC, datetime
from typing import Any

import pytest

from higress_cli.digest import Sha256
from higress_cli.gateway.events import HeadersSentUpstream, PluginLine, Trap
from higress_cli.gateway.refusal import PluginRefused
from higress_cli.gateway.servers import Seen
from higress_cli.project.matcher import Absent, Contains, Equals, Matches
from higress_cli.project.scenario import Expectation, LineExpectation, RequestMatch, UpstreamExpectation
from higress_cli.scenarios.judge import judge, judge_accepted, judge_identity, judge_refusal
from higress_cli.scenarios.matching import quote
from higress_cli.scenarios.observation import Observed
from higress_cli.system.exact_request import WholeAnswer

DIGEST = Sha256("ab" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def answer(status: int = 200, body: str = "", **headers: str) -> WholeAnswer:
    return WholeAnswer(status=status, headers=headers, body=body.encode(), pairs=tuple(headers.items()))


def reached(*, is_wanted: bool = True, **request: Any) -> Expectation:
    return Expectation(upstream=UpstreamExpectation(reached=is_wanted, request=RequestMatch(**request)))


def verdict(expect: Expectation, **observed: Any) -> bool:
    checks = judge(expect, Observed(**{"answer": answer(), **observed}))
    assert all(check.expected and check.got for check in checks)
    return all(check.ok for check in checks)


@pytest.mark.parametrize(
    ("match", "text", "fits"),
    [
        (Equals("hello"), "hello", True),
        (Equals("hello"), "hello\n", True),
        (Equals("hello\n"), "hello", True),
        (Equals("hello"), "hello ", False),
        (Equals(""), "", True),
        (Contains("ell"), "hello", True),
        (Contains("elk"), "hello", False),
        (Matches("^h.*o$"), "hello", True),
        (Matches("^e"), "hello", False),
    ],
)
def test_a_body_is_judged_as_the_scenario_says(match, text, fits):
    assert verdict(Expectation(body=match), answer=answer(body=text)) is fits


@pytest.mark.parametrize(
    ("match", "headers", "fits"),
    [
        (Equals("1"), {"x": "1"}, True),
        (Equals("1"), {}, False),
        (Contains(""), {}, False),
        (Absent(), {}, True),
        (Absent(), {"x": ""}, False),
    ],
)
def test_a_header_is_there_or_not(match, headers, fits):
    assert verdict(Expectation(headers={"x": match}), answer=answer(**headers)) is fits


@pytest.mark.parametrize(
    ("wanted", "seen", "fits"),
    [
        (False, (), True),
        (False, None, True),
        (True, (), False),
        (True, None, False),
        (True, (Seen(method="GET", path="/", headers={}, body=b""),), True),
        (False, (Seen(method="GET", path="/", headers={}, body=b""),), False),
    ],
)
def test_whether_the_upstream_was_reached(wanted, seen, fits):
    assert verdict(reached(is_wanted=wanted), seen=seen) is fits


def test_what_neither_the_upstream_nor_the_gateway_tells_is_not_claimed():
    assert not verdict(reached(is_wanted=False), seen=None, events=None)


def test_headers_alone_have_reached_the_upstream_too():
    sent = HeadersSentUpstream(at=NOW, method="POST", path="/post")
    checks = judge(reached(is_wanted=False), Observed(answer=answer(), seen=(), events=[sent]))
    assert [check.ok for check in checks] == [False]
    assert "the headers of POST /post" in checks[0].got


def test_a_crash_fails_whatever_was_expected_and_says_where():
    trap = Trap(
        at=NOW,
        function="proxy_on_log",
        reason="unreachable",
        panic="panic: runtime error: index out of range",
        frames=("runtime.runtimePanicAt", "runtime.lookupPanic", "main.main$2", "proxy_on_log"),
    )
    checks = judge(Expectation(), Observed(answer=answer(), events=[trap]))
    assert [check.ok for check in checks] == [False]
    assert checks[0].got == "the plugin crashed in proxy_on_log: runtime error: index out of range, at main.main$2"


def test_a_panic_that_the_wrapper_caught_is_a_crash_too():
    line = PluginLine(at=NOW, level="error", text="[demo] [nil] recovered from panic runtime error: nil map")
    checks = judge(Expectation(status=200), Observed(answer=answer(), events=[line]))
    assert [check.ok for check in checks] == [False, True]
    assert "nil map" in checks[0].got


def test_the_last_request_of_several_is_the_one_that_counts():
    seen = tuple(Seen(method="GET", path=path, headers={}, body=b"") for path in ("/first", "/last"))
    assert verdict(reached(path=Equals("/last")), seen=seen)


def test_a_body_too_long_to_be_kept_fits_nothing():
    seen = (Seen(method="GET", path="/", headers={}, body=None),)
    assert not verdict(reached(body=Contains("")), seen=seen)


def test_no_answer_is_one_failure_and_says_why():
    checks = judge(Expectation(status=200, body=Equals("x")), Observed(answer=None, problem="refused"))
    assert [check.ok for check in checks] == [False]
    assert "refused" in checks[0].got


@pytest.mark.parametrize(
    ("match", "log", "fits"),
    [
        (Contains("two"), ["one", "number two"], True),
        (Contains("two"), ["one"], False),
        (Contains("two"), [], False),
        (None, [], True),
        (None, ["one"], False),
    ],
)
def test_one_line_of_the_log_has_to_fit(match, log, fits):
    events = [PluginLine(at=NOW, level="info", text=text) for text in log]
    line = LineExpectation(matcher=match, none=match is None)
    assert verdict(Expectation(log=(line,)), events=events) is fits


@pytest.mark.parametrize(
    ("value", "ok"),
    [
        (f"engine=envoy; run=r; config=2; sha256={DIGEST}; by=via_upstream", True),
        (f"engine=envoy; run=r; config=2; sha256={DIGEST}; by=", True),
        (f"engine=tomorrow; run=r; config=2; sha256={DIGEST}; by=anything", True),
        (f"engine=envoy; run=other; config=2; sha256={DIGEST}; by=", False),
        (f"engine=envoy; run=r; config=1; sha256={DIGEST}; by=", False),
        (f"engine=envoy; run=r; config=2; sha256={'cd' * 32}; by=", False),
        (f"engine=envoy; run=r; config=2; sha256={DIGEST}; by=wasm_fail_stream", False),
        ("nonsense", False),
        (None, False),
    ],
)
def test_only_this_run_this_configuration_and_this_living_module_count(value, ok):
    given = answer(**({"x-hgw-identity": value} if value else {}))
    assert judge_identity(given, run="r", version="2", digest=DIGEST).ok is ok


def test_a_long_text_is_cut_and_its_length_told():
    assert quote("a\nb") == "`a\\nb`"
    assert "(1000 characters)" in quote("x" * 1000)
    assert len(quote("x" * 1000)) < 200


def test_a_crash_without_an_answer_is_the_only_failure():
    trap = Trap(at=NOW, function="proxy_on_request_headers", reason="unreachable")
    checks = judge(Expectation(status=200), Observed(answer=None, problem="reset", events=[trap]))
    assert [(check.ok, check.got) for check in checks] == [
        (False, "the plugin crashed in proxy_on_request_headers: unreachable")
    ]


def test_a_plugin_that_does_not_start_says_why():
    line = PluginLine(at=NOW, level="error", text="no such key")
    refused = PluginRefused("refused", code="config-refused", details={"said": ["a", "b"]}).with_lines([line])
    wanted = Expectation(start="fails", log=(LineExpectation(matcher=Contains("key")),), lines={"start": 3})
    assert [(check.ok, check.expected, check.got, check.line) for check in judge_refusal(wanted, refused)] == [
        (True, "the plugin does not start", "a; b", 3),
        (True, "a line of the plugin's log contains `key`", "`no such key`", None),
    ]
    (check,) = judge_refusal(Expectation(lines={"start": 3}), PluginRefused("refused", code="config-refused"))
    assert (check.ok, check.got) == (False, "refused")
    assert check.expected == "the plugin accepts this configuration"


def test_a_plugin_that_starts_although_it_should_not():
    check = judge_accepted(Expectation(start="fails", lines={"start": 3}))
    assert (check.ok, check.got, check.line) == (False, "the plugin accepts this configuration", 3)


def test_a_plugin_that_starts_as_it_should():
    (check,) = judge(Expectation(start="ok", lines={"start": 3}), Observed(answer=answer()))
    assert (check.ok, check.expected, check.line) == (True, "the plugin accepts this configuration", 3)


@pytest.mark.parametrize(
    ("line", "expected", "got"),
    [
        (LineExpectation(), "the plugin writes something", "`one`"),
        (LineExpectation(none=True), "the plugin writes nothing", "`one`"),
        (LineExpectation(level="warn"), "a line of the plugin's log at level warn", "`[warn] two`"),
        (LineExpectation(level="error"), "a line of the plugin's log at level error", "`[info] one\\n[warn] two`"),
        (LineExpectation(level="error", none=True), "not: a line of the plugin's log at level error", "no such line"),
        (
            LineExpectation(level="warn", matcher=Equals("two")),
            "a line of the plugin's log at level warn is `two`",
            "`[warn] two`",
        ),
    ],
)
def test_what_the_plugin_wrote_in_words(line, expected, got):
    events = [PluginLine(at=NOW, level="info", text="one"), PluginLine(at=NOW, level="warn", text="two")]
    (check,) = judge(Expectation(log=(line,)), Observed(answer=answer(), events=events))
    assert (check.expected, check.got) == (expected, got)


def test_of_several_expected_lines_each_is_a_check():
    log = (LineExpectation(matcher=Equals("one"), line=4), LineExpectation(matcher=Equals("two")))
    checks = judge(Expectation(log=log, lines={"log": 3}), Observed(answer=answer(), events=[]))
    assert [(check.key, check.line, check.got) for check in checks] == [
        ("log[0]", 4, "the plugin wrote nothing"),
        ("log[1]", 3, "the plugin wrote nothing"),
    ]


def test_trailers_and_the_time_of_an_answer_are_judged():
    given = WholeAnswer(status=200, headers={}, body=b"", trailers=(("t", "1"), ("t", "2")))
    expect = Expectation(trailers={"t": Equals("1")}, within=0.2)
    assert [(check.ok, check.expected, check.got) for check in judge(expect, Observed(answer=given, seconds=0.25))] == [
        (False, "trailer t is `1`", "trailer t is `1, 2`"),
        (False, "an answer within 0.2 s", "an answer after 0.250 s"),
    ]


def test_no_answer_is_not_from_the_module():
    check = judge_identity(None, digest=DIGEST)
    assert (check.ok, check.got) == (False, "no answer")
