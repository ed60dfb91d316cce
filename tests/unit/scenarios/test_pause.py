"""Where a plugin stopped a stream, and what most likely kept it from going on."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from higress_cli.gateway.events import CallbackReturned, CallRefused, Event
from higress_cli.project.scenario import Request
from higress_cli.scenarios.pause import Pause, likely_cause, paused_in, silence

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def returned(function: str, action: int | None) -> Event:
    return CallbackReturned(at=NOW, function=f"proxy_on_{function}", action=action)


REFUSED = CallRefused(at=NOW, function="proxy_on_request_headers", call="proxy_http_call", status=2)


@pytest.mark.parametrize(
    ("events", "pause"),
    [
        pytest.param([], None, id="nothing happened"),
        pytest.param([REFUSED, returned("tick", 1)], None, id="nothing of a stream"),
        pytest.param([returned("request_headers", 0)], None, id="let through"),
        pytest.param([returned("request_headers", 1)], Pause(phase="request_headers", action=1), id="stopped"),
        pytest.param([returned("request_headers", 1), returned("request_body", 0)], None, id="let through later"),
        pytest.param(
            [returned("request_headers", 1), returned("http_call_response", None)],
            Pause(phase="request_headers", action=1),
            id="stopped, then called back",
        ),
    ],
)
def test_where_a_stream_was_stopped(events: Sequence[Event], pause: Pause | None) -> None:
    assert paused_in(events) == pause


def test_silence_is_told_with_the_phase_that_stopped_the_stream() -> None:
    assert silence([], seconds=2) == "silence for 2.0 s: was the request stopped and never resumed?"
    assert silence([returned("request_headers", 1)], seconds=2.25) == (
        "silence for 2.2 s: request_headers returned HeaderStopIteration, and nothing resumed the request"
    )
    assert Pause(phase="request_headers", action=77).name == "77"


NEW, OLD = "0.2.100", "0.2.1"
POST = Request(method="POST", body="x")


@pytest.mark.parametrize(
    ("pause", "events", "abi", "request_", "called", "words"),
    [
        pytest.param(("request_headers", 1), [REFUSED], NEW, POST, (), "a call that it made was refused", id="refused"),
        pytest.param(
            ("request_headers", 1),
            [returned("http_call_response", None)],
            NEW,
            POST,
            ("auth.dns:80",),
            "a call was answered meanwhile",
            id="answered",
        ),
        pytest.param(
            ("request_headers", 1),
            [],
            NEW,
            POST,
            ("auth.dns:80",),
            "auth.dns:80 had not answered",
            id="not answered",
        ),
        pytest.param(("request_headers", 1), [], OLD, POST, (), "under ABI 0.2.1 that stops the body", id="old ABI"),
        pytest.param(("response_headers", 1), [], None, POST, (), "under ABI 0.2.1 that stops the body", id="no ABI"),
        pytest.param(("request_headers", 1), [], NEW, Request(), (), "the request has no body", id="no body"),
        pytest.param(("request_headers", 2), [], NEW, POST, (), "it waits for a resume", id="all stopped"),
        pytest.param(("request_body", 1), [], NEW, POST, (), "the last part of a body", id="body"),
        pytest.param(("request_headers", 1), [], NEW, POST, (), None, id="nothing shows it"),
        pytest.param(("response_trailers", 1), [], OLD, POST, (), None, id="trailers"),
    ],
)
def test_what_most_likely_kept_it_from_going_on(
    pause: tuple[str, int],
    events: Sequence[Event],
    abi: str | None,
    request_: Request,
    called: Sequence[str],
    words: str | None,
) -> None:
    phase, action = pause
    cause = likely_cause(events, Pause(phase=phase, action=action), abi=abi, request=request_, called=called)
    assert cause is None if words is None else str(cause).startswith(words)
