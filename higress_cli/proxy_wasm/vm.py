"""One instance of a module: its memory, its functions, and how a trap is reported."""

import ctypes
import re
import struct
from collections.abc import Callable, Sequence
from typing import Final

import wasmtime

from higress_cli.proxy_wasm.crossing import Entrance, HostImport, crossing
from higress_cli.proxy_wasm.errors import Crash, CrashError, LoadError, MemoryFault, StackFrame
from higress_cli.proxy_wasm.limits import Limits, Watchdog, took_longer

_UNSIGNED: Final = 0xFFFFFFFF
_INTERRUPTS: Final = 2
"""How many interrupts end a call. The watchdog repeats them; a single one may be late, meant for the call before."""
_LAST_STEP: Final = 4 * 2**20
"""Closer to the limit of memory than this, a plugin that asked for more may have been refused it."""
_MOST_OUTPUT: Final = 8192
_MOST_FRAMES: Final = 30
_PANIC: Final = re.compile(r"(?:panic|fatal error): *(?P<text>[^\n]*)")


class Vm:
    """An instance that can be called. After a crash it must not be called again."""

    def __init__(
        self,
        module: wasmtime.Module,
        imports: Callable[[str, str], HostImport | None],
        *,
        engine: wasmtime.Engine,
        watchdog: Watchdog,
        limits: Limits,
    ) -> None:
        """Instantiate `module`; `imports` gives the function for a module and a name, None where there is none.

        Raises:
            LoadError: it imports an unknown function, or needs more memory than it may have.
            CrashError: its start function trapped.
        """
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=limits.memory_bytes)
        self._watchdog = watchdog
        self._interrupts = watchdog.interrupts
        self._store.set_epoch_deadline(_INTERRUPTS)
        self._output = bytearray()
        self._is_up = False
        self.limits = limits
        self.seconds = limits.start_seconds
        """How long a call may take."""
        self._crossing = crossing(self._store)
        self._functions: dict[str, wasmtime.Func] = {}
        self._entrances: dict[str, Entrance] = {}
        functions = [self._bind(wanted, imports) for wanted in module.imports]
        is_outer = watchdog.begin("start", self.seconds)
        try:
            exports = wasmtime.Instance(self._store, module, functions).exports(self._store)
        except wasmtime.Trap as trap:
            crash = self._crash("start", trap)
            self.close()
            raise CrashError(crash) from None
        except wasmtime.WasmtimeError as error:
            self.close()
            raise LoadError(str(error).strip()) from error
        finally:
            if is_outer:
                watchdog.end()
        self._functions = {name: found for name, found in exports.items() if isinstance(found, wasmtime.Func)}
        self._shapes = {name: _shape(found.type(self._store)) for name, found in self._functions.items()}
        memory = exports.get("memory")
        if not isinstance(memory, wasmtime.Memory):
            raise LoadError("the module exports no memory")
        self._memory = memory
        self._is_up = True

    def close(self) -> None:
        """Free the instance and its memory.

        Nobody else does: the host functions, which wasmtime keeps for the store, refer to what holds the store.
        """
        # A call would go to memory that is not there any more.
        self._functions = {}
        self._entrances = {}
        self._store.close()

    def has(self, name: str) -> bool:
        """Whether the module exports this function."""
        return name in self._functions

    def shape(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The types of an exported function's parameters and of its results, such as `i32`."""
        return self._shapes[name]

    def takes(self, name: str) -> int:
        """How many parameters an exported function has."""
        return len(self._shapes[name][0])

    def gives(self, name: str) -> bool:
        """Whether an exported function has a result."""
        return bool(self._shapes[name][1])

    def call(self, name: str, *arguments: int) -> int:
        """Call an exported function; one without a result gives 0.

        Raises:
            CrashError: it trapped, or took too long.
        """
        self._output.clear()
        watchdog = self._watchdog
        if self._interrupts != watchdog.interrupts:
            # The end of another plugin's call must not be the end of this one's.
            self._interrupts = watchdog.interrupts
            self._store.set_epoch_deadline(_INTERRUPTS)
        is_outer = watchdog.begin(name, self.seconds)
        try:
            return self._entrance(name)(*arguments)
        except wasmtime.Trap as trap:
            raise CrashError(self._crash(name, trap)) from None
        finally:
            if is_outer:
                watchdog.end()

    def call_within(self, name: str, *arguments: int) -> int:
        """Call a function while the plugin waits in one of the host's; a trap ends the outer call."""
        return self._entrance(name)(*arguments)

    def _entrance(self, name: str) -> Entrance:
        found = self._entrances.get(name)
        if found is None:
            found = self._entrances[name] = self._crossing.entrance(self._functions[name])
        return found

    def note_output(self, text: bytes) -> None:
        """Keep what the plugin's runtime writes: the message of a panic is there."""
        self._output += text
        del self._output[:-_MOST_OUTPUT]

    # Memory ---------------------------------------------------------------------------------------------------

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the plugin's memory.

        Raises:
            MemoryFault: they are not all within it.
        """
        return ctypes.string_at(self._address(at, size), size) if size else b""

    def write(self, at: int, content: bytes) -> None:
        """Write to the plugin's memory.

        Raises:
            MemoryFault: the place is not within it.
        """
        if content:
            ctypes.memmove(self._address(at, len(content)), content, len(content))

    def write_u32(self, at: int, value: int) -> None:
        self.write(at, struct.pack("<I", value & _UNSIGNED))

    def write_u64(self, at: int, value: int) -> None:
        self.write(at, struct.pack("<Q", value & 0xFFFFFFFFFFFFFFFF))

    @property
    def memory_bytes(self) -> int:
        """How large the plugin's memory is."""
        return self._memory.data_len(self._store)

    def _address(self, at: int, size: int) -> int:
        if at + size > self._memory.data_len(self._store):
            raise MemoryFault
        return ctypes.addressof(self._memory.data_ptr(self._store).contents) + at

    # Imports and traps ----------------------------------------------------------------------------------------

    def _bind(self, wanted: wasmtime.ImportType, imports: Callable[[str, str], HostImport | None]) -> wasmtime.Func:
        name = f"{wanted.module}.{wanted.name}"
        given = imports(wanted.module, wanted.name or "")
        if given is None or not isinstance(wanted.type, wasmtime.FuncType):
            raise LoadError(f"Failed to load Wasm module due to a missing import: {name}")
        if given.shape != _shape(wanted.type):
            raise LoadError(f"Failed to load Wasm module due to an import type mismatch: {name}")
        return self._crossing.exit(given)

    def _crash(self, callback: str, trap: wasmtime.Trap) -> Crash:
        code = trap.trap_code
        reason = code.name.lower().replace("_", " ") if code else trap.message
        if code is wasmtime.TrapCode.INTERRUPT:
            reason = took_longer(self.seconds)
        elif self._is_up and self.memory_bytes > self.limits.memory_bytes - _LAST_STEP:
            reason += f"; its memory is at its limit of {self.limits.memory_bytes // 2**20} MiB"
        found = _PANIC.search(self._output.decode("utf-8", "replace"))
        frames = tuple(
            StackFrame(function=frame.func_name or f"function {frame.func_index}")
            for frame in trap.frames[:_MOST_FRAMES]
        )
        return Crash(callback=callback, reason=reason, panic=found["text"].strip() if found else None, frames=frames)


def _shape(kind: wasmtime.FuncType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _names(kind.params), _names(kind.results)


def _names(types: Sequence[wasmtime.ValType]) -> tuple[str, ...]:
    return tuple(str(value) for value in types)
