import dataclasses
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from junitparser import Failure, TestSuite

from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Evidence
from higress_cli.scenarios.junit import is_junit, junit
from higress_cli.scenarios.step import Exchange, StepStatus, make_step


def step(name: str, *, ok: bool):
    return make_step(name, [Evidence(ok=ok, expected="status 200", got="status \x00<500>")], started=time.monotonic())


def test_a_report_is_xml_whatever_the_answers_were():
    suite = ET.fromstring(junit("my 插件 & more", [step("good", ok=True), step("bad", ok=False)]))
    assert suite.get("name") == "my 插件 & more"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert suite[0].find("failure") is None
    assert suite[1].find("failure").text == "expected: status 200\ngot: status ?<500>"


def test_a_junit_reader_understands_it():
    skipped = dataclasses.replace(step("later", ok=True), status=StepStatus.SKIPPED, reason="not here")
    report = junit("demo", [step("good", ok=True), step("bad", ok=False), skipped])
    suite = TestSuite.fromstring(report.decode())
    cases = list(suite)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 1, 0, 1)
    assert [case.name for case in cases] == ["good", "bad", "later"]
    assert [case.is_passed for case in cases] == [True, False, False]
    assert isinstance(cases[1].result[0], Failure)
    assert cases[1].result[0].message.startswith("expected: status 200; got: ")
    assert cases[2].is_skipped
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 1, 0, 1)


def test_the_same_scenario_on_several_engines_is_several_cases():
    steps = [
        dataclasses.replace(step("good", ok=True), engine=engine, abi=abi)
        for engine in ("envoy", "builtin")
        for abi in ("0.2.1", "0.2.100")
    ]
    cases = [(case.classname, case.name) for case in TestSuite.fromstring(junit("demo", steps).decode())]
    assert len(set(cases)) == 4
    assert cases[0] == ("demo (ABI 0.2.1, envoy)", "good")


def test_an_error_that_ended_it_is_a_test_case_of_its_own():
    error = GatewayError("it died", code="gateway-died", hint="look")
    suite = ET.fromstring(junit("p", [step("good", ok=True)], error=error))
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    assert suite[1].get("name") == "gateway-died"
    assert suite[1].find("error").get("message") == "it died"


def test_a_failure_tells_all_that_is_known_of_the_step():
    check = Evidence(ok=False, expected="body is `a`", got="body is `b`", difference="-a\n+b")
    failed = make_step("bad", [check], started=time.monotonic())
    known = dataclasses.replace(
        failed,
        file=Path("/hgw.yaml"),
        line=7,
        exchange=Exchange(request="curl http://127.0.0.1/", status=200, body="b"),
        causes=("the plugin crashed",),
        log=("[info] hello",),
    )
    assert ET.fromstring(junit("demo", [known]))[0][0].text.splitlines() == [
        "/hgw.yaml:7",
        "sent: curl http://127.0.0.1/",
        "expected: body is `a`",
        "got: body is `b`",
        "-a",
        "+b",
        "cause: the plugin crashed",
        "[info] hello",
    ]


@pytest.mark.parametrize(
    ("begin", "is_one"),
    [
        pytest.param(junit("demo", []), True, id="hgw's own"),
        pytest.param(b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- of a tool -->\n<testsuites>', True, id="another tool's"),
        pytest.param(b"<html><testsuite>", False, id="another document"),
        pytest.param(b"testsuite", False, id="a text"),
    ],
)
def test_a_report_is_known_by_its_beginning(begin, is_one):
    assert is_junit(begin) is is_one
