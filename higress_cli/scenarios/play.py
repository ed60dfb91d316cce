"""Sends a scenario's request and listens to the gateway meanwhile."""

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

# A gateway gives an upstream 15 s; a request that is silent for longer than that was stopped and never resumed.
_SILENCE_SECONDS: Final = 20.0
_AFTER_TRAP_SECONDS: Final = 0.3
"""How long an answer may take after the plugin crashed: the gateway gives it at once or never."""
_END_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01
_PHASES: Final = frozenset(
    f"proxy_on_{way}_{part}" for way in ("request", "response") for part in ("headers", "body", "trailers")
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A gateway as a scenario meets it.

    `version` is the change that is in effect, None where nobody can tell. `events` and `seen` give what came since the
    last call, None where nobody can hear or see it; `lag` is how many seconds an event takes until it is heard.
    `check_alive` raises GatewayError where the gateway is gone.
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
    """What came of the scenario's request, its log phase included.

    Raises:
        GatewayError: the gateway is gone.
    """
    ground.seen()
    heard = _Heard(ground)
    heard.start()
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
    crashed = heard.until(lambda: asking.wait(_POLL_SECONDS), stop_after_trap=_AFTER_TRAP_SECONDS)
    if crashed:
        asking.give_up()
    waited = time.monotonic() - started
    ground.check_alive()
    if request.via != "upstream":
        heard.until(heard.ended, within=_END_SECONDS)
        heard.until(lambda: heard.log_fits(scenario.expect), within=_LOG_SECONDS)
        time.sleep(ground.lag)
        heard.listen()
    answer: Answer | None = None
    problem = ""
    try:
        answer = asking.answer()
    except NoAnswerError as error:
        problem = str(error)
        if crashed:
            problem = _("the plugin crashed meanwhile")
        elif waited >= patience:
            problem = _silence(heard.events or (), seconds=patience)
    return Observed(answer=answer, problem=problem, seen=ground.seen(), events=heard.events)


def _silence(events: Sequence[Event], *, seconds: float) -> str:
    """Why nothing came for so long, as far as the plugin's last word about the request tells."""
    returned = [event for event in events if isinstance(event, CallbackReturned) and event.function in _PHASES]
    if returned and returned[-1].action:
        text = _("silence for {seconds:g} s: {function} returned {action}, and nothing resumed the request")
        return text.format(seconds=seconds, function=returned[-1].function, action=returned[-1].action)
    return _("silence for {seconds:g} s: was the request stopped and never resumed?").format(seconds=seconds)


class _Heard:
    """What the gateway told since the start; `events` is None where it cannot be heard."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.events: list[Event] | None = []

    def start(self) -> None:
        """From now on; of what was before, when the plugin was made ready for this scenario, a crash alone counts."""
        self.listen()
        if self.events is not None:
            self.events = [event for event in self.events if isinstance(event, Trap)]

    def listen(self) -> None:
        new = self._ground.events()
        if new is None or self.events is None:
            self.events = None
        else:
            # A plugin that was replaced says its last words while the next scenario runs.
            self.events += [event for event in new if not self._is_former(event)]

    def _is_former(self, event: Event) -> bool:
        current = self._ground.version
        return isinstance(event, Trap) and current is not None and event.version not in {None, current}

    def until(
        self, done: Callable[[], bool], *, within: float | None = None, stop_after_trap: float | None = None
    ) -> bool:
        """Listen until `done`, or so long; whether it was given up so many seconds after a trap."""
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
        """Whether the line of the log is there that is expected: it may come a moment after the answer."""
        if expect.log is None or expect.log.absent:
            return True
        log = Observed(answer=None, events=self.events).log
        return all(check.ok for check in judge_log(expect, log))
