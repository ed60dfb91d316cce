"""Numbers on their way into a module and out of it, in both ways that hgw has across."""

from collections.abc import Callable
from typing import Any

import pytest
import wasmtime

from higress_cli.proxy_wasm.crossing import Crossing, Direct, HostImport, Plain, crossing
from higress_cli.proxy_wasm.errors import MemoryFault

WAYS: list[Callable[[wasmtime.Store], Crossing]] = [Direct, Plain]
FAULT = 6


@pytest.fixture(params=WAYS, ids=["direct", "plain"])
def across(request):
    """The function `f` of a module, ready to call; each of its imports `env.h0`, `env.h1` ... is one of `given`."""

    def make(body: str, *given: HostImport) -> Callable[..., int]:
        store = wasmtime.Store()
        way = request.param(store)
        letters = {"i": "i32", "l": "i64"}
        imports = "".join(
            f'(import "env" "h{number}" (func $h{number} (param {" ".join(letters[p] for p in one.parameters)})'
            f"{' (result i32)' if one.returns else ''}))"
            for number, one in enumerate(given)
        )
        module = wasmtime.Module(store.engine, f"(module {imports} {body})")
        instance = wasmtime.Instance(store, module, [way.exit(one) for one in given])
        function = instance.exports(store)["f"]
        assert isinstance(function, wasmtime.Func)
        call = way.entrance(function)
        keep.append((store, way, instance))
        return call

    keep: list[Any] = []
    return make


def host(parameters: str, handler: Callable[..., Any], *, returns: bool = True) -> HostImport:
    return HostImport(parameters=parameters, handler=handler, fault=FAULT, returns=returns)


def test_this_wasmtime_is_called_without_its_conversions():
    # Where this fails, wasmtime's private parts have moved: hgw works, and a request takes a millisecond more.
    assert isinstance(crossing(wasmtime.Store()), Direct)


def test_another_wasmtime_is_called_as_it_is_documented(monkeypatch):
    monkeypatch.delattr("wasmtime._ffi.wasmtime_func_call_unchecked")
    assert isinstance(crossing(wasmtime.Store()), Plain)


def test_numbers_come_out_signed(across):
    add = across('(func (export "f") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))')
    assert [add(7, 5), add(5, 7), add(0xFFFFFFFF, 1), add(-1, 1)] == [2, -2, -2, -2]


def test_a_function_without_a_result_gives_0_every_time(across):
    assert [across('(func (export "f") (param i32))')(number) for number in (1, 2)] == [0, 0]


def test_a_function_of_other_types_can_be_called(across):
    assert across('(func (export "f") (param i64) (result i32) (i32.wrap_i64 (local.get 0)))')(1 << 33 | 5) == 5


def test_the_wrong_number_of_values_is_refused(across):
    call = across('(func (export "f") (param i32 i32))')
    with pytest.raises((ValueError, wasmtime.WasmtimeError)):
        call(1)


def test_a_host_function_gets_words_unsigned_and_longer_ones_signed(across):
    got = []

    def handler(*values):
        got.append(values)
        return 0xFFFFFFFE

    call = across(
        '(func (export "f") (result i32) (call $h0 (i32.const -1) (i64.const -2) (i32.const 3) (i64.const 9e9)))'
        .replace("9e9", "9000000000"),
        host("ilil", handler),
    )  # fmt: skip
    assert (call(), got) == (-2, [(0xFFFFFFFF, -2, 3, 9_000_000_000)])


def test_a_host_function_without_parameters_or_result(across):
    got = []
    call = across('(func (export "f") (call $h0))', host("", lambda *values: got.append(values), returns=False))
    assert (call(), call(), got) == (0, 0, [(), ()])


def test_memory_that_is_not_there_is_a_status(across):
    def handler(_at):
        raise MemoryFault

    assert across('(func (export "f") (result i32) (call $h0 (i32.const 1)))', host("i", handler))() == FAULT


def test_what_a_host_function_raises_comes_out_of_the_call(across):
    def handler():
        raise KeyError("x")

    call = across('(func (export "f") (result i32) (call $h0))', host("", handler))
    for _time in range(2):
        with pytest.raises(KeyError, match="x"):
            call()


def test_a_trap_is_wasmtimes_own(across):
    call = across('(func $inner unreachable) (func (export "f") (call $inner))')
    with pytest.raises(wasmtime.Trap) as caught:
        call()
    assert caught.value.trap_code is wasmtime.TrapCode.UNREACHABLE
    assert [frame.func_name for frame in caught.value.frames][:1] == ["inner"]


def test_a_host_function_may_call_the_module(across):
    calls: list[Callable[..., int]] = []
    body = '(func (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (call $h0 (local.get 0))) '
    body += "(else (i32.const 40))))"
    calls.append(across(body, host("i", lambda depth: calls[0](depth - 1) + 1)))
    assert calls[0](2) == 42


def test_a_trap_in_the_module_that_a_host_function_called_ends_the_outer_call(across):
    calls: list[Callable[..., int]] = []
    body = '(func (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (call $h0)) '
    body += "(else (i32.div_s (i32.const 1) (i32.const 0)))))"
    calls.append(across(body, host("", lambda: calls[0](0))))
    with pytest.raises(wasmtime.Trap) as caught:
        calls[0](1)
    assert caught.value.trap_code is wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO
