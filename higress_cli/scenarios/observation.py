"""What was observed during a scenario's request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from higress_cli.gateway.contract import Inside
from higress_cli.gateway.events import CallbackReturned, CallRefused, Event, HeadersSentUpstream, PluginLine, Trap
from higress_cli.gateway.servers import Seen
from higress_cli.gateway.wrapper_lines import is_recovered_panic
from higress_cli.phases import PHASES
from higress_cli.system.exact_request import WholeAnswer

_CALLBACK = "proxy_on_"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request or a Redis command that a played service got.

    `cluster` is the service; `command` is for Redis, `seen` for all others. `fits` is false if no rule of the service
    is for it. `foreign` is the protocol that the plugin used, where the service speaks the other one. `missing` is the
    name of a Redis command that hgw's own Redis does not have.
    """

    cluster: str
    seen: Seen | None = None
    command: str | None = None
    fits: bool = True
    foreign: Literal["HTTP", "Redis"] | None = None
    missing: str | None = None

    @property
    def title(self) -> str:
        """The call in a few words."""
        return self.command or (f"{self.seen.method} {self.seen.path}" if self.seen else "")


@dataclass(frozen=True, kw_only=True)
class Observed:
    """`problem` says why there was no answer; `seen` is what reached the upstream, None if hgw cannot see that.

    `events` are the gateway's events meanwhile, None if hgw cannot receive them. `packages` are the author's own, as
    in Change. `calls` are what hgw's own services got; `hidden` are the clusters of services whose calls it cannot see.
    `before` and `after` are the plugin's insides. `seconds` is how long the answer took. `silent` is how many of the
    events had come when hgw stopped waiting for it, None if it came: those that follow are about the end.
    """

    answer: WholeAnswer | None
    problem: str = ""
    seen: Sequence[Seen] | None = ()
    events: Sequence[Event] | None = ()
    packages: tuple[str, ...] = ()
    calls: Sequence[Call] = ()
    hidden: frozenset[str] = frozenset()
    before: Inside = field(default_factory=Inside)
    after: Inside = field(default_factory=Inside)
    seconds: float = 0.0
    silent: int | None = None

    @property
    def log(self) -> tuple[str, ...]:
        """The text of the lines that the plugin wrote."""
        return tuple(line.text for line in self.lines)

    @property
    def lines(self) -> tuple[PluginLine, ...]:
        """The lines that the plugin wrote, with their levels."""
        return tuple(event for event in self.events or () if isinstance(event, PluginLine))

    @property
    def traps(self) -> tuple[Trap, ...]:
        return tuple(event for event in self.events or () if isinstance(event, Trap))

    @property
    def recovered(self) -> tuple[str, ...]:
        """The lines about panics that the wrapper recovered from."""
        return tuple(text for text in self.log if is_recovered_panic(text))

    @property
    def sent_upstream(self) -> tuple[str, ...]:
        """The requests whose headers were sent upstream, even if the upstream did not see all of them."""
        return tuple(
            f"{event.method} {event.path}" for event in self.events or () if isinstance(event, HeadersSentUpstream)
        )

    @property
    def refused_calls(self) -> tuple[CallRefused, ...]:
        return tuple(event for event in self.events or () if isinstance(event, CallRefused))

    @property
    def returned(self) -> Mapping[str, tuple[int, ...]]:
        """What the callbacks of each phase returned, in order."""
        found: dict[str, list[int]] = {}
        for event in self.events or ():
            if isinstance(event, CallbackReturned) and event.action is not None:
                phase = event.function.removeprefix(_CALLBACK)
                if phase in PHASES:
                    found.setdefault(phase, []).append(event.action)
        return {phase: tuple(values) for phase, values in found.items()}
