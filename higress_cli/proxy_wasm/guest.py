"""A plugin in a VM: it is started, called, and unusable after a crash."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import wasmtime

from higress_cli.proxy_wasm.callbacks import badly_shaped
from higress_cli.proxy_wasm.calls import find_import
from higress_cli.proxy_wasm.context import Control, StreamContext, StreamFacts, StreamProgress
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel
from higress_cli.proxy_wasm.errors import CrashError, LoadError, MemoryFault, StartError
from higress_cli.proxy_wasm.guest_api import CallAnswer
from higress_cli.proxy_wasm.limits import Watchdog
from higress_cli.proxy_wasm.shared_state import Shared
from higress_cli.proxy_wasm.surroundings import HttpAnswer, PluginOwner, VmSettings
from higress_cli.proxy_wasm.vm import Vm

ROOT: Final = 1
"""The id of the root context: the plugin itself, as opposed to a stream."""
_RESET: Final = (int(AbiStatus.BROKEN_CONNECTION), b"reset")
"""What get_status says of an HTTP call whose answer was not complete."""
_POINTER: Final = 0xFFFFFFFF
_ALLOCATORS: Final = ("malloc", "proxy_on_memory_allocate")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a VM is made from.

    `marker` is the module's ABI marker, `proxy_abi_version_...`; `stops_on_headers` says that its ABI is 0.2.100;
    `tokens` gives numbers that no VM had before.
    """

    module: wasmtime.Module
    marker: str | None
    stops_on_headers: bool
    engine: wasmtime.Engine
    watchdog: Watchdog
    tokens: Iterator[int]


class Guest:
    """A running plugin. Create it, call `start`, then open contexts and pass on what happens."""

    settings: VmSettings
    vm: Vm

    def __init__(self, machine: Machine, *, settings: VmSettings, surroundings: PluginOwner, shared: Shared) -> None:
        """Put the module into a VM.

        Raises:
            LoadError: the module wants what this host does not have. CrashError: it trapped already.
        """
        self.settings = settings
        self.surroundings = surroundings
        self.shared = shared
        self.stops_on_headers = machine.stops_on_headers
        self.failed = False
        self.rebuild_wanted = False
        """Whether the plugin asked for a new VM (Higress's property wasm_need_rebuild)."""
        self.configuration: bytes | None = None
        """What the plugin can read in on_configure; None outside it."""
        self.answer = CallAnswer()
        self.status: tuple[int, bytes] = (0, b"")
        self._contexts: dict[int, StreamContext] = {}
        self._last_context = ROOT
        self._tokens = machine.tokens
        self._waiting: set[int] = set()
        self._current = 0
        self._effective = 0
        self._actions: deque[Callable[[], None]] = deque()
        self._depth = 0
        self._callback = ""
        self.on_crash: Callable[[], None] = lambda: None
        self.vm = Vm(
            machine.module,
            lambda module, name: find_import(self, module, name, marker=machine.marker),
            engine=machine.engine,
            watchdog=machine.watchdog,
            limits=settings.limits,
        )
        self._allocator = next((name for name in _ALLOCATORS if self.vm.has(name)), "")
        lacks = badly_shaped(self.vm) if self._allocator else "Wasm module is missing malloc function."
        if lacks is not None:
            self.vm.close()
            raise LoadError(lacks)

    def start(self) -> None:
        """Let the plugin initialise itself and take its configuration.

        Raises:
            StartError: it refused. CrashError: it trapped.
        """
        if self.vm.has("_initialize"):
            self._must("_initialize")
            if self.vm.has("main"):
                self._must("main", *([0] * self.vm.takes("main")))
        elif self.vm.has("_start"):
            self._must("_start")
        if self.vm.has("proxy_on_context_create"):
            self._must("proxy_on_context_create", ROOT, 0)
        settings = self.settings
        self._accept("proxy_on_vm_start", len(settings.vm_configuration))
        self.configuration = settings.configuration
        self._accept("proxy_validate_configuration", len(settings.configuration))
        self._accept("proxy_on_configure", len(settings.configuration))
        self.configuration = None
        self.vm.seconds = settings.limits.call_seconds

    def open_context(self, facts: StreamFacts, progress: StreamProgress, *, control: Control) -> StreamContext:
        """A context for a new stream; the plugin is told when the request's headers come."""
        self._last_context += 1
        context = StreamContext(self._last_context, caller=self, facts=facts, progress=progress, control=control)
        self._contexts[context.id] = context
        self._run(context.id, "proxy_on_context_create", context.id, ROOT)
        return context

    def forget_context(self, context: StreamContext) -> None:
        """The stream is over."""
        self._contexts.pop(context.id, None)

    # Calls ----------------------------------------------------------------------------------------------------

    def call(self, context: StreamContext, name: str, *arguments: int) -> int | None:
        """Call a callback of a stream; None where the plugin does not have it, or is gone."""
        if name in {"proxy_on_request_headers", "proxy_on_response_headers"} and self.vm.has(name):
            # ABI 0.1.0 knows no end of stream.
            arguments = arguments[: self.vm.takes(name) - 1]
        return self._run(context.id, name, context.id, *arguments)

    def tick(self) -> None:
        """The plugin's tick period has elapsed."""
        self._run(ROOT, "proxy_on_tick", ROOT)

    def queue_ready(self, token: int) -> None:
        """There is an entry in a queue that the plugin registered."""
        self._run(ROOT, "proxy_on_queue_ready", ROOT, token)

    def http_answer(self, token: int, answer: HttpAnswer) -> None:
        """A call of the plugin is answered; a token that this VM did not use is ignored."""
        if token not in self._waiting:
            return
        self._waiting.remove(token)
        self.answer = CallAnswer(http=answer)
        if not answer.headers:
            self.status = _RESET
        counts = (len(answer.headers), len(answer.body), len(answer.trailers))
        self._run(ROOT, "proxy_on_http_call_response", ROOT, token, *counts)
        self.answer = CallAnswer()
        # Envoy forgets the text, and keeps the code (Context::onHttpCallFailure).
        self.status = (self.status[0], b"")

    def redis_reply(self, token: int, reply: bytes | None) -> None:
        """A Redis call is answered, with None where that failed; a token that this VM did not use is ignored."""
        if token not in self._waiting:
            return
        self._waiting.remove(token)
        self.answer = CallAnswer(redis=reply)
        status = 0 if reply is not None else 1
        self._run(ROOT, "proxy_on_redis_call_response", ROOT, token, status, len(reply or b""))
        self.answer = CallAnswer()

    def close(self) -> None:
        """Free the VM, unless one of its calls is under way; nothing may be called afterwards."""
        if not self._depth:
            self.failed = True
            self.vm.close()

    def done(self) -> None:
        """Run the plugin's last callbacks."""
        self._run(ROOT, "proxy_on_done", ROOT)
        self._run(ROOT, "proxy_on_delete", ROOT)

    # For the host functions -----------------------------------------------------------------------------------

    @property
    def context(self) -> StreamContext | None:
        """The stream that host functions are about, None for the plugin itself."""
        return self._contexts.get(self._effective or self._current)

    def set_effective_context(self, identifier: int) -> AbiStatus:
        """Let host functions be about another context until the call ends."""
        if identifier != ROOT and identifier not in self._contexts:
            return AbiStatus.BAD_ARGUMENT
        self._effective = identifier
        return AbiStatus.OK

    def defer(self, action: Callable[[], None]) -> None:
        """Run `action` when the call into the plugin that is running has ended."""
        if self._depth:
            self._actions.append(action)
        else:
            action()

    def give(self, content: bytes, pointer_at: int, size_at: int) -> None:
        """Hand bytes over to the plugin, in memory that it allocates; nothing is allocated for none.

        Raises:
            MemoryFault: the plugin has no room, or named a place that is not in its memory.
        """
        address = 0
        if content:
            address = self.vm.call_within(self._allocator, len(content)) & _POINTER
            if not address:
                raise MemoryFault
            self.vm.write(address, content)
        self.vm.write_u32(pointer_at, address)
        self.vm.write_u32(size_at, len(content))

    def log(self, level: LogLevel, text: bytes) -> None:
        """A line of the plugin."""
        if level >= self.settings.log_level:
            self.surroundings.log(level, text.decode("utf-8", "replace"))

    def note_refused(self, function: str, status: AbiStatus) -> None:
        """A host function returned BadArgument or Unimplemented to the plugin."""
        self.surroundings.refused(self._callback, function, status)

    def next_token(self) -> int:
        """A number for a call that the plugin makes."""
        return next(self._tokens)

    def expect(self, token: int) -> None:
        """The call with this number is on its way: its answer is for this VM."""
        self._waiting.add(token)

    # Within ---------------------------------------------------------------------------------------------------

    def _must(self, name: str, *arguments: int) -> int:
        """Make a call while the plugin starts.

        Raises:
            CrashError: it trapped.
        """
        self._depth += 1
        self._current, self._effective, self._callback = ROOT, 0, name
        try:
            returned = self.vm.call(name, *arguments)
        except CrashError:
            self.failed = True
            raise
        finally:
            self._depth -= 1
        self._settle()
        return returned

    def _accept(self, name: str, size: int) -> None:
        if self.vm.has(name) and not self._must(name, ROOT, size):
            self.failed = True
            raise StartError(f"the plugin's {name} returned false", callback=name)

    def _run(self, about: int, name: str, *arguments: int) -> int | None:
        if self.failed or not self.vm.has(name):
            return None
        outer = self._current, self._effective, self._callback
        self._current, self._effective, self._callback = about, 0, name
        self._depth += 1
        returned: int | None = None
        try:
            returned = self.vm.call(name, *arguments)
        except CrashError as error:
            self.failed = True
            self._actions.clear()
            self.surroundings.crashed(error.crash)
        finally:
            self._depth -= 1
            self._current, self._effective, self._callback = outer
        if returned is None:
            self.on_crash()
            return None
        self.surroundings.returned(name, returned if self.vm.gives(name) else None)
        self._settle()
        return returned

    def _settle(self) -> None:
        while self._actions and not self._depth:
            self._actions.popleft()()
