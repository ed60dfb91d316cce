"""Calls into an instance and out of it, with numbers.

wasmtime-py looks a function's type up and turns every value into an object at each call, which takes 30 µs, where the
call itself takes 1 µs; a request makes dozens. So this file calls wasmtime's C API itself, by private parts of
wasmtime-py (`_ffi`, `Func._func`), in the manner of `wasmtime.Func`. Where these are not as they were in versions 30 to
50, `Func` does it.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import wasmtime

try:
    from wasmtime import _ffi
except ImportError:
    _ffi = None  # type: ignore[assignment] # mypy reads a wasmtime that has the part

from higress_cli.proxy_wasm.errors import MemoryFault

if TYPE_CHECKING:
    _Pointer = ctypes._Pointer[Any]  # noqa: SLF001 -- its only name

_UNSIGNED: Final = 0xFFFFFFFF
_WORD_BITS: Final = 32
_WORD_BYTES: Final = 4
_STRIDE: Final = 4
"""A value has 16 bytes (`wasmtime_val_raw_t`), and one of 32 bits is in the first four of them."""
_TOP: Final = 1 << 63
_KINDS: Final = {"i": "i32", "l": "i64"}

Handler = Callable[..., int | None]
Entrance = Callable[..., int]
"""Calls a function of the module; what it returns is signed, and 0 where it returns nothing."""


@dataclass(frozen=True, kw_only=True)
class HostImport:
    """A function that the host gives: `parameters` has a letter for each, i for 32 bits and l for 64.

    `handler` gets the caller's values, those of 32 bits as unsigned numbers; `fault` is returned when it raises
    MemoryFault. A function without `returns` gives nothing back.
    """

    parameters: str
    handler: Handler
    fault: int
    returns: bool = True

    @property
    def kind(self) -> wasmtime.FuncType:
        types = {"i": wasmtime.ValType.i32, "l": wasmtime.ValType.i64}
        results = [wasmtime.ValType.i32()] if self.returns else []
        return wasmtime.FuncType([types[letter]() for letter in self.parameters], results)

    @property
    def shape(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The types of its parameters and of its result."""
        return tuple(_KINDS[letter] for letter in self.parameters), ("i32",) if self.returns else ()


class Crossing(Protocol):
    """The border of one store."""

    def entrance(self, function: wasmtime.Func) -> Entrance:
        """How to call a function of the module.

        Raises from the call: wasmtime.Trap, and whatever a host function raised that the module called.
        """

    def exit(self, given: HostImport) -> wasmtime.Func:
        """A host function as an import."""


def crossing(store: wasmtime.Store) -> Crossing:
    """The fastest way across that this wasmtime has."""
    return Direct(store) if _is_known() else Plain(store)


def _is_known() -> bool:
    """Whether wasmtime-py has the private parts that are used here, with the types that they had."""
    ffi: Any = _ffi
    try:
        parts = (
            ffi.wasmtime_func_call_unchecked,
            ffi.wasmtime_func_new_unchecked,
            ffi.wasmtime_func_t,
            ffi.wasmtime_trap_new,
            wasmtime.Func._from_raw,  # noqa: SLF001 -- what this file is about
            wasmtime.Store._context,  # noqa: SLF001
            wasmtime.Trap._from_ptr,  # noqa: SLF001
            wasmtime.WasmtimeError._from_ptr,  # noqa: SLF001
        )
        callback: Any = ffi.wasmtime_func_unchecked_callback_t
        values = ctypes.POINTER(ffi.wasmtime_val_raw_t)
        caller = ctypes.POINTER(ffi.wasmtime_caller_t)
    except AttributeError:
        return False
    return (
        all(callable(part) for part in parts)
        and callback._argtypes_ == (ctypes.c_void_p, caller, values, ctypes.c_size_t)
        and ctypes.sizeof(ffi.wasmtime_val_raw_t) == _STRIDE * _WORD_BYTES
    )


class Direct:
    """By wasmtime's C API itself, with the private parts of wasmtime-py that `_is_known` looks for."""

    def __init__(self, store: wasmtime.Store) -> None:
        self._ffi: Any = _ffi
        self._store = store
        self._context = store._context()  # noqa: SLF001
        self._raised: BaseException | None = None
        """What a host function raised: it ends the call that the module is in."""
        self._callbacks: list[Any] = []
        """Kept as long as the store may call them."""

    def entrance(self, function: wasmtime.Func) -> Entrance:
        kind = function.type(self._store)
        if {str(value) for value in (*kind.params, *kind.results)} - {"i32"}:
            return Plain(self._store).entrance(function)
        ffi, context = self._ffi, self._context
        count = max(len(kind.params), len(kind.results))
        words = (ctypes.c_uint32 * (count * _STRIDE or 1))()
        result = ctypes.c_int32.from_buffer(words)
        values = ctypes.cast(words, ctypes.POINTER(ffi.wasmtime_val_raw_t))
        target = ctypes.byref(function._func)  # noqa: SLF001
        invoke, trap_pointer = ffi.wasmtime_func_call_unchecked, ctypes.POINTER(ffi.wasm_trap_t)
        ends = range(0, len(kind.params) * _STRIDE, _STRIDE)
        gives = bool(kind.results)

        def call(*arguments: int) -> int:
            for index, argument in zip(ends, arguments, strict=True):
                words[index] = argument
            trap = trap_pointer()
            error = invoke(context, target, values, count, ctypes.byref(trap))
            if trap:
                raise self._ended(wasmtime.Trap._from_ptr(trap))  # noqa: SLF001
            if error:
                raise self._ended(wasmtime.WasmtimeError._from_ptr(error))  # noqa: SLF001
            return result.value if gives else 0

        return call

    def _ended(self, ended: BaseException) -> BaseException:
        """Why a call did not return: `ended`, or what a host function raised."""
        raised, self._raised = self._raised, None
        return ended if raised is None else raised

    def exit(self, given: HostImport) -> wasmtime.Func:
        ffi, kind = self._ffi, given.kind
        words = ctypes.POINTER(ctypes.c_uint32)
        shape = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, words, ctypes.c_size_t)
        callback = shape(self._answering(given))
        self._callbacks.append(callback)
        made = ffi.wasmtime_func_t()
        ffi.wasmtime_func_new_unchecked(
            self._context,
            kind.ptr(),
            ctypes.cast(callback, ffi.wasmtime_func_unchecked_callback_t),
            None,
            ctypes.CFUNCTYPE(None, ctypes.c_void_p)(),
            ctypes.byref(made),
        )
        return wasmtime.Func._from_raw(made)  # noqa: SLF001

    def _answering(self, given: HostImport) -> "Callable[[object, object, _Pointer, int], int]":
        """The handler as wasmtime calls it: parameters come in the words in which the result goes."""
        handler, fault, returns = given.handler, given.fault, given.returns
        end = len(given.parameters) * _STRIDE
        wide = [index * _STRIDE for index, letter in enumerate(given.parameters) if letter == "l"]

        def answer(_nothing: object, _caller: object, words: "_Pointer", _count: int) -> int:
            try:
                # ctypes finds one item in an empty slice with a step.
                arguments = words[0:end:_STRIDE] if end else []
                for index in wide:
                    arguments[index // _STRIDE] = _signed(words[index] | words[index + 1] << _WORD_BITS)
                try:
                    returned = handler(*arguments)
                except MemoryFault:
                    returned = fault
                if returns:
                    words[0] = returned
            except BaseException as error:  # noqa: BLE001 -- it is raised where the module was called
                self._raised = error
                return self._trap()
            return 0

        return answer

    def _trap(self) -> int:
        """The address of a new trap, which is wasmtime's own from then on."""
        text = b"a host function raised an exception"
        trap = self._ffi.wasmtime_trap_new(ctypes.create_string_buffer(text), len(text))
        return ctypes.cast(trap, ctypes.c_void_p).value or 0


def _signed(value: int) -> int:
    return value - (_TOP << 1) if value & _TOP else value


class Plain:
    """With nothing but the documented parts of wasmtime-py."""

    def __init__(self, store: wasmtime.Store) -> None:
        self._store = store

    def entrance(self, function: wasmtime.Func) -> Entrance:
        return lambda *arguments: int(function(self._store, *arguments) or 0)

    def exit(self, given: HostImport) -> wasmtime.Func:
        handler, fault = given.handler, given.fault
        wide = [letter == "l" for letter in given.parameters]

        def answer(*values: int) -> int | None:
            unsigned = [value if is_wide else value & _UNSIGNED for value, is_wide in zip(values, wide, strict=True)]
            try:
                return handler(*unsigned)
            except MemoryFault:
                return fault

        return wasmtime.Func(self._store, given.kind, answer)
