"""What came of a scenario's request."""

from collections.abc import Sequence
from dataclasses import dataclass

from higress_cli.gateway.events import Event, HeadersSentUpstream, PluginLine, Trap
from higress_cli.gateway.servers import Seen
from higress_cli.gateway.wrapper_lines import is_recovered_panic
from higress_cli.system.http import Answer


@dataclass(frozen=True, kw_only=True)
class Observed:
    """`problem` is why there was no answer; `seen` is what reached the upstream, None where hgw cannot see that.

    `events` is what the gateway told meanwhile, None where nobody can hear it. `packages` are the author's own, as in
    Change.
    """

    answer: Answer | None
    problem: str = ""
    seen: Sequence[Seen] | None = ()
    events: Sequence[Event] | None = ()
    packages: tuple[str, ...] = ()

    @property
    def log(self) -> tuple[str, ...]:
        """What the plugin wrote."""
        return tuple(line.text for line in self.lines)

    @property
    def lines(self) -> tuple[PluginLine, ...]:
        """The same with their levels."""
        return tuple(event for event in self.events or () if isinstance(event, PluginLine))

    @property
    def traps(self) -> tuple[Trap, ...]:
        return tuple(event for event in self.events or () if isinstance(event, Trap))

    @property
    def recovered(self) -> tuple[str, ...]:
        """The lines about panics that the wrapper caught."""
        return tuple(text for text in self.log if is_recovered_panic(text))

    @property
    def sent_upstream(self) -> tuple[str, ...]:
        """The requests whose headers left for the upstream, whether it saw all of them or not."""
        return tuple(
            f"{event.method} {event.path}" for event in self.events or () if isinstance(event, HeadersSentUpstream)
        )
