"""Scenarios: what `hgw verify` sends, what surrounds the plugin meanwhile, and what is expected. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from pathlib import Path
from typing import Literal

from higress_cli.document import JsonObject
from higress_cli.project.matcher import Matcher
from higress_cli.system.user_file import read_bytes

Headers = Mapping[str, tuple[str, ...]]
"""Names in lower case, each with its values in order."""


@unique
class Key(StrEnum):
    """The features of a scenario that not every gateway supports."""

    CONFIG = "config"
    ENV = "env"
    ROUTE = "route"
    CLUSTER = "cluster"
    PROPERTIES = "properties"
    CLOCK = "clock"
    SERVICES = "services"
    VIA_UPSTREAM = "request.via"
    RESPONSE = "response"
    TRAILERS = "trailers"
    START = "expect.start"
    UPSTREAM = "expect.upstream"
    CALLS = "expect.calls"
    LOG = "expect.log"
    METRICS = "expect.metrics"
    ACTIONS = "expect.actions"
    STATE = "expect.state"


@dataclass(frozen=True, kw_only=True)
class Message:
    """The content of a request or a response: at most one of `body`, `body_file`, `chunks` is set.

    `chunks` are sent one after another, so that they arrive one by one.
    """

    headers: Headers = field(default_factory=dict)
    body: str | None = None
    body_file: Path | None = None
    chunks: tuple[str, ...] | None = None
    trailers: Headers = field(default_factory=dict)

    @property
    def parts(self) -> tuple[bytes, ...]:
        """The body as it is sent, in one part or in several; empty if there is none.

        Raises:
            OSError: the file cannot be read.
        """
        if self.chunks is not None:
            return tuple(chunk.encode() for chunk in self.chunks if chunk)
        content = read_bytes(self.body_file) if self.body_file else (self.body or "").encode()
        return (content,) if content else ()

    @property
    def is_chunked(self) -> bool:
        """Whether it goes out without a content-length."""
        return self.chunks is not None or bool(self.trailers)


@dataclass(frozen=True, kw_only=True)
class Request(Message):
    """The request to send; `via` is `gateway`, or `upstream` to bypass the plugin."""

    method: str = "GET"
    path: str = "/get"
    via: str = "gateway"

    @property
    def has_body(self) -> bool:
        return bool(self.body or self.body_file or self.chunks)


@dataclass(frozen=True, kw_only=True)
class Response(Message):
    """What a server answers, after `delay` seconds."""

    status: int = 200
    delay: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RequestMatch:
    """The requests that a rule is for, or that are expected; a part that is None may be anything."""

    method: Matcher | None = None
    path: Matcher | None = None
    headers: Mapping[str, Matcher] = field(default_factory=dict)
    body: Matcher | None = None
    trailers: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a service answers to the requests that fit `match`."""

    match: RequestMatch = RequestMatch()
    response: Response = Response()


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that the plugin calls, played by `hgw verify`.

    `mode` is `answer`, `refused` (nothing listens at its address), `absent` (the gateway has no such cluster) or
    `redis`. The first of `rules` that fits a request answers it. `redis` maps commands to replies, or is None for a
    Redis that keeps what it is told.
    """

    mode: Literal["answer", "refused", "absent", "redis"] = "answer"
    rules: tuple[Rule, ...] = (Rule(),)
    redis: JsonObject | None = None


@dataclass(frozen=True, kw_only=True)
class CallExpectation:
    """A call that the plugin makes, at least once or exactly `times`; `service` is a key as in `services`.

    `command` is for Redis: the words of a command, joined by spaces.
    """

    service: str
    request: RequestMatch = RequestMatch()
    command: Matcher | None = None
    times: int | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class LineExpectation:
    """A line that the plugin logs: some line fits, or with `none` no line does.

    `level` is proxy-wasm's, None for any; `matcher` None fits every text.
    """

    matcher: Matcher | None = None
    level: str | None = None
    none: bool = False
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class UpstreamExpectation:
    """Whether the upstream gets a request, and what is in it."""

    reached: bool = True
    request: RequestMatch = RequestMatch()


@dataclass(frozen=True, kw_only=True)
class StateExpectation:
    """What the plugin has stored: shared data, and properties of the stream."""

    shared: Mapping[str, Matcher] = field(default_factory=dict)
    properties: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of one request. A part that is None may be anything.

    `start` is whether the plugin takes its configuration. Header names are lower-case. `metrics` are changes during the
    request. `actions` maps phases to the last value that a callback returned there, or to all of them. `within` is in
    seconds. `lines` maps each key, such as `upstream.body`, to its line in the file.
    """

    start: Literal["ok", "fails"] | None = None
    status: int | None = None
    headers: Mapping[str, Matcher] = field(default_factory=dict)
    body: Matcher | None = None
    trailers: Mapping[str, Matcher] = field(default_factory=dict)
    upstream: UpstreamExpectation | None = None
    calls: tuple[CallExpectation, ...] | None = None
    log: tuple[LineExpectation, ...] = ()
    metrics: Mapping[str, Matcher] = field(default_factory=dict)
    actions: Mapping[str, int | tuple[int, ...]] = field(default_factory=dict)
    state: StateExpectation | None = None
    within: float | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def line(self, key: str) -> int | None:
        """The line of a key, or of the nearest key above it."""
        while key and key.lower() not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key.lower())


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One request with what the upstream answers, None for the usual upstream, and what is expected."""

    request: Request = Request()
    response: Response | None = None
    expect: Expectation = Expectation()
    line: int | None = None

    @property
    def keys(self) -> frozenset[Key]:
        """The features that it uses and not every gateway supports."""
        request, expect = self.request, self.expect
        has_trailers = bool(request.trailers or expect.trailers or (self.response and self.response.trailers))
        asked = {
            Key.VIA_UPSTREAM: request.via == "upstream",
            Key.RESPONSE: self.response is not None,
            Key.TRAILERS: has_trailers or bool(expect.upstream and expect.upstream.request.trailers),
            Key.START: expect.start is not None,
            Key.UPSTREAM: expect.upstream is not None,
            Key.CALLS: expect.calls is not None,
            Key.LOG: bool(expect.log),
            Key.METRICS: bool(expect.metrics),
            Key.ACTIONS: bool(expect.actions),
            Key.STATE: expect.state is not None,
        }
        return frozenset(key for key, is_asked in asked.items() if is_asked)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Requests to one virtual machine of the plugin, one after another, and what surrounds it.

    If `config` is None, the project's own plugin configuration is used. `env` and `services` are laid over the
    project's own. `abi` is empty for all. `route` and `cluster` are the names that the plugin's rules match.
    `properties` are answers to the plugin's get_property, `clock` is the time that it sees. `file` and `line` are where
    the scenario is written.
    """

    name: str
    turns: tuple[Turn, ...] = (Turn(),)
    config: JsonObject | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    abi: tuple[str, ...] = ()
    route: str | None = None
    cluster: str | None = None
    properties: Mapping[str, str | int | bool] = field(default_factory=dict)
    clock: datetime | None = None
    services: Mapping[str, Service] = field(default_factory=dict)
    file: Path | None = None
    line: int | None = None

    def is_for(self, abi: str | None) -> bool:
        """Whether it is played with modules of this ABI; None is one that no gateway knows."""
        return not self.abi or abi in self.abi

    @property
    def keys(self) -> frozenset[Key]:
        """The features that the scenario uses and not every gateway supports."""
        asked = {
            Key.CONFIG: self.config is not None,
            Key.ENV: bool(self.env),
            Key.ROUTE: self.route is not None,
            Key.CLUSTER: self.cluster is not None,
            Key.PROPERTIES: bool(self.properties),
            Key.CLOCK: self.clock is not None,
            Key.SERVICES: bool(self.services),
        }
        named = frozenset(key for key, is_asked in asked.items() if is_asked)
        return named.union(*(turn.keys for turn in self.turns))
