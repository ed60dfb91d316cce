"""Reports, at the end, what would make the quick loop slow: unit and command tests that cost too much without a mark.

The measure is CPU time, of this process and of the children that have ended: other work on the machine does not change
it much. It is a report and no failure, since no machine is as fast as another.
"""

import os
from collections.abc import Generator
from typing import Final

import pytest

MOST_SECONDS: Final = 2.0
_QUICK: Final = ("tests/unit/", "tests/cli/")
_NAME: Final = "cpu seconds"
_START: Final = pytest.StashKey[float]()


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_START] = _cpu_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        item.user_properties.append((_NAME, _cpu_seconds() - item.stash[_START]))


def too_expensive(reports: list[pytest.TestReport]) -> list[tuple[float, str]]:
    """(seconds, test) of the unit and command tests that need the mark `slow` or less work, the worst first."""
    costs = [
        (float(str(seconds)), report.nodeid)
        for report in reports
        for name, seconds in report.user_properties
        if name == _NAME and report.nodeid.startswith(_QUICK) and "slow" not in report.keywords
    ]
    return sorted((cost for cost in costs if cost[0] > MOST_SECONDS), reverse=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = too_expensive(terminalreporter.getreports("passed"))
    if found:
        terminalreporter.section(f"over {MOST_SECONDS:.0f} s of CPU time and not marked slow")
        for seconds, test in found:
            terminalreporter.line(f"{seconds:5.1f} s  {test}")
