"""Requests that have not ended, and what holds them. Pure: it is given events, and asked with a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from higress_cli.gateway.events import (
    CallbackReturned,
    Event,
    HeadersSentUpstream,
    NotReturned,
    RequestHangs,
    RequestSeen,
    StreamEnded,
    Trap,
)
from higress_cli.phases import PHASES

HELD_SECONDS: Final = 3.0
"""The seconds after which a request that has not gone upstream, or that the plugin stopped, is reported."""
SLOW_SECONDS: Final = 10.0
"""The seconds after which a request whose response from the upstream has not ended is reported."""
_CALLBACK: Final = "proxy_on_"
_MOST: Final = 1000
"""How many requests and pauses are remembered. More than these are load, and reports about each would not be read."""


@dataclass
class _Request:
    seen: RequestSeen
    is_sent: bool = False
    is_told: bool = False


class PendingRequests:
    """Follows the events of a gateway, which name a request by method and path alone."""

    def __init__(self) -> None:
        self._requests: list[_Request] = []
        self._pauses: list[CallbackReturned] = []

    def add(self, events: Sequence[Event]) -> None:
        """Take note of what has happened, in order."""
        for event in events:
            match event:
                case RequestSeen():
                    self._requests.append(_Request(event))
                    del self._requests[:-_MOST]
                case HeadersSentUpstream():
                    self._sent(event)
                case StreamEnded():
                    self._ended(event)
                case CallbackReturned(function=function) if function.removeprefix(_CALLBACK) in PHASES:
                    self._pauses.append(event)
                    del self._pauses[:-_MOST]
                case Trap():
                    self._pauses.clear()
                case NotReturned():
                    # It says what holds them all.
                    for request in self._requests:
                        request.is_told = True
        if not self._requests:
            self._pauses.clear()

    def hanging(self, now: datetime) -> Iterator[RequestHangs]:
        """The requests that have waited for long, each once."""
        for request in self._requests:
            waited = (now - request.seen.at).total_seconds()
            if request.is_told or waited < HELD_SECONDS:
                continue
            pause = self._pause_of(request)
            if request.is_sent and pause is None and waited < SLOW_SECONDS:
                continue
            request.is_told = True
            yield RequestHangs(
                at=now,
                method=request.seen.method,
                path=request.seen.path,
                seconds=waited,
                is_sent=request.is_sent,
                phase=pause.function.removeprefix(_CALLBACK) if pause else None,
                action=pause.action if pause else None,
            )

    def _sent(self, event: HeadersSentUpstream) -> None:
        waiting = [request for request in self._requests if not request.is_sent]
        # A plugin may have changed the path: then it is the oldest.
        same = [request for request in waiting if _is_about(event, request)] or waiting
        if same:
            same[0].is_sent = True

    def _ended(self, event: StreamEnded) -> None:
        begun = event.at - timedelta(milliseconds=event.milliseconds)
        if self._requests:
            self._requests.remove(min(self._requests, key=lambda request: abs(request.seen.at - begun)))

    def _pause_of(self, request: _Request) -> CallbackReturned | None:
        """What the plugin returned last about this request, if that stopped it and cannot be about another."""
        way = "response" if request.is_sent else "request"
        since = [
            event
            for event in self._pauses
            if event.at >= request.seen.at and event.function.startswith(f"{_CALLBACK}{way}_")
        ]
        if len({(event.function, event.action) for event in since}) == 1 or len(self._requests) == 1:
            return since[-1] if since and since[-1].action else None
        return None


def _is_about(event: HeadersSentUpstream, request: _Request) -> bool:
    return (event.method, event.path) == (request.seen.method, request.seen.path)
