"""What happens in a running gateway, in terms that fit every engine."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class AnsweredBy(StrEnum):
    """Who made the response that a client got."""

    UPSTREAM = "upstream"
    PLUGIN = "plugin"
    GATEWAY = "gateway"
    """The gateway itself: 413 for a body beyond its limit, for example, or 503 for an upstream that is down."""
    CRASHED = "crashed"
    """The gateway, because the plugin had trapped."""


class Overflow(StrEnum):
    """The body that was longer than what a gateway holds for a plugin."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, with its time (zone-aware, by the machine's clock)."""

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
    """The headers of a request went upstream; later changes by the plugin have no effect."""

    method: str
    path: str


@dataclass(frozen=True, kw_only=True)
class SentUpstream(Event):
    """A request went upstream with `body_bytes` of body; `content_length` is its header, None if absent."""

    method: str
    path: str
    content_length: int | None
    body_bytes: int


@dataclass(frozen=True, kw_only=True)
class StreamEnded(Event):
    """A request is over, its log phase included.

    `status` and `answered_by` are None if the client left before a response. `body_bytes` is the size of the body that
    it received, `content_length` what the response's header announced. With an `overflow` the gateway ended it.
    """

    method: str
    path: str
    status: int | None
    answered_by: AnsweredBy | None
    milliseconds: int
    content_length: int | None = None
    body_bytes: int = 0
    overflow: Overflow | None = None


@dataclass(frozen=True, kw_only=True)
class Trap(Event):
    """The plugin's virtual machine trapped in the callback `function`.

    `reason` is the VM's, `panic` what the plugin's runtime wrote just before, `frames` are function names, innermost
    first, as far as the engine shows them; `version` is the change that the plugin belongs to, None if unknown.
    """

    function: str
    reason: str
    panic: str | None = None
    frames: tuple[str, ...] = ()
    version: int | None = None


@dataclass(frozen=True, kw_only=True)
class CallbackReturned(Event):
    """A callback of the plugin ended; `action` is what it returned, None if that callback returns nothing."""

    function: str
    action: int | None


@dataclass(frozen=True, kw_only=True)
class CallRefused(Event):
    """The gateway refused a call of the plugin; `status` is proxy-wasm's, `function` the callback it was made in."""

    function: str
    call: str
    status: int


@dataclass(frozen=True, kw_only=True)
class ServiceUnknown(Event):
    """The plugin called the service `cluster`, which the gateway does not have; `is_redis` says with which protocol."""

    cluster: str
    is_redis: bool = False


@dataclass(frozen=True, kw_only=True)
class FilesExhausted(Event):
    """The gateway could not open or accept a connection, because hgw may not have so many files open at once."""


class Step(StrEnum):
    """What a gateway does with a new plugin, one after the other."""

    COMPILE = "compile"
    START = "start"
    """The plugin's own code runs: it starts and reads its configuration."""


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """A change has not taken effect for `seconds`, because of `step`; `function` is the callback that runs."""

    step: Step
    seconds: float
    function: str | None = None


@dataclass(frozen=True, kw_only=True)
class NotReturned(Event):
    """The plugin has not returned from the callback `function` for `seconds`. It is ended after `limit` seconds."""

    function: str
    seconds: float
    limit: float


@dataclass(frozen=True, kw_only=True)
class RequestHangs(Event):
    """A request has not ended for `seconds`; `is_sent`: it went upstream.

    `phase`, such as request_headers, is where the plugin stopped it, and `action` what it returned there; None if it
    did not, or if that is not known.
    """

    method: str
    path: str
    seconds: float
    is_sent: bool
    phase: str | None = None
    action: int | None = None


BAD_ARGUMENT: Final = 2
"""The status of a call that this phase does not allow, or that names something the gateway does not have."""
UNIMPLEMENTED: Final = 12
"""The status of a call that the engine does not have."""
