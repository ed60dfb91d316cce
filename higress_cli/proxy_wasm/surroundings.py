"""What a plugin needs from outside, as an interface that the owner of its host implements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from higress_cli.proxy_wasm.enums import LogLevel
from higress_cli.proxy_wasm.errors import Crash
from higress_cli.proxy_wasm.limits import Limits
from higress_cli.proxy_wasm.pairs import Pair
from higress_cli.settings.project import BUFFER_LIMIT

# Envoy's words for what has no answer (source/common/router/router.cc).
REFUSED: Final = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
GARBLED: Final = "upstream connect error or disconnect/reset before headers. reset reason: protocol error"
CUT: Final = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
TIMED_OUT: Final = "upstream request timeout"


@dataclass(frozen=True, kw_only=True)
class VmSettings:
    """What a VM starts with. `configuration` is what the plugin gets in its callback on_configure.

    `log_level` is the lowest level that is of interest: it is what the plugin is told when it asks.
    """

    plugin_name: str
    configuration: bytes = b""
    vm_configuration: bytes = b""
    root_id: str = ""
    vm_id: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    log_level: LogLevel = LogLevel.TRACE
    limits: Limits = field(default_factory=Limits)
    buffer_limit: int = BUFFER_LIMIT.default
    """How many bytes of a body may be buffered before the gateway refuses it with 413 or 500."""


@dataclass(frozen=True, kw_only=True)
class HttpCall:
    """A request that the plugin makes; `token` names it in the answer, a timeout of 0 is none."""

    token: int
    cluster: str
    headers: tuple[Pair, ...]
    body: bytes
    trailers: tuple[Pair, ...]
    timeout_milliseconds: int


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """What came of a call; `headers` hold `:status`, and are empty where the answer was not complete."""

    headers: tuple[Pair, ...]
    body: bytes = b""
    trailers: tuple[Pair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RedisLogin:
    """How the plugin wants to talk to a Redis service; `options` are those after the cluster's name."""

    cluster: str
    username: str
    password: str
    timeout_milliseconds: int
    options: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RedisCall:
    """A command in Redis's own protocol (RESP); `token` names it in the reply."""

    token: int
    cluster: str
    query: bytes


class PluginOwner(Protocol):
    """Who owns a plugin's host. Answers to calls come later, through the host; none of these methods blocks."""

    def log(self, level: LogLevel, text: str) -> None:
        """A line of the plugin."""

    def crashed(self, crash: Crash) -> None:
        """The plugin's VM is gone; the next stream gets a new one."""

    def returned(self, callback: str, value: int | None) -> None:
        """A callback of the plugin ended; None where it returns nothing."""

    def refused(self, callback: str, function: str, status: int) -> None:
        """A host function that the plugin called in `callback` gave it BadArgument."""

    def wall_nanoseconds(self) -> int:
        """The time since 1970."""

    def monotonic_nanoseconds(self) -> int:
        """A time that never goes back."""

    def random(self, count: int) -> bytes:
        """Random bytes."""

    def set_tick_period(self, milliseconds: int) -> None:
        """Call the host's `tick` as often as this; 0 is never."""

    def later(self, action: Callable[[], None]) -> None:
        """Run `action` soon, but not before the call into the plugin that asks for it has ended."""

    def http_call(self, call: HttpCall) -> bool:
        """Begin a call; False where there is no such cluster."""

    def redis_init(self, login: RedisLogin) -> bool:
        """Note how to talk to a Redis; False where there is no such cluster."""

    def redis_call(self, call: RedisCall) -> bool:
        """Begin a call; False where there is no such cluster."""


def refused() -> HttpAnswer:
    """The gateway's own answer where a service cannot be connected to: the plugin sees a 503."""
    return _own(503, REFUSED)


def cut_off() -> HttpAnswer:
    """The gateway's own answer where a service closed the connection without an answer."""
    return _own(503, CUT)


def timed_out() -> HttpAnswer:
    """The gateway's own answer where a service was too slow: the plugin sees a 504."""
    return _own(504, TIMED_OUT)


def _own(status: int, text: str) -> HttpAnswer:
    headers = (
        (b":status", str(status).encode()),
        (b"content-length", str(len(text)).encode()),
        (b"content-type", b"text/plain"),
    )
    return HttpAnswer(headers=headers, body=text.encode())
