"""The surroundings of a plugin in unit tests: everything is noted, time stands still, nothing leaves the process."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from higress_cli.proxy_wasm.context import StreamFacts, StreamProgress
from higress_cli.proxy_wasm.enums import LogLevel
from higress_cli.proxy_wasm.errors import Crash
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.host import PluginHost, Runtime
from higress_cli.proxy_wasm.shared_state import Shared
from higress_cli.proxy_wasm.stream import Stream
from higress_cli.proxy_wasm.surroundings import HttpCall, RedisCall, RedisLogin, VmSettings
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import read_module

_PATH = Path("probe.wasm")
NOW = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z in nanoseconds."""


class World:
    """PluginOwner that know the cluster `known` and no other."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.levels: list[LogLevel] = []
        self.callbacks: list[tuple[str, int | None]] = []
        self.refusals: list[tuple[str, str, int]] = []
        self.crashes: list[Crash] = []
        self.http: list[HttpCall] = []
        self.logins: list[RedisLogin] = []
        self.redis: list[RedisCall] = []
        self.tick_period: int | None = None
        self.waiting: list[Callable[[], None]] = []

    def log(self, level: LogLevel, text: str) -> None:
        self.lines.append(text)
        self.levels.append(level)

    def crashed(self, crash: Crash) -> None:
        self.crashes.append(crash)

    def returned(self, callback: str, value: int | None) -> None:
        self.callbacks.append((callback.removeprefix("proxy_on_"), value))

    def refused(self, callback: str, function: str, status: int) -> None:
        self.refusals.append((callback.removeprefix("proxy_on_"), function, status))

    def wall_nanoseconds(self) -> int:
        return NOW

    def monotonic_nanoseconds(self) -> int:
        return 5_000_000_000

    def random(self, count: int) -> bytes:
        return bytes(range(count))

    def set_tick_period(self, milliseconds: int) -> None:
        self.tick_period = milliseconds

    def later(self, action: Callable[[], None]) -> None:
        self.waiting.append(action)

    def http_call(self, call: HttpCall) -> bool:
        self.http.append(call)
        return call.cluster == "known"

    def redis_init(self, login: RedisLogin) -> bool:
        self.logins.append(login)
        return login.cluster == "known"

    def redis_call(self, call: RedisCall) -> bool:
        self.redis.append(call)
        return call.cluster == "known"

    def settle(self) -> None:
        """Do what was put off."""
        while self.waiting:
            self.waiting.pop(0)()


class Wire:
    """Where a stream leads: what came out, in its order, in words that read well in an assertion."""

    def __init__(self) -> None:
        self.upstream: list[Any] = []
        self.downstream: list[Any] = []

    def request_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self.upstream.append((_plain(headers), end))

    def request_data(self, data: bytes, *, end: bool) -> None:
        self.upstream.append((data.decode(), end))

    def request_trailers(self, trailers: HeaderMap) -> None:
        self.upstream.append({"trailers": _plain(trailers)})

    def response_headers(self, headers: HeaderMap, *, end: bool) -> None:
        self.downstream.append((_plain(headers), end))

    def response_data(self, data: bytes, *, end: bool) -> None:
        self.downstream.append((data.decode(), end))

    def response_trailers(self, trailers: HeaderMap) -> None:
        self.downstream.append({"trailers": _plain(trailers)})

    def reset(self, details: str) -> None:
        self.downstream.append(f"reset: {details}")

    @property
    def status(self) -> str | None:
        """The status that went to the client."""
        return next((entry[0][":status"] for entry in self.downstream if isinstance(entry[0], dict)), None)


def _plain(headers: HeaderMap) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.decode()
        found[key] = f"{found[key]} | {value.decode()}" if key in found else value.decode()
    return found


REQUEST = {":method": "POST", ":scheme": "http", ":authority": "example.com", ":path": "/a?b=1"}
ANSWER = {":status": "200", "content-type": "text/plain"}


class Rig:
    """A plugin in its world, and streams through it."""

    def __init__(self, module: bytes, engine: Runtime, *, shared: Shared | None = None, **settings: Any) -> None:
        self.world = World()
        self.shared = shared or Shared()
        parsed = read_module(module, path=_PATH)
        self.host = PluginHost(
            engine.machine(engine.compile(module), abi_of(parsed)),
            settings=VmSettings(plugin_name="probe", **settings),
            surroundings=self.world,
            shared=self.shared,
        )

    def open(self, **facts: Any) -> "Exchange":
        """A new stream."""
        facts = {"route_name": "a-route", "cluster_name": "outbound|80||up.static", **facts}
        wire = Wire()
        return Exchange(self, self.host.open_stream(StreamFacts(**facts), StreamProgress(), sink=wire), wire)

    def get(self, **headers: str) -> "Exchange":
        """A request without a body, as far as it comes."""
        exchange = self.open()
        exchange.request(headers, body=None)
        return exchange

    @property
    def lines(self) -> list[str]:
        return self.world.lines


class Exchange:
    """A stream and what came out of it."""

    def __init__(self, rig: Rig, stream: Stream, wire: Wire) -> None:
        self.rig = rig
        self.stream = stream
        self.wire = wire

    def request(self, headers: dict[str, str] | None = None, *, body: Sequence[str] | None = ("hello",)) -> "Exchange":
        """Send a request; each part of the body comes alone, and its end after that, as HTTP/1.1 brings it."""
        self.stream.on_request_headers(_pairs({**REQUEST, **(headers or {})}), end=body is None)
        if body is not None:
            for part in body:
                self.stream.on_request_data(part.encode(), end=False)
            self.stream.on_request_data(b"", end=True)
        return self

    def answer(self, headers: dict[str, str] | None = None, *, body: Sequence[str] | None = ("answer",)) -> "Exchange":
        """Let the upstream answer."""
        self.stream.on_response_headers(_pairs({**ANSWER, **(headers or {})}), end=body is None)
        if body is not None:
            for part in body:
                self.stream.on_response_data(part.encode(), end=False)
            self.stream.on_response_data(b"", end=True)
        return self

    def close(self) -> "Exchange":
        self.rig.host.close_stream(self.stream)
        return self


def _pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
