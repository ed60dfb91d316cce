"""Checks run side by side and cannot end one another."""

import threading
from collections.abc import Callable

from higress_cli.doctor.model import Check, CheckSpec, Finding, Status
from higress_cli.doctor.runner import Once, run_checks
from higress_cli.errors import InvalidInput
from higress_cli.i18n import Translated


def ran(**judges: Callable[[], Finding]) -> tuple[Check, ...]:
    """The checks of these names, each with what judges it."""
    specs = [CheckSpec(id=name, group="tools", title=Translated(en=name, zh=name)) for name in judges]
    return run_checks(specs, lambda spec: judges[spec.id]())


def fine() -> Finding:
    return Finding(status=Status.OK, found="fine")


def crashing() -> Finding:
    raise KeyError("no such thing")


def refusing() -> Finding:
    raise InvalidInput("hgw.yaml:3:1: unknown key", code="settings-invalid", hint="did you mean `abi`?")


def test_a_crashed_check_is_told_and_the_others_go_on():
    first, second, third = ran(a=fine, b=crashing, c=fine)

    assert [check.status for check in (first, second, third)] == [Status.OK, Status.CRASH, Status.OK]
    assert second.finding.code == "bug"
    assert "KeyError" in (second.finding.found or "")
    assert any("crashing" in line for line in second.finding.detail)


def test_an_error_that_hgw_knows_is_a_finding_with_the_same_id():
    (check,) = ran(a=refusing)

    assert (check.status, check.finding.code) == (Status.FAIL, "settings-invalid")
    assert check.finding.found == "hgw.yaml:3:1: unknown key"
    assert check.finding.fix is not None
    assert check.finding.fix.summary == "did you mean `abi`?"


def test_checks_run_at_the_same_time_and_are_reported_in_order():
    all_there = threading.Barrier(3, timeout=5)

    def meet() -> Finding:
        all_there.wait()
        return fine()

    checks = ran(a=meet, b=meet, c=meet)

    assert [(check.id, check.status) for check in checks] == [("a", Status.OK), ("b", Status.OK), ("c", Status.OK)]


def test_without_checks_there_are_no_results():
    assert ran() == ()


def test_a_fact_is_gathered_once_for_all_who_ask():
    asked: list[int] = []
    together = threading.Barrier(4, timeout=5)

    def ask_once() -> int:
        asked.append(1)
        return len(asked)

    fact = Once(ask_once)

    def ask() -> Finding:
        together.wait()
        return Finding(status=Status.OK, found=str(fact()))

    checks = ran(a=ask, b=ask, c=ask, d=ask)

    assert {check.finding.found for check in checks} == {"1"}


def test_a_fact_that_is_unavailable_fails_each_check_that_needs_it():
    fact = Once(refusing)

    checks = ran(a=fact, b=fact)

    assert [check.finding.code for check in checks] == ["settings-invalid", "settings-invalid"]
