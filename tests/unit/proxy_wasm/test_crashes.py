"""Plugins that trap, loop, take all memory, or name memory that they do not have."""

import time
from types import SimpleNamespace

import pytest

from higress_cli.proxy_wasm import limits
from higress_cli.proxy_wasm.errors import CrashError, LoadError, StartError
from higress_cli.proxy_wasm.host import Runtime
from higress_cli.proxy_wasm.limits import Limits
from higress_cli.proxy_wasm.surroundings import refused
from tests.support.probes import OLD, REQUEST_HEADERS, Probe
from tests.support.world import Rig
from tests.unit.proxy_wasm.conftest import MakeRig
from tests.unit.proxy_wasm.test_services import ASK
from tests.unit.proxy_wasm.test_wasi import write

FOREVER = "(loop $ever (br $ever))"
SHORT = Limits(call_seconds=0.2, start_seconds=0.2)
CRASHED = [({":status": "503"}, True)]


@pytest.mark.parametrize("phase", ["context_create", "request_headers", "request_body"])
def test_trap_in_the_request_is_a_503_without_a_body(rig: MakeRig, phase: str) -> None:
    probe = Probe()
    crash = "(unreachable)" if phase != "context_create" else "(if (local.get $p1) (then (unreachable)))"
    exchange = rig(probe.on(phase, crash)).open().request()
    assert exchange.wire.downstream == CRASHED
    assert exchange.stream.local_details == "wasm_fail_stream"
    (crash_seen,) = exchange.rig.world.crashes
    assert (crash_seen.callback, crash_seen.reason) == (f"proxy_on_{phase}", "unreachable")


def test_trap_at_the_response_headers_is_a_503(rig: MakeRig) -> None:
    exchange = rig(Probe().on("response_headers", "(unreachable)")).get().answer()
    assert exchange.wire.downstream == CRASHED


def test_trap_after_the_response_headers_resets(rig: MakeRig) -> None:
    exchange = rig(Probe().on("response_body", "(unreachable)")).get().answer()
    assert exchange.wire.downstream[-1] == "reset: wasm_fail_stream"


@pytest.mark.parametrize("phase", ["log", "done", "delete"])
def test_trap_after_the_answer_is_told(rig: MakeRig, phase: str) -> None:
    exchange = rig(Probe().on(phase, "(unreachable)")).get().answer().close()
    assert exchange.wire.status == "200"
    assert [crash.callback for crash in exchange.rig.world.crashes] == [f"proxy_on_{phase}"]


def test_next_request_gets_a_fresh_vm(rig: MakeRig) -> None:
    probe = Probe().on("request_headers", "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))")
    probe.on("configure", probe.write("started"), returns=1)
    made = rig(probe.on("response_headers", "(unreachable)"))
    first, second = made.get(), None
    first.answer()
    second = made.get()
    assert made.lines == ["started", "started"]
    assert second.wire.upstream != []


def test_trap_while_a_call_is_answered_fails_the_streams_that_wait(rig: MakeRig) -> None:
    probe = Probe(marker=OLD)
    probe.on("request_headers", f"(drop {probe.http_call('known', ASK)})", returns=1)
    probe.on("http_call_response", "(unreachable)")
    exchange = rig(probe).get()
    exchange.rig.host.http_answer(exchange.rig.world.http[0].token, refused())
    assert exchange.wire.downstream == CRASHED
    assert exchange.rig.world.crashes[0].callback == "proxy_on_http_call_response"


def test_stack_is_named_and_the_plugins_last_words_are_kept(rig: MakeRig) -> None:
    probe = Probe(extra="(func $inner (unreachable)) (func $outer (call $inner))")
    probe.on("request_headers", write(probe, 1, "panic: index out of range\n"), "(call $outer)")
    (crash,) = rig(probe).get().rig.world.crashes
    assert [frame.function for frame in crash.frames[:2]] == ["inner", "outer"]
    assert crash.panic == "index out of range"
    assert "at inner\n  at outer" in str(crash)


@pytest.mark.slow
def test_loop_is_ended_in_time(rig: MakeRig) -> None:
    made = rig(Probe().on("request_headers", FOREVER), limits=SHORT)
    begin = time.monotonic()
    exchange = made.get()
    assert time.monotonic() - begin < 5
    assert exchange.wire.downstream == CRASHED
    assert exchange.rig.world.crashes[0].reason == "took longer than 0.2 s"


@pytest.mark.slow
def test_the_end_of_a_loop_leaves_other_plugins_alone(rig: MakeRig) -> None:
    other = rig(Probe().on("request_headers"), limits=SHORT)
    looping = rig(Probe().on("request_headers", FOREVER), limits=SHORT)
    assert looping.get().wire.downstream == CRASHED
    assert other.get().wire.upstream != []


def test_loop_while_starting_is_ended_in_time_and_told(rig: MakeRig) -> None:
    begin = time.monotonic()
    with pytest.raises(CrashError) as caught:
        rig(Probe().on("vm_start", FOREVER, returns=1), limits=SHORT)
    assert time.monotonic() - begin < 5
    assert caught.value.crash.callback == "proxy_on_vm_start"
    assert caught.value.crash.reason == "took longer than 0.2 s"


@pytest.mark.slow
def test_calls_that_end_in_time_are_left_alone(rig: MakeRig) -> None:
    made = rig(Probe().on("request_headers"), limits=SHORT)
    made.get()
    time.sleep(0.5)
    assert made.get().wire.upstream != []


def _saying_now() -> bytes:
    """A plugin that logs, and then enters a function: there wasmtime looks for an interrupt."""
    probe = Probe(extra="(func $entered)")
    return probe.on("request_headers", probe.write("now"), "(call $entered)").build()


def test_time_in_which_the_process_does_not_run_is_not_counted(monkeypatch) -> None:
    runtime = Runtime()
    made = Rig(_saying_now(), runtime, limits=SHORT)
    slept = 0.0
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + slept))

    def sleep(_level: object, _text: str) -> None:
        nonlocal slept
        slept = 3600.0
        time.sleep(0.12)  # the watchdog looks, more than once

    monkeypatch.setattr(made.world, "log", sleep)
    exchange = made.get()
    runtime.close()
    assert slept
    assert exchange.wire.upstream != []
    assert made.world.crashes == []


def test_late_interrupt_of_an_earlier_call_does_not_end_the_next_one(monkeypatch) -> None:
    runtime = Runtime()
    made = Rig(_saying_now(), runtime, limits=SHORT)
    monkeypatch.setattr(made.world, "log", lambda _level, _text: runtime.wasmtime.increment_epoch())
    exchange = made.get()
    runtime.close()
    assert exchange.wire.upstream != []
    assert made.world.crashes == []


def test_memory_ends_at_its_limit(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers",
        probe.say("(i32.eq (memory.grow (i32.const 30)) (i32.const -1))"),
        probe.say("(i32.eq (memory.grow (i32.const 1)) (i32.const -1))"),
    )
    made = rig(probe, limits=Limits(memory_bytes=20 * 65536))
    assert made.get().rig.lines == ["1", "0"]


def test_module_that_needs_more_memory_than_it_may_have(rig: MakeRig) -> None:
    with pytest.raises(LoadError, match="memory"):
        rig(Probe(), limits=Limits(memory_bytes=65536))


def test_recursion_without_end_is_a_trap(rig: MakeRig) -> None:
    probe = Probe(extra="(func $again (call $again))").on("request_headers", "(call $again)")
    assert rig(probe).get().rig.world.crashes[0].reason == "stack overflow"


@pytest.mark.parametrize(
    "call",
    [
        "(call $proxy_log (i32.const 2) (i32.const -1) (i32.const 5))",
        "(call $proxy_log (i32.const 2) (i32.const 0) (i32.const 0x7fffffff))",
        "(call $proxy_get_header_map_pairs (i32.const 0) (i32.const -1) (i32.const 4))",
        "(call $proxy_get_current_time_nanoseconds (i32.const 131070))",
    ],
)
def test_memory_that_is_not_there_is_a_status(rig: MakeRig, call: str) -> None:
    probe = Probe()
    exchange = rig(probe.on("request_headers", probe.say(call))).get()
    assert exchange.rig.lines == ["6"]
    assert exchange.wire.upstream != []


def test_many_headers_and_a_large_one(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.say(probe.get(REQUEST_HEADERS, "h9999")), probe.say("(i32.const 1)"))
    exchange = rig(probe).open()
    exchange.stream.on_request_headers([(f"h{index}".encode(), b"v" * 100) for index in range(10_000)], end=True)
    assert exchange.rig.lines == ["0", "1"]


@pytest.mark.parametrize(
    ("callback", "returned"), [("vm_start", "proxy_on_vm_start"), ("configure", "proxy_on_configure")]
)
def test_refusal_to_start_names_the_callback(rig: MakeRig, callback: str, returned: str) -> None:
    with pytest.raises(StartError) as caught:
        rig(Probe().on(callback, returns=0))
    assert caught.value.callback == returned


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('(import "env" "proxy_unknown" (func (param i32) (result i32)))', "missing import: env.proxy_unknown"),
        ('(import "other" "f" (func))', "missing import: other.f"),
        ('(import "env" "proxy_done" (func (param i64) (result i32)))', "import type mismatch: env.proxy_done"),
    ],
)
def test_import_that_no_gateway_has(rig: MakeRig, extra: str, said: str) -> None:
    from wasmtime import wat2wasm

    text = f'(module {extra} (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1")))'
    with pytest.raises(LoadError, match=said):
        rig(bytes(wat2wasm(text)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('(memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))', "missing malloc"),
        ('(func (export "proxy_abi_version_0_2_1"))', "exports no memory"),
        ('(memory (export "memory") 1)', "ABI version"),
        ('(memory (export "memory") 1) (func (export "proxy_abi_version_9_9_9"))', "ABI version"),
    ],
)
def test_module_that_is_not_a_plugin(rig: MakeRig, body: str, said: str) -> None:
    from wasmtime import wat2wasm

    with pytest.raises(LoadError, match=said):
        rig(bytes(wat2wasm(f"(module {body})")))


def test_function_of_a_newer_abi_is_missing_in_an_older_one(rig: MakeRig) -> None:
    probe = Probe(marker=OLD)
    with pytest.raises(LoadError, match=r"missing import: env\.proxy_get_log_level"):
        rig(probe.on("vm_start", probe.do("get_log_level", 200), returns=1))
