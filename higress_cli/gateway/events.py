"""What happens in a running gateway, in words that fit every engine."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class AnsweredBy(StrEnum):
    """Who made the answer that a client got."""

    UPSTREAM = "upstream"
    PLUGIN = "plugin"
    GATEWAY = "gateway"
    """The gateway by itself, such as 413 for a body beyond its limit or 503 for an upstream that is down."""
    CRASHED = "crashed"
    """The gateway, because the plugin had trapped."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, with the time of the machine's clock and its zone."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class PluginLine(Event):
    """A line that the plugin wrote. `level` is proxy-wasm's: trace, debug, info, warn, error or critical."""

    level: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RequestSeen(Event):
    """A request whose headers reached the gateway."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class HeadersSentUpstream(Event):
    """The headers of a request left for the upstream; what a plugin does to them afterwards is lost."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class SentUpstream(Event):
    """A request went upstream with `body_bytes` of body; `content_length` is what its header said, None: nothing."""

    method: str
    path: str
    content_length: int | None
    body_bytes: int


@dataclass(frozen=True, kw_only=True)
class StreamEnded(Event):
    """A request is over, its log phase included.

    `status` and `answered_by` are None where the client went away before an answer. `body_bytes` is what it got of a
    body, `content_length` what the answer's header promised.
    """

    method: str
    path: str
    status: int | None
    answered_by: AnsweredBy | None
    milliseconds: int
    content_length: int | None = None
    body_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Trap(Event):
    """The plugin's virtual machine trapped in the callback `function`.

    `reason` is the machine's, `panic` what the plugin's runtime wrote just before, `frames` are function names from the
    innermost one on, as far as the engine shows them; `version` is the change whose plugin it was, None where unknown.
    """

    function: str
    reason: str
    panic: str | None = None
    frames: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class CallbackReturned(Event):
    """A callback of the plugin ended; `action` is what it returned, None where that callback returns nothing."""

    function: str
    action: int | None


@dataclass(frozen=True, kw_only=True)
class CallRefused(Event):
    """The gateway refused a call of the plugin; `status` is proxy-wasm's, `function` the callback it was made in."""

    function: str
    call: str
    status: int


BAD_ARGUMENT: Final = 2
"""The status for what cannot be done in this phase, or names nothing that the gateway has."""
