"""Requests that do not end: told once, with what holds them, and never with what holds another."""

from datetime import UTC, datetime, timedelta

from higress_cli.gateway.events import (
    AnsweredBy,
    CallbackReturned,
    Event,
    HeadersSentUpstream,
    NotReturned,
    RequestHangs,
    RequestSeen,
    StreamEnded,
)
from higress_cli.gateway.pending_requests import PendingRequests

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def seen(path: str, seconds: float) -> RequestSeen:
    return RequestSeen(at=at(seconds), method="GET", path=path)


def sent(path: str, seconds: float) -> HeadersSentUpstream:
    return HeadersSentUpstream(at=at(seconds), method="GET", path=path)


def returned(phase: str, action: int, seconds: float) -> CallbackReturned:
    return CallbackReturned(at=at(seconds), function=f"proxy_on_{phase}", action=action)


def ended(path: str, seconds: float, *, took: float) -> StreamEnded:
    return StreamEnded(
        at=at(seconds),
        method="GET",
        path=path,
        status=200,
        answered_by=AnsweredBy.UPSTREAM,
        milliseconds=int(took * 1000),
    )


def hanging(*events: Event, now: float) -> list[RequestHangs]:
    pending = PendingRequests()
    pending.add(events)
    found = list(pending.hanging(at(now)))
    assert list(pending.hanging(at(now + 1))) == []
    return found


def test_a_request_that_the_plugin_stopped() -> None:
    (event,) = hanging(seen("/a", 0), returned("request_headers", 4, 0.1), now=3)
    assert (event.path, event.is_sent, event.phase, event.action) == ("/a", False, "request_headers", 4)


def test_a_response_that_the_plugin_stopped() -> None:
    events = [seen("/a", 0), returned("request_headers", 0, 0.1), sent("/b", 0.2), returned("response_headers", 1, 0.3)]
    (event,) = hanging(*events, now=6)
    assert (event.is_sent, event.phase, event.action) == (True, "response_headers", 1)


def test_an_upstream_that_has_not_answered() -> None:
    events = [seen("/a", 0), returned("request_headers", 0, 0.1), sent("/a", 0.2)]
    (event,) = hanging(*events, now=10)
    assert (event.is_sent, event.phase) == (True, None)


def test_a_request_of_two_seconds_and_an_upstream_of_eight_are_nothing_to_tell() -> None:
    assert hanging(seen("/a", 0), now=1.5) == []
    assert hanging(seen("/a", 0), sent("/a", 0.2), now=8) == []


def test_a_callback_that_does_not_return_has_said_it_for_all() -> None:
    stuck = NotReturned(at=at(3), function="proxy_on_request_headers", seconds=3, limit=10)
    assert hanging(seen("/a", 0), stuck, now=5) == []


def test_a_request_that_has_ended_is_none_of_them() -> None:
    events = [seen("/a", 0), seen("/b", 1), returned("request_headers", 0, 1.1), sent("/b", 1.1)]
    (event,) = hanging(*events, ended("/other", 3, took=2), now=7)
    assert event.path == "/a"


def test_what_may_be_about_another_request_is_not_said() -> None:
    events = [seen("/a", 0), seen("/b", 0.1), returned("request_headers", 4, 0.2), returned("request_headers", 0, 0.3)]
    assert [event.phase for event in hanging(*events, now=9)] == [None, None]


def test_what_is_the_same_for_all_of_them_is_said() -> None:
    events = [seen("/a", 0), seen("/b", 0.1), returned("request_headers", 4, 0.2), returned("request_headers", 4, 0.3)]
    assert [event.phase for event in hanging(*events, now=9)] == ["request_headers", "request_headers"]
