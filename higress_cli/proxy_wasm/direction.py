"""One direction of a stream on its way through the plugin: what is held back, buffered or passed on.

This is Envoy's filter manager (source/common/http/filter_manager.cc) for a chain with one filter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from higress_cli.proxy_wasm.enums import DataAction, HeadersAction, TrailersAction
from higress_cli.proxy_wasm.headers import HeaderMap


class Callbacks(Protocol):
    """The plugin's callbacks for one direction; where the plugin has none, they continue."""

    def on_headers(self, headers: HeaderMap, *, end: bool) -> HeadersAction: ...
    def on_data(self, data: bytearray, *, end: bool) -> DataAction: ...
    def on_trailers(self, trailers: HeaderMap) -> TrailersAction: ...


class HeadersOut(Protocol):
    def __call__(self, headers: HeaderMap, *, end: bool) -> None: ...


class DataOut(Protocol):
    def __call__(self, data: bytes, *, end: bool) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """Where a direction leads; `too_large` is called when the buffer exceeds its limit."""

    headers: HeadersOut
    data: DataOut
    trailers: Callable[[HeaderMap], None]
    too_large: Callable[[], None]


class _State(Enum):
    RUNNING = "running"
    STOPPED = "stopped"
    """Headers are held, or some data: further data goes to the plugin."""
    ALL_STOPPED = "all stopped"
    """Nothing goes to the plugin before it resumes the stream."""


class Direction:
    """Headers, data and trailers in their order; `limit` is how many bytes may be buffered."""

    def __init__(self, callbacks: Callbacks, outlet: Outlet, *, limit: int) -> None:
        self._callbacks = callbacks
        self._outlet = outlet
        self.limit = limit
        self.headers: HeaderMap | None = None
        self.trailers: HeaderMap | None = None
        self.buffered: bytearray | None = None
        self.ended = False
        """Whether all of it has arrived."""
        self.headers_sent = False
        self.aborted = False
        """Whether a local reply or a reset has taken its place."""
        self._state = _State.RUNNING
        self._streaming = False

    @property
    def paused(self) -> bool:
        """Whether it waits for the plugin."""
        return self._state is not _State.RUNNING and not self.aborted

    @property
    def full(self) -> bool:
        """Whether the sender should wait: the plugin asked to hold data, and it exceeds the limit."""
        return self.paused and self._streaming and len(self.buffered or b"") > self.limit

    def on_headers(self, headers: HeaderMap, *, end: bool) -> None:
        """The headers came; `end` says that nothing follows."""
        self.headers, self.ended = headers, end
        action = self._callbacks.on_headers(headers, end=end)
        if self.aborted:
            return
        if action is HeadersAction.CONTINUE:
            if not self.headers_sent:
                self.headers_sent = True
                self._outlet.headers(headers, end=end)
        elif action is HeadersAction.STOP_ITERATION:
            self._state = _State.STOPPED
        else:
            self._state = _State.ALL_STOPPED
            self._streaming = action is HeadersAction.STOP_ALL_AND_WATERMARK

    def on_data(self, chunk: bytes, *, end: bool, buffering: bool) -> None:
        """A part of the body came. `buffering` says that the plugin's last body callback asked to buffer."""
        self.ended = self.ended or end
        if self.aborted:
            return
        if self._state is _State.ALL_STOPPED:
            self._keep(chunk)
            return
        self._pass_data(bytearray(chunk), end=end, buffering=buffering)

    def on_trailers(self, trailers: HeaderMap) -> None:
        """The trailers came: nothing follows."""
        self.trailers, self.ended = trailers, True
        if self.aborted or self._state is _State.ALL_STOPPED:
            return
        self._pass_trailers(trailers)

    def add_trailers(self, trailers: HeaderMap) -> None:
        """Send these trailers behind the body, whose last part is with the plugin: they do not go through it."""
        self.trailers = trailers

    def resume(self) -> None:
        """Pass on what is held back: the plugin has resumed the stream."""
        if self.aborted or self.headers is None:
            return
        through_plugin = self._state is _State.ALL_STOPPED
        self._state = _State.RUNNING
        trailers = self.trailers
        if not self.headers_sent:
            self.headers_sent = True
            self._outlet.headers(self.headers, end=self.ended and self.buffered is None and trailers is None)
        if self.buffered is not None and not self.aborted:
            held, self.buffered = self.buffered, None
            end = self.ended and trailers is None
            if through_plugin:
                self._pass_data(held, end=end, buffering=False)
            else:
                self._outlet.data(bytes(held), end=end)
        if trailers is not None and not self.aborted:
            if through_plugin:
                self._pass_trailers(trailers)
            else:
                self._outlet.trailers(trailers)

    def inject(self, data: bytes, *, end: bool) -> None:
        """Send data past the plugin, behind the headers."""
        if self.aborted or self.headers is None:
            return
        if not self.headers_sent:
            self.headers_sent = True
            self._outlet.headers(self.headers, end=False)
        self._outlet.data(data, end=end)

    def _pass_data(self, data: bytearray, *, end: bool, buffering: bool) -> None:
        if buffering:
            self._streaming = False
            # Even if this exceeds the limit, the plugin is called, as in Envoy; the local reply is sent afterwards.
            data = self._keep(data)
        action = self._callbacks.on_data(data, end=end)
        if self.aborted:
            return
        if action is DataAction.CONTINUE:
            if not buffering and self._state is _State.RUNNING:
                self._send_data(data, end=end)
                return
            if not buffering:
                self._keep(data)
            self.resume()
            return
        self._state = _State.STOPPED
        if action is not DataAction.STOP_NO_BUFFER:
            self._streaming = action is DataAction.STOP_AND_WATERMARK
            if not buffering:
                self._keep(data)
        elif end and self.buffered is None and self.trailers is None:
            # An empty buffer, so that the stream ends with a data frame when it goes on.
            self.buffered = bytearray()

    def _send_data(self, data: bytearray, *, end: bool) -> None:
        added = self.trailers if end else None
        self._outlet.data(bytes(data), end=end and added is None)
        if added is not None:
            self._outlet.trailers(added)

    def _pass_trailers(self, trailers: HeaderMap) -> None:
        action = self._callbacks.on_trailers(trailers)
        if self.aborted:
            return
        if action is TrailersAction.STOP:
            if self._state is _State.RUNNING:
                self._state = _State.STOPPED
        elif self._state is _State.RUNNING:
            self._outlet.trailers(trailers)
        else:
            self.resume()

    def _keep(self, data: bytes | bytearray) -> bytearray:
        if self.buffered is None:
            self.buffered = bytearray()
        self.buffered += data
        if not self._streaming and len(self.buffered) > self.limit:
            self._outlet.too_large()
        return self.buffered
