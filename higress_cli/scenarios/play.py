"""Sends a scenario's request and collects the gateway's events meanwhile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.events import CallbackReturned, Event, StreamEnded, Trap
from higress_cli.gateway.servers import Seen
from higress_cli.i18n import _
from higress_cli.project.scenario import Expectation, Scenario
from higress_cli.scenarios.judge import judge_log
from higress_cli.scenarios.observed import Observed
from higress_cli.system.http import Answer, Asking, NoAnswerError

# A gateway waits 15 s for an upstream; a request that is silent for longer was stopped and never resumed.
_SILENCE_SECONDS: Final = 20.0
_AFTER_TRAP_SECONDS: Final = 0.3
"""How long to wait for a response after the plugin crashed: the gateway sends it at once or never."""
_END_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01
_PHASES: Final = frozenset(
    f"proxy_on_{way}_{part}" for way in ("request", "response") for part in ("headers", "body", "trailers")
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a scenario needs of a gateway.

    `version` is the change in effect, None if unknown. `events` and `seen` return what is new since the last call, None
    if hgw cannot receive or see it; `lag` is how many seconds an event may take to arrive. `check_alive` raises
    GatewayError if the gateway has ended.
    """

    url: str
    upstream_url: str | None
    events: Callable[[], Sequence[Event] | None]
    seen: Callable[[], Sequence[Seen] | None]
    check_alive: Callable[[], None]
    version: int | None = None
    lag: float = 0.02

    def base(self, scenario: Scenario) -> str:
        """The server that the scenario's request goes to."""
        return (self.upstream_url or "") if scenario.request.via == "upstream" else self.url


def play(scenario: Scenario, ground: Ground) -> Observed:
    """Send the scenario's request and return what was observed, its log phase included.

    Raises:
        GatewayError: the gateway has ended.
    """
    ground.seen()
    recorder = _EventRecorder(ground)
    recorder.start()
    request = scenario.request
    patience = _SILENCE_SECONDS + sum(service.delay_seconds for service in scenario.services.values())
    started = time.monotonic()
    asking = Asking(
        f"{ground.base(scenario)}{request.path}",
        method=request.method,
        headers=request.headers,
        body=request.content,
        timeout=patience,
    )
    crashed = recorder.until(lambda: asking.wait(_POLL_SECONDS), stop_after_trap=_AFTER_TRAP_SECONDS)
    if crashed:
        asking.give_up()
    waited = time.monotonic() - started
    ground.check_alive()
    if request.via != "upstream":
        recorder.until(recorder.ended, within=_END_SECONDS)
        recorder.until(lambda: recorder.log_fits(scenario.expect), within=_LOG_SECONDS)
        time.sleep(ground.lag)
        recorder.listen()
    answer: Answer | None = None
    problem = ""
    try:
        answer = asking.answer()
    except NoAnswerError as error:
        problem = str(error)
        if crashed:
            problem = _("the plugin crashed meanwhile")
        elif waited >= patience:
            problem = _silence(recorder.events or (), seconds=patience)
    return Observed(answer=answer, problem=problem, seen=ground.seen(), events=recorder.events)


def _silence(events: Sequence[Event], *, seconds: float) -> str:
    """Why there was no response for so long, as far as the plugin's last event about the request shows it."""
    returned = [event for event in events if isinstance(event, CallbackReturned) and event.function in _PHASES]
    if returned and returned[-1].action:
        text = _("silence for {seconds:g} s: {function} returned {action}, and nothing resumed the request")
        return text.format(seconds=seconds, function=returned[-1].function, action=returned[-1].action)
    return _("silence for {seconds:g} s: was the request stopped and never resumed?").format(seconds=seconds)


class _EventRecorder:
    """Collects the gateway's events; `events` is None if hgw cannot receive them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.events: list[Event] | None = []

    def start(self) -> None:
        """Drop earlier events, from the preparation of the plugin for this scenario, except crashes."""
        self.listen()
        if self.events is not None:
            self.events = [event for event in self.events if isinstance(event, Trap)]

    def listen(self) -> None:
        new = self._ground.events()
        if new is None or self.events is None:
            self.events = None
        else:
            # A plugin that was replaced may still report a crash while the next scenario runs.
            self.events += [event for event in new if not self._is_former(event)]

    def _is_former(self, event: Event) -> bool:
        current = self._ground.version
        return isinstance(event, Trap) and current is not None and event.version not in {None, current}

    def until(
        self, done: Callable[[], bool], *, within: float | None = None, stop_after_trap: float | None = None
    ) -> bool:
        """Listen until `done`, or for `within` seconds. True if it gave up `stop_after_trap` seconds after a trap."""
        started = time.monotonic()
        trapped: float | None = None
        while not done():
            self.listen()
            now = time.monotonic()
            if self.events is None and within is not None:
                return False
            if within is not None and now - started > within:
                return False
            if stop_after_trap is not None and any(isinstance(event, Trap) for event in self.events or ()):
                trapped = trapped or now
                if now - trapped > stop_after_trap:
                    return True
            if within is not None:
                time.sleep(_POLL_SECONDS)
        return False

    def ended(self) -> bool:
        return any(isinstance(event, StreamEnded) for event in self.events or ())

    def log_fits(self, expect: Expectation) -> bool:
        """Whether the expected log line is there, which may arrive a moment after the response."""
        if expect.log is None or expect.log.absent:
            return True
        log = Observed(answer=None, events=self.events).log
        return all(check.ok for check in judge_log(expect, log))
