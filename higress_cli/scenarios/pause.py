"""Why a request got no answer: where the plugin stopped it, and what may have kept it from going on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.abi import Abi
from higress_cli.gateway.events import CallbackReturned, CallRefused, Event
from higress_cli.i18n import _, listed
from higress_cli.phases import PHASES, action_name
from higress_cli.project.scenario import Request

_CALLBACK: Final = "proxy_on_"
_ANSWERS: Final = {f"{_CALLBACK}http_call_response", f"{_CALLBACK}redis_call_response"}
CALLS: Final = frozenset({"proxy_http_call", "proxy_redis_call", "proxy_redis_init"})
"""The host functions by which a plugin calls services."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """The phase in which a plugin stopped a stream, and the action that it returned there."""

    phase: str
    action: int

    @property
    def name(self) -> str:
        """The action's name, in the words of the SDK."""
        return action_name(self.phase, self.action)


def silence(events: Sequence[Event], *, seconds: float) -> str:
    """Why there was no response for so long, as far as the plugin's last event about the request shows it."""
    paused = paused_in(events)
    if paused is None:
        return _("silence for {seconds:.1f} s: was the request stopped and never resumed?").format(seconds=seconds)
    return _("silence for {seconds:.1f} s: {phase} returned {action}, and nothing resumed the request").format(
        seconds=seconds, phase=paused.phase, action=paused.name
    )


def paused_in(events: Sequence[Event]) -> Pause | None:
    """Where the stream was stopped; None if it was not."""
    for event in reversed(events):
        if isinstance(event, CallbackReturned) and event.function.removeprefix(_CALLBACK) in PHASES:
            phase = event.function.removeprefix(_CALLBACK)
            return Pause(phase=phase, action=event.action) if event.action else None
    return None


def likely_cause(
    events: Sequence[Event], pause: Pause, *, abi: str | None, request: Request, called: Sequence[str] = ()
) -> str | None:
    """What most likely kept the stream from going on after a pause, None if nothing shows it.

    `called` are the services that got a call of the plugin.
    """
    is_headers = pause.phase.endswith("_headers")
    cases = (
        (
            any(isinstance(event, CallRefused) and event.call in CALLS for event in events),
            _("a call that it made was refused, and its error was not handled: resume or answer there too"),
        ),
        (
            any(isinstance(event, CallbackReturned) and event.function in _ANSWERS for event in events),
            _("a call was answered meanwhile: each path of its callback has to resume or to answer"),
        ),
        (bool(called), _("{service} had not answered the plugin's call by then").format(service=listed(called))),
        (
            is_headers and pause.action == 1 and abi != Abi.V0_2_100,
            _(
                "under ABI 0.2.1 that stops the body too, so no body callback can resume it; HeaderStopIteration needs "
                "ABI 0.2.100 (hgw build --abi 0.2.100)"
            ),
        ),
        (
            pause.phase == "request_headers" and pause.action == 1 and not request.has_body,
            _("the request has no body, so no body callback follows: ask HasRequestBody before stopping"),
        ),
        (
            is_headers and pause.action > 1,
            _("it waits for a resume from a callback, of a call or of a tick, that did not come"),
        ),
        (pause.phase.endswith("_body"), _("the last part of a body has to be let through, or resumed later")),
    )
    return next((text for applies, text in cases if applies), None)
