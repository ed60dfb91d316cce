"""Sends a scenario's request and collects the gateway's events meanwhile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from higress_cli.gateway.contract import Inside
from higress_cli.gateway.events import Event, FilesExhausted, PluginLine, StreamEnded, Trap
from higress_cli.gateway.servers import Seen
from higress_cli.i18n import _
from higress_cli.project.scenario import Expectation, Request, Turn
from higress_cli.scenarios.judge import line_fits
from higress_cli.scenarios.observation import Call, Observed
from higress_cli.scenarios.pause import silence
from higress_cli.scenarios.stage import pairs_of
from higress_cli.system.exact_request import Asking, Outgoing, WholeAnswer
from higress_cli.system.http import NoAnswerError
from higress_cli.system.os_errors import too_many_files

# A gateway waits 15 s for an upstream; a request that is silent for longer was stopped and never resumed.
_SILENCE_SECONDS: Final = 20.0
_OVERTIME_SECONDS: Final = 2.0
"""How long to wait for a response after `within`, to say how late it was, and not that it never came."""
_AFTER_TRAP_SECONDS: Final = 0.3
"""How long to wait for a response after the plugin crashed: the gateway sends it at once or never."""
_END_SECONDS: Final = 1.0
_LOG_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01


def _nothing() -> tuple[Call, ...]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a scenario needs of a gateway.

    `version` is the change in effect, None if unknown. `events` and `seen` return what is new since the last call, None
    if hgw cannot receive or see it; `lag` is how many seconds an event may take to arrive. `check_alive` raises
    GatewayError if the gateway has ended. `calls` returns what the played services got since the last call; `hidden`
    are services that hgw does not play. `delay` is how many seconds the played servers may take.
    """

    url: str
    upstream_url: str | None
    events: Callable[[], Sequence[Event] | None]
    seen: Callable[[], Sequence[Seen] | None]
    check_alive: Callable[[], None]
    calls: Callable[[], Sequence[Call]] = _nothing
    inside: Callable[[], Inside] = field(default=Inside)
    hidden: frozenset[str] = frozenset()
    delay: float = 0.0
    version: int | None = None
    lag: float = 0.02

    def base(self, request: Request) -> str:
        """The server that a request goes to."""
        return (self.upstream_url or "") if request.via == "upstream" else self.url


def play(turn: Turn, ground: Ground, *, packages: tuple[str, ...] = ()) -> Observed:
    """Send the request of `turn` and return what was observed, its log phase included.

    Raises:
        GatewayError: the gateway has ended. ConflictError: `too-many-files`.
    """
    ground.seen()
    ground.calls()
    recorder = _EventRecorder(ground)
    recorder.start()
    looks_inside = bool(turn.expect.metrics or turn.expect.state)
    before = ground.inside() if looks_inside else Inside()
    request, within = turn.request, turn.expect.within
    patience = _SILENCE_SECONDS + ground.delay if within is None else within + _OVERTIME_SECONDS
    started = time.monotonic()
    asking = Asking(_outgoing(request, ground.base(request)), timeout=patience)
    outcome = recorder.until(lambda: asking.wait(_POLL_SECONDS), within=patience, stop_after_trap=_AFTER_TRAP_SECONDS)
    waited = time.monotonic() - started
    silent = None if outcome is _DONE or recorder.events is None else len(recorder.events)
    if outcome is not _DONE:
        asking.give_up()
    ground.check_alive()
    if request.via != "upstream":
        recorder.until(recorder.ended, within=_END_SECONDS)
        recorder.until(lambda: recorder.log_fits(turn.expect), within=_LOG_SECONDS)
        time.sleep(ground.lag)
        recorder.listen()
    answer: WholeAnswer | None = None
    problem = ""
    try:
        answer = asking.answer()
    except NoAnswerError as error:
        problem = str(error)
        if outcome is _CRASHED or recorder.trapped:
            problem = _("the plugin crashed meanwhile")
        elif waited >= patience - _POLL_SECONDS:
            problem = silence((recorder.events or ())[:silent], seconds=waited)
    return Observed(
        answer=answer,
        problem=problem,
        seen=ground.seen(),
        events=recorder.events,
        packages=packages,
        calls=tuple(ground.calls()),
        hidden=ground.hidden,
        before=before,
        after=ground.inside() if looks_inside else Inside(),
        seconds=waited,
        silent=silent,
    )


def _outgoing(request: Request, base: str) -> Outgoing:
    return Outgoing(
        url=f"{base}{request.path}",
        method=request.method,
        headers=pairs_of(request.headers),
        parts=request.parts,
        chunked=request.is_chunked,
        trailers=pairs_of(request.trailers),
    )


_DONE: Final = "done"
_CRASHED: Final = "crashed"
_TOO_LATE: Final = "too late"


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
        if any(isinstance(event, FilesExhausted) for event in new or ()):
            raise too_many_files()  # the plugin is not to blame for what follows
        if new is None or self.events is None:
            self.events = None
        else:
            # A plugin that was replaced may still report a crash while the next scenario runs.
            self.events += [event for event in new if not self._is_former(event)]

    def _is_former(self, event: Event) -> bool:
        current = self._ground.version
        return isinstance(event, Trap) and current is not None and event.version not in {None, current}

    def until(self, done: Callable[[], bool], *, within: float, stop_after_trap: float | None = None) -> str:
        """Listen until `done`, or for `within` seconds, or `stop_after_trap` seconds after a trap; say which it was."""
        started = time.monotonic()
        trapped: float | None = None
        while not done():
            self.listen()
            now = time.monotonic()
            if now - started > within or (self.events is None and stop_after_trap is None):
                return _TOO_LATE
            if stop_after_trap is not None and self.trapped:
                trapped = trapped or now
                if now - trapped > stop_after_trap:
                    return _CRASHED
            if stop_after_trap is None:
                time.sleep(_POLL_SECONDS)
        return _DONE

    @property
    def trapped(self) -> bool:
        return any(isinstance(event, Trap) for event in self.events or ())

    def ended(self) -> bool:
        return any(isinstance(event, StreamEnded) for event in self.events or ())

    def log_fits(self, expect: Expectation) -> bool:
        """Whether the expected log lines are there, which may arrive a moment after the response."""
        lines = [event for event in self.events or () if isinstance(event, PluginLine)]
        return all(wanted.none or any(line_fits(wanted, line) for line in lines) for wanted in expect.log)
