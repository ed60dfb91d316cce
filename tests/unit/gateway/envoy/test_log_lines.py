from datetime import UTC, datetime

import pytest

from higress_cli.gateway.engines.envoy.log_lines import LogLine, LogReader, parse_line, read_start, reasons
from higress_cli.gateway.events import CallbackReturned, CallRefused, Event, PluginLine, Trap

HEAD = "[2026-11-24T11:12:57.740+00:00][77]"
AT = datetime(2026, 11, 24, 11, 12, 57, 740_000, tzinfo=UTC)
TRAP = (
    f"{HEAD}[error][wasm] Function: proxy_on_log failed: Uncaught RuntimeError: unreachable\\nProxy-Wasm plugin in-VM "
    "backtrace:\\n  0:  0x2e64f - runtime.runtimePanicAt\\n  1:  0x1c5c4 - runtime.lookupPanic\\n"
    "  2:  0x2e55d - main.main$2\\n  3:  0x45b43 - (*example.com/plugin/log.Writer).Flush"
)


def read(*lines: str) -> list[Event]:
    reader = LogReader()
    parsed = [parse_line(text) for text in lines]
    assert all(parsed)
    return [event for line in parsed if line and (event := reader.read(line))]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            f"{HEAD}[info][wasm] wasm log hgw-3: line one\\nline two",
            LogLine(at=AT, thread="77", level="info", logger="wasm", message="line one\nline two", vm="hgw-3"),
        ),
        (
            f"{HEAD}[warning][wasm] wasm log demo my_root hgw-12: a: b",
            LogLine(at=AT, thread="77", level="warn", logger="wasm", message="a: b", vm="hgw-12"),
        ),
        (
            f"{HEAD}[error][config] no such cluster",
            LogLine(at=AT, thread="77", level="error", logger="config", message="no such cluster"),
        ),
        ("envoy: error while loading shared libraries: libm.so.6", None),
        ("[soon][77][info][main] starting", None),
    ],
)
def test_a_line_is_taken_apart(text, line):
    assert parse_line(text) == line


def test_a_trap_has_its_function_its_reason_its_panic_and_its_frames():
    panic = f"{HEAD}[info][wasm] wasm log demo hgw-1: panic: runtime error: index out of range"
    frames = (
        "runtime.runtimePanicAt",
        "runtime.lookupPanic",
        "main.main$2",
        "(*example.com/plugin/log.Writer).Flush",
    )
    assert read(panic, TRAP) == [
        PluginLine(at=AT, level="info", text="panic: runtime error: index out of range"),
        Trap(
            at=AT,
            function="proxy_on_log",
            reason="unreachable",
            panic="panic: runtime error: index out of range",
            frames=frames,
            version=1,
        ),
    ]


@pytest.mark.parametrize(
    "before",
    [
        "[2026-11-24T11:12:57.740+00:00][78][info][wasm] wasm log hgw-1: panic: in another machine",
        "[2026-11-24T11:12:37.740+00:00][77][info][wasm] wasm log hgw-1: panic: long ago",
        f"{HEAD}[info][wasm] wasm log hgw-1: do not panic: all is well",
    ],
)
def test_a_panic_of_another_moment_is_not_the_reason_of_a_trap(before):
    trap = read(before, TRAP)[-1]
    assert isinstance(trap, Trap)
    assert trap.panic is None


def test_calls_are_told_at_the_end_of_a_callback_and_where_one_was_refused():
    events = read(
        f"{HEAD}[trace][wasm] [host->vm] proxy_on_request_body(3, 7, 1)",
        f"{HEAD}[trace][wasm] [vm->host] env.proxy_get_buffer_bytes(0, 0, 7, 64, 60)",
        f"{HEAD}[trace][wasm] [host->vm] proxy_on_memory_allocate(7)",
        f"{HEAD}[trace][wasm] [host<-vm] proxy_on_memory_allocate return: 511968",
        f"{HEAD}[trace][wasm] [vm<-host] env.proxy_get_buffer_bytes return: 0",
        f"{HEAD}[trace][wasm] [vm->host] env.proxy_add_header_map_value(0, 96, 5, 112, 5)",
        f"{HEAD}[trace][wasm] [vm<-host] env.proxy_add_header_map_value return: 2",
        f"{HEAD}[trace][wasm] [vm<-host] wasi_snapshot_preview1.fd_write return: 8",
        f"{HEAD}[trace][wasm] [host<-vm] proxy_on_request_body return: 0",
        f"{HEAD}[trace][wasm] [host->vm] proxy_on_log(3)",
        f"{HEAD}[trace][wasm] [host<-vm] proxy_on_log return: void",
    )
    assert events == [
        CallRefused(at=AT, function="proxy_on_request_body", call="proxy_add_header_map_value", status=2),
        CallbackReturned(at=AT, function="proxy_on_request_body", action=0),
        CallbackReturned(at=AT, function="proxy_on_log", action=None),
    ]


def test_a_call_that_found_nothing_was_not_refused():
    assert not read(
        f"{HEAD}[trace][wasm] [host->vm] proxy_on_request_headers(3, 7, 1)",
        f"{HEAD}[trace][wasm] [vm<-host] env.proxy_get_header_map_value return: 1",
    )


def test_reasons_are_errors_and_the_plugins_words_each_once():
    lines = [
        f"{HEAD}[info][main] initializing epoch 0",
        f"{HEAD}[info][wasm] wasm log hgw-1: my last words",
        f"{HEAD}[info][wasm] wasm log hgw-1: my last words",
        f"{HEAD}[error][wasm] Wasm VM failed Failed to load",
        f"{HEAD}[critical][wasm] Plugin demo failed to load",
        f"{HEAD}[error][wasm] Wasm VM failed Failed to configure base Wasm plugin",
        f"{HEAD}[error][wasm] Failed to load Wasm module due to a missing import: env.tomorrow",
        f"{HEAD}[debug][wasm] ~Wasm 0 remaining active",
        "cannot open shared object",
        "",
    ]
    assert reasons(lines) == (
        "[info] my last words",
        "[error] Wasm VM failed Failed to load",
        "[error] Failed to load Wasm module due to a missing import: env.tomorrow",
        "cannot open shared object",
    )


def test_a_trap_is_a_reason_in_one_line():
    assert reasons([TRAP]) == ("the plugin crashed in proxy_on_log: unreachable; at main.main$2",)


def test_the_callback_that_runs_is_the_first_that_has_not_returned():
    reader = LogReader()

    def running(line: str) -> str | None:
        parsed = parse_line(line)
        assert parsed is not None
        reader.read(parsed)
        found = reader.running()
        return found[0] if found else None

    other = HEAD.replace("57.740", "58.000").replace("[77]", "[78]")
    assert running(f"{HEAD}[trace][wasm] [host->vm] proxy_on_request_headers(3, 7, 1)") == "proxy_on_request_headers"
    assert running(f"{other}[trace][wasm] [host->vm] proxy_on_tick(1)") == "proxy_on_request_headers"
    assert running(f"{HEAD}[trace][wasm] [host<-vm] proxy_on_request_headers return: 0") == "proxy_on_tick"
    assert running(f"{other}[trace][wasm] [host<-vm] proxy_on_tick return: void") is None
    assert running(f"{other}[trace][wasm] [host<-vm] proxy_on_tick return: void") is None


def test_another_trace_is_no_event():
    assert read(f"{HEAD}[trace][wasm] proxy_wasm: loaded", f"{HEAD}[debug][wasm] proxy_wasm: loaded") == []


def test_the_log_of_a_failed_start_says_whether_the_configuration_was_refused():
    said = f"{HEAD}[error][wasm] wasm log hgw-1: no such key"
    start = read_start(["ld.so: not found", said, f"{HEAD}[error][wasm] Failed to configure base Wasm plugin", TRAP])
    assert [line.text for line in start.said] == ["no such key"]
    assert start.trap is not None
    assert (start.trap.function, start.config_refused) == ("proxy_on_log", True)
    nothing = read_start([])
    assert (nothing.said, nothing.trap, nothing.config_refused) == ((), None, False)
