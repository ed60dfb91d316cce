"""A module with its configuration, kept alive: a new VM takes the place of one that crashed."""

import contextlib
import itertools
from pathlib import Path

from higress_cli.abi import Abi
from higress_cli.proxy_wasm.context import StreamFacts, StreamProgress
from higress_cli.proxy_wasm.errors import LoadError
from higress_cli.proxy_wasm.guest import Guest, Machine
from higress_cli.proxy_wasm.limits import Watchdog
from higress_cli.proxy_wasm.modules import CompiledModule, ModuleCache, make_engine
from higress_cli.proxy_wasm.shared_state import Shared
from higress_cli.proxy_wasm.stream import Sink, Stream
from higress_cli.proxy_wasm.surroundings import HttpAnswer, PluginOwner, VmSettings
from higress_cli.wasm.abi import DeclaredAbi


class Runtime:
    """Compiles and runs modules. One is enough for a process; `close` ends its thread."""

    def __init__(self, cache: Path | None = None) -> None:
        """`cache` is a folder for compiled modules."""
        self.wasmtime = make_engine()
        self.watchdog = Watchdog(self.wasmtime)
        self._modules = ModuleCache(cache)

    def compile(self, content: bytes) -> CompiledModule:
        """The compiled form of a module's bytes, from the cache if it is there. Any thread may call this.

        Raises:
            LoadError: it is not a module that wasmtime takes.
        """
        return self._modules.compile(self.wasmtime, content)

    def machine(self, compiled: CompiledModule, abi: DeclaredAbi) -> Machine:
        """What the VMs of a plugin are made from, with what `compile` made of its module.

        Raises:
            LoadError: no ABI that is known.
        """
        if abi.version is None:
            raise LoadError("Missing or unknown Proxy-Wasm ABI version")
        return Machine(
            module=compiled.module,
            marker=abi.export,
            stops_on_headers=abi.version == Abi.V0_2_100,
            engine=self.wasmtime,
            watchdog=self.watchdog,
            tokens=itertools.count(1),
        )

    def close(self) -> None:
        """End the thread. Nothing made from this runtime can be used afterwards."""
        self.watchdog.close()


class PluginHost:
    """A plugin ready for use: open streams through it, and hand it the results of its calls."""

    def __init__(
        self, machine: Machine, *, settings: VmSettings, surroundings: PluginOwner, shared: Shared | None = None
    ) -> None:
        """Start a plugin, whose first VM is made now.

        Raises:
            LoadError: it cannot be loaded. StartError: it refused to start. CrashError: it trapped while it started.
        """
        self._settings = settings
        self._surroundings = surroundings
        self.shared = shared or Shared()
        self._machine = machine
        self._streams: dict[Stream, Guest] = {}
        self._guest: Guest | None = None
        self._guest = self._start()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @property
    def alive(self) -> bool:
        """Whether its VM can be called: after a crash it cannot, until the next stream gets a new one."""
        return self._guest is not None and not self._guest.failed

    @property
    def memory_bytes(self) -> int:
        """What the plugin's memory takes now."""
        return self._guest.vm.memory_bytes if self._guest else 0

    def open_stream(self, facts: StreamFacts, progress: StreamProgress, *, sink: Sink) -> Stream:
        """A stream for a new request, whose owner writes into `progress`, in a new VM where the last one crashed.

        Raises:
            StartError, CrashError: the new VM does not start.
        """
        guest = former = self._guest
        if guest is None or guest.failed or guest.rebuild_wanted:
            guest = self._guest = self._start()
            self._let_go(former)
        stream = Stream(sink, limit=self._settings.buffer_limit, deferred=guest.defer)
        stream.attach(guest.open_context(facts, progress, control=stream))
        self._streams[stream] = guest
        if guest.failed:
            stream.fail()
        return stream

    def close_stream(self, stream: Stream) -> None:
        """The stream is over: the plugin's last callbacks for it."""
        stream.close()
        guest = self._streams.pop(stream, None)
        if guest is not None:
            guest.forget_context(stream.context)
            self._let_go(guest)

    def tick(self) -> None:
        """The plugin's tick period has elapsed."""
        if self._guest is not None:
            self._guest.tick()

    def http_answer(self, token: int, answer: HttpAnswer) -> None:
        """A call of the plugin is answered. Tokens of a VM that is gone are ignored."""
        if self._guest is not None:
            self._guest.http_answer(token, answer)

    def redis_reply(self, token: int, reply: bytes | None) -> None:
        """A Redis call of the plugin is answered, with None where it failed."""
        if self._guest is not None:
            self._guest.redis_reply(token, reply)

    def close(self) -> None:
        """End the plugin and its streams."""
        for stream in list(self._streams):
            self.close_stream(stream)
        if self._guest is not None:
            self._guest.done()
        former, self._guest = self._guest, None
        self._let_go(former)

    def _let_go(self, guest: Guest | None) -> None:
        """Free a VM that no stream and no new request will call any more."""
        if guest is not None and guest is not self._guest and guest not in self._streams.values():
            guest.close()

    def _start(self) -> Guest:
        guest = Guest(self._machine, settings=self._settings, surroundings=self._surroundings, shared=self.shared)
        guest.on_crash = lambda: self._fail_streams(guest)
        with contextlib.ExitStack() as undo:
            undo.callback(guest.close)
            guest.start()
            undo.pop_all()
        return guest

    def _fail_streams(self, guest: Guest) -> None:
        for stream, of in list(self._streams.items()):
            if of is guest:
                stream.fail()
