import time
import xml.etree.ElementTree as ET

from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Evidence
from higress_cli.scenarios.junit import junit
from higress_cli.scenarios.step import make_step


def step(name: str, *, ok: bool):
    return make_step(name, [Evidence(ok=ok, expected="status 200", got="status \x00<500>")], started=time.monotonic())


def test_a_report_is_xml_whatever_the_answers_were():
    suite = ET.fromstring(junit("my 插件 & more", [step("good", ok=True), step("bad", ok=False)]))
    assert suite.get("name") == "my 插件 & more"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert suite[0].find("failure") is None
    assert suite[1].find("failure").text == "expected: status 200\ngot: status ?<500>"


def test_an_error_that_ended_it_is_a_test_case_of_its_own():
    error = GatewayError("it died", code="gateway-died", hint="look")
    suite = ET.fromstring(junit("p", [step("good", ok=True)], error=error))
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    assert suite[1].get("name") == "gateway-died"
    assert suite[1].find("error").get("message") == "it died"
