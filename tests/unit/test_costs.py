"""The report of tests that make the quick loop slow."""

from typing import Any

import pytest

from tests.support.costs import MOST_SECONDS, too_expensive


def passed(test: str, seconds: float, **marks: Any) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=test,
        location=("", 0, ""),
        keywords=marks,
        outcome="passed",
        longrepr=None,
        when="call",
        user_properties=[("cpu seconds", seconds), ("of another plugin", "text")],
    )


def test_what_costs_too_much_and_has_no_mark_is_named_the_worst_first():
    reports = [
        passed("tests/unit/test_a.py::test_cheap", MOST_SECONDS / 2),
        passed("tests/unit/test_a.py::test_dear", MOST_SECONDS * 2),
        passed("tests/cli/test_b.py::test_dearer", MOST_SECONDS * 3),
        passed("tests/cli/test_b.py::test_marked", MOST_SECONDS * 4, slow=1),
        passed("tests/integration/test_c.py::test_of_the_long_run", MOST_SECONDS * 5),
    ]

    assert [test for _seconds, test in too_expensive(reports)] == [
        "tests/cli/test_b.py::test_dearer",
        "tests/unit/test_a.py::test_dear",
    ]


def test_each_test_is_measured(request):
    assert request.config.pluginmanager.get_plugin("tests.support.costs") is not None
