"""What was observed during a scenario's request."""

from collections.abc import Sequence
from dataclasses import dataclass

from higress_cli.gateway.events import Event, HeadersSentUpstream, PluginLine, Trap
from higress_cli.gateway.servers import Seen
from higress_cli.gateway.wrapper_lines import is_recovered_panic
from higress_cli.system.http import Answer


@dataclass(frozen=True, kw_only=True)
class Observed:
    """`problem` says why there was no answer; `seen` is what reached the upstream, None if hgw cannot see that.

    `events` are the gateway's events meanwhile, None if hgw cannot receive them. `packages` are the author's own, as
    in Change.
    """

    answer: Answer | None
    problem: str = ""
    seen: Sequence[Seen] | None = ()
    events: Sequence[Event] | None = ()
    packages: tuple[str, ...] = ()

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
