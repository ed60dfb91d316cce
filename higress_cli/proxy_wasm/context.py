"""A stream as the plugin sees it: which headers and bodies it may touch in which phase.

This is the wasm filter of Envoy (source/extensions/common/wasm/context.cc).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from higress_cli.proxy_wasm.actions import data_action, headers_action, trailers_action
from higress_cli.proxy_wasm.enums import DataAction, HeadersAction, MapType, TrailersAction
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.pairs import Pair


@dataclass(frozen=True, kw_only=True)
class StreamFacts:
    """What is known of a stream from its start.

    `properties` are the owner's own answers by path, segments joined by dots; they come before everything else.
    `upstream_hosts` are addresses with what is known of them as JSON text.
    """

    route_name: str
    cluster_name: str
    source: tuple[str, int] = ("127.0.0.1", 0)
    destination: tuple[str, int] = ("127.0.0.1", 0)
    protocol: str = "HTTP/1.1"
    connection_id: int = 1
    start_nanoseconds: int = 0
    properties: Mapping[str, bytes] = field(default_factory=dict)
    upstream_hosts: tuple[Pair, ...] = ()


@dataclass(kw_only=True)
class StreamProgress:
    """How far a stream has come besides its content: its owner and the plugin write into it as it goes on.

    `upstream` and `upstream_local` are the ends of the connection to the upstream. `received_bytes` and `sent_bytes`
    are of the bodies, so far. `nanoseconds` is how long the request took, and `upstream_nanoseconds` how long the
    upstream.
    """

    upstream: tuple[str, int] | None = None
    upstream_local: tuple[str, int] | None = None
    override_host: str | None = None
    """Where the plugin wants the request to go instead."""
    response_code: int | None = None
    response_details: str = ""
    received_bytes: int = 0
    sent_bytes: int = 0
    nanoseconds: int | None = None
    upstream_nanoseconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Acted:
    """What the plugin returned in a phase: `phase` is the callback's name without `proxy_on_`."""

    phase: str
    value: int


class Caller(Protocol):
    """Calls the plugin of a context."""

    @property
    def failed(self) -> bool:
        """Whether the VM has crashed."""

    @property
    def stops_on_headers(self) -> bool:
        """Whether the module's ABI lets it stop at headers alone (0.2.100)."""

    def call(self, context: "StreamContext", name: str, *arguments: int) -> int | None:
        """What a callback returns; None where the plugin does not have it, or crashed in it."""


class Side:
    """The request or the response of a context: the parts that the plugin can reach right now."""

    def __init__(self, context: "StreamContext", name: str) -> None:
        self._context = context
        self._name = name
        self.headers: HeaderMap | None = None
        self.trailers: HeaderMap | None = None
        self.data: bytearray | None = None
        self.buffering = False
        self.buffered: Callable[[], bytearray | None] = lambda: None
        """The body that the gateway holds for the plugin."""
        self.add_trailers: Callable[[], HeaderMap | None] = lambda: None
        """Trailers for a message that has none, as far as it can still get some."""
        self._in_last_data = False

    @property
    def body(self) -> bytearray | None:
        """What a body function of the plugin works on."""
        return self.buffered() if self.buffering else self.data

    def writable_trailers(self) -> HeaderMap | None:
        """The trailers to change. The callback with the end of a body can add some (Envoy, Context::getMap)."""
        if self.trailers is None and self._in_last_data:
            return self.add_trailers()
        return self.trailers

    def forget(self) -> None:
        """The stream continues: the plugin can no longer reach what it could."""
        self.headers = self.trailers = self.data = None

    # Callbacks (direction.py) ---------------------------------------------------------------------------------

    def on_headers(self, headers: HeaderMap, *, end: bool) -> HeadersAction:
        self.headers = headers
        value = self._context.run(f"{self._name}_headers", len(headers), int(end))
        if value is None:
            self.headers = None
            return HeadersAction.CONTINUE
        action = headers_action(
            value, stops_on_headers=self._context.caller.stops_on_headers, replied=self._context.replied
        )
        if action is HeadersAction.CONTINUE:
            self.headers = None
        return action

    def on_data(self, data: bytearray, *, end: bool) -> DataAction:
        self.data = data
        self._in_last_data = end
        value = self._context.run(f"{self._name}_body", len(data), int(end))
        self._in_last_data = False
        self.buffering = False
        if value is None:
            self.data = None
            return DataAction.CONTINUE
        action = data_action(value, replied=self._context.replied)
        self.buffering = action is DataAction.STOP_AND_BUFFER
        if action is DataAction.CONTINUE:
            self.data = None
        elif not self.buffering:
            # The gateway has taken the bytes; the plugin still sees an empty buffer.
            self.data = bytearray()
        return action

    def on_trailers(self, trailers: HeaderMap) -> TrailersAction:
        self.trailers = trailers
        value = self._context.run(f"{self._name}_trailers", len(trailers))
        if value is None:
            self.trailers = None
            return TrailersAction.CONTINUE
        action = trailers_action(value, replied=self._context.replied)
        if action is TrailersAction.CONTINUE:
            self.trailers = None
        return action


class Control(Protocol):
    """What a plugin can do to its stream; each takes effect when the call into the plugin has ended."""

    def resume_request(self) -> None: ...
    def resume_response(self) -> None: ...
    def reply(self, status: int, *, body: bytes, headers: list[Pair], details: str) -> None: ...
    def reset(self) -> None: ...
    def inject(self, data: bytes, *, end: bool) -> None: ...
    def set_limit(self, side: str, limit: int) -> None: ...


_MOST_ACTIONS: Final = 1000


class StreamContext:
    """A stream's context in the plugin. `state` is what the plugin stored with set_property."""

    def __init__(
        self, identifier: int, *, caller: Caller, facts: StreamFacts, progress: StreamProgress, control: Control
    ) -> None:
        self.id = identifier
        self.caller = caller
        self.facts = facts
        self.progress = progress
        self.control = control
        self.request = Side(self, "request")
        self.response = Side(self, "response")
        self.state: dict[bytes, bytes] = {}
        self.acted: list[Acted] = []
        self.replied = False
        """Whether a local response was sent in the call that is running."""
        self.reply_sent = False
        self._logged: Mapping[MapType, HeaderMap | None] | None = None

    def run(self, phase: str, *arguments: int) -> int | None:
        """Call the callback of `phase` and record what it returned."""
        self.replied = False
        value = self.caller.call(self, f"proxy_on_{phase}", *arguments)
        if value is not None and len(self.acted) < _MOST_ACTIONS:
            self.acted.append(Acted(phase=phase, value=value))
        return value

    @property
    def logging(self) -> bool:
        """Whether this is the stream's last look at its headers."""
        return self._logged is not None

    def readable(self, kind: MapType) -> HeaderMap | None:
        """The map that a reading function of the plugin sees."""
        if self._logged is not None:
            return self._logged.get(kind)
        maps = {
            MapType.REQUEST_HEADERS: self.request.headers,
            MapType.REQUEST_TRAILERS: self.request.trailers,
            MapType.RESPONSE_HEADERS: self.response.headers,
            MapType.RESPONSE_TRAILERS: self.response.trailers,
        }
        return maps.get(kind)

    def writable(self, kind: MapType) -> HeaderMap | None:
        """The map that a changing function of the plugin works on."""
        if self._logged is not None:
            return None
        if kind is MapType.REQUEST_TRAILERS:
            return self.request.writable_trailers()
        if kind is MapType.RESPONSE_TRAILERS:
            return self.response.writable_trailers()
        return self.readable(kind)

    def finish(self, *, request: HeaderMap | None, response: HeaderMap | None, trailers: HeaderMap | None) -> None:
        """The stream's last callbacks; while the plugin logs, it can read the headers again."""
        self._logged = {
            MapType.REQUEST_HEADERS: request,
            MapType.RESPONSE_HEADERS: response,
            MapType.RESPONSE_TRAILERS: trailers,
        }
        self.caller.call(self, "proxy_on_log")
        self._logged = None
        self.caller.call(self, "proxy_on_done")
        self.caller.call(self, "proxy_on_delete")
