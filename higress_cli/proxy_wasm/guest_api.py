"""The plugin as host functions see it."""

from collections.abc import Callable
from typing import Protocol

from higress_cli.proxy_wasm.context import StreamContext
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.shared_state import Shared
from higress_cli.proxy_wasm.surroundings import HttpAnswer, PluginOwner, VmSettings
from higress_cli.proxy_wasm.vm import Vm


class CallAnswer:
    """The result of an HTTP or Redis call, readable by the plugin during its callback."""

    def __init__(self, *, http: HttpAnswer | None = None, redis: bytes | None = None) -> None:
        self.headers = HeaderMap("response", http.headers) if http else None
        self.trailers = HeaderMap("response_trailers", http.trailers) if http and http.trailers else None
        self.body = http.body if http else None
        self.redis = redis


class GuestApi(Protocol):
    """The plugin in its VM (guest.py).

    `answer` belongs to the callback that is running, `configuration` can be read while the plugin is being configured,
    `status` is a code and a text for get_status.
    """

    vm: Vm
    settings: VmSettings
    surroundings: PluginOwner
    shared: Shared
    answer: CallAnswer
    status: tuple[int, bytes]
    configuration: bytes | None
    rebuild_wanted: bool

    @property
    def context(self) -> StreamContext | None:
        """The stream that host functions are about, None for the plugin itself."""

    def set_effective_context(self, identifier: int) -> AbiStatus:
        """Let host functions be about another context until the call ends."""

    def give(self, content: bytes, pointer_at: int, size_at: int) -> None:
        """Hand bytes over to the plugin, in memory that it allocates.

        Raises:
            MemoryFault: the plugin has no room, or named a place that is not in its memory.
        """

    def log(self, level: LogLevel, text: bytes) -> None:
        """A line of the plugin."""

    def note_refused(self, function: str, status: AbiStatus) -> None:
        """A host function returned BadArgument or Unimplemented to the plugin."""

    def next_token(self) -> int:
        """A number for a call that the plugin makes."""

    def expect(self, token: int) -> None:
        """The call with this number is on its way."""

    def defer(self, action: Callable[[], None]) -> None:
        """Run `action` when the call into the plugin that is running has ended."""

    def queue_ready(self, token: int) -> None:
        """There is an entry in a queue that the plugin registered."""
