"""What takes long is told while it does, and how often."""

import time

from higress_cli.gateway.events import NotReturned, Step, Waiting
from higress_cli.gateway.waiting import Overdue, told_while_waiting


def test_a_wait_is_told_now_and_then_with_what_is_waited_for() -> None:
    told: list[Waiting] = []
    steps = iter([(Step.COMPILE, None), (Step.START, "proxy_on_configure"), *[(Step.START, "proxy_on_tick")] * 50])
    with told_while_waiting(told.append, lambda: next(steps), every=0.05):
        while len(told) < 3:
            time.sleep(0.01)
    count = len(told)
    assert [(event.step, event.function) for event in told[:2]] == [
        (Step.COMPILE, None),
        (Step.START, "proxy_on_configure"),
    ]
    assert 0 < told[0].seconds < told[1].seconds < told[2].seconds
    time.sleep(0.15)
    assert len(told) == count


def test_what_is_quick_is_not_told() -> None:
    told: list[Waiting] = []
    with told_while_waiting(told.append, lambda: (Step.COMPILE, None)):
        pass
    assert told == []


def test_a_call_is_overdue_once() -> None:
    overdue = Overdue()
    assert overdue.look("proxy_on_tick", began=1, seconds=2.9, limit=10) is None
    event = overdue.look("proxy_on_tick", began=1, seconds=3.1, limit=10)
    assert isinstance(event, NotReturned)
    assert (event.function, event.seconds, event.limit) == ("proxy_on_tick", 3.1, 10)
    assert overdue.look("proxy_on_tick", began=1, seconds=5, limit=10) is None
    assert overdue.look("proxy_on_tick", began=2, seconds=5, limit=10) is not None
