"""A case of the conformance suite as data: what the probe is told to do, what is sent, and what has to come of it.

The probe is tests/e2e/plugins/probe.go; a call of it is the SDK function's name and its arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

OLD, NEW = "0.2.1", "0.2.100"
Call = Sequence[str]
Script = Mapping[str, Sequence[Call]]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request or an answer on the wire; more than one chunk, or trailers, make it a chunked one."""

    method: str = "GET"
    status: int = 200
    headers: Pairs = ()
    chunks: tuple[str, ...] = ()
    trailers: Pairs = ()


@dataclass(frozen=True, kw_only=True)
class Server:
    """What somebody behind the gateway does with a request: answer it after `delay` seconds, with `early` as soon as
    its headers are there.

    Or it closes the connection instead, or in the middle of the answer, or stops sending there.
    """

    answer: Message = field(default_factory=lambda: Message(chunks=("ok",)))
    delay: float = 0.0
    early: bool = False
    fault: Literal["", "hang up", "cut off", "stall"] = ""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What has to reach the upstream; None is not looked at, a header that is None has to be missing."""

    method: str | None = None
    path: str | None = None
    headers: Mapping[str, str | list[str] | None] = field(default_factory=dict)
    body: str | None = None
    trailers: Pairs | None = None
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What has to come of a case. `log` are lines of the probe, all of them, in this order, among others.

    `status` None is no answer at all, as long as the client waits. `not_logged` are beginnings of lines.
    """

    status: int | None = 200
    headers: Mapping[str, str | list[str] | None] = field(default_factory=dict)
    body: str | None = None
    trailers: Pairs | None = None
    complete: bool = True
    upstream: Sent | Literal["absent"] | None = None
    log: tuple[str, ...] = ()
    not_logged: tuple[str, ...] = ()
    calls: tuple[Sent, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """`expected` says it for each ABI that the case is about; `source` is where that is written.

    `alone` cases crash the plugin: they are played after all others, one after another. `varying` parts depend on
    the moment, such as `upstream` where an answer may come before its headers are sent, or `frames` of a large body.
    """

    name: str
    source: str
    script: Script
    expected: Mapping[str, Expected]
    request: Message = field(default_factory=Message)
    upstream: Server = field(default_factory=Server)
    service: Server = field(default_factory=Server)
    alone: bool = False
    varying: tuple[str, ...] = ()


def both(expected: Expected) -> Mapping[str, Expected]:
    """The same for each ABI."""
    return {OLD: expected, NEW: expected}
