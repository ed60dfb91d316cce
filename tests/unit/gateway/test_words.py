from datetime import UTC, datetime

import pytest

from higress_cli.gateway.events import AnsweredBy, Overflow, StreamEnded, Trap
from higress_cli.gateway.words import reason_in_words, stream_line, trap_lines, trap_sentence
from higress_cli.i18n import activate

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trap(*frames: str, panic: str | None = None) -> Trap:
    return Trap(at=NOW, function="proxy_on_log", reason="unreachable", panic=panic, frames=frames)


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        (("runtime.runtimePanicAt", "main.main$2", "proxy_on_log"), "at main.main$2"),
        (("runtime.nilPanic", "strings.Split", "(*example.com/me/log.Writer).Flush", "main.onLog"), "at (*example"),
        (("runtime.nilPanic", "example.com/me.Parse", "main.onLog"), "at example.com/me.Parse"),
        (("regexp.compile", "regexp.compile"), "at regexp.compile"),
    ],
)
def test_a_crash_is_placed_in_the_innermost_function_of_the_author(frames, place):
    lines = trap_lines(trap(*frames), packages=["example.com/me"])
    assert lines[0] == "the plugin crashed in proxy_on_log: unreachable"
    assert lines[1].startswith(place)
    assert len(lines) == 2


def test_a_tcp_plugin_crashes_at_its_first_request_and_is_told_why():
    words = trap_sentence(trap(panic="panic: invalid context on proxy_on_request_headers"))
    assert "invalid context on proxy_on_request_headers; " in words
    assert "the builtin engine has no TCP" in words
    assert "TCP" not in trap_sentence(trap(panic="panic: invalid context on proxy_on_request_body"))


@pytest.mark.parametrize(
    ("function", "called"), [("proxy_on_vm_start", "OnVMStart"), ("proxy_on_context_create", "NewPluginContext")]
)
def test_a_plugin_that_registers_nothing_is_told_so(function, called):
    frames = ("runtime.nilPanic", f"interface:{{NewPluginContext:func:{{basic:uint32}}}}.{called}$invoke", function)
    panic = "panic: runtime error: nil pointer dereference"
    crash = Trap(at=NOW, function=function, reason="unreachable", panic=panic, frames=frames)
    (line,) = trap_lines(crash)
    assert line == f"the plugin crashed in {function}: nothing registers the plugin; call wrapper.SetCtx in func main"

    own = Trap(at=NOW, function=function, reason="unreachable", panic=panic, frames=("runtime.nilPanic", "main.start"))
    assert trap_lines(own) == (
        f"the plugin crashed in {function}: runtime error: nil pointer dereference",
        "at main.start",
    )


@pytest.mark.parametrize("frames", [(), ("runtime.abort", "proxy_on_log")])
def test_where_no_function_is_known_one_line_is_all(frames):
    assert trap_lines(trap(*frames, panic="panic: why")) == ("the plugin crashed in proxy_on_log: why",)


@pytest.mark.parametrize(
    ("status", "by", "line"),
    [
        (200, AnsweredBy.UPSTREAM, "GET /a -> 200, 3 ms, answered by the upstream"),
        (413, AnsweredBy.GATEWAY, "GET /a -> 413, 3 ms, answered by the gateway itself"),
        (503, AnsweredBy.CRASHED, "GET /a -> 503, 3 ms, the plugin crashed"),
        (200, None, "GET /a -> 200, 3 ms"),
        (None, None, "GET /a: the client went away after 3 ms, before an answer"),
    ],
)
def test_a_request_in_one_line_says_who_answered(status, by, line):
    event = StreamEnded(at=NOW, method="GET", path="/a", status=status, answered_by=by, milliseconds=3)
    assert stream_line(event) == line


@pytest.mark.parametrize(
    ("overflow", "end"),
    [
        (Overflow.REQUEST, "the request's body is longer than run.buffer_limit"),
        (Overflow.RESPONSE, "the answer's body is longer than run.buffer_limit"),
    ],
)
def test_a_request_that_the_gateway_ended_for_its_size_says_so(overflow, end):
    event = StreamEnded(
        at=NOW, method="GET", path="/a", status=200, answered_by=AnsweredBy.GATEWAY, milliseconds=3, overflow=overflow
    )
    assert stream_line(event) == f"GET /a -> 200, 3 ms, {end}"


@pytest.fixture
def chinese():
    activate("zh")
    yield
    activate("en")


@pytest.mark.extra("local")
def test_no_trap_of_a_plugin_is_left_in_english(chinese):
    from wasmtime import TrapCode

    of_plugins = [code for code in TrapCode if code.value <= TrapCode.UNREACHABLE.value]
    assert len(of_plugins) == 10
    for code in of_plugins:
        assert reason_in_words(code.name.lower().replace("_", " ")).isascii() is False, code


def test_a_reason_with_more_to_it_is_told_whole(chinese):
    said = "memory out of bounds; its memory is at its limit of 512 MiB"

    assert reason_in_words(said) == "内存访问越界；内存已达上限 512 MiB"
    assert reason_in_words("took longer than 0.5 s") == "超过了 0.5 秒"
    assert reason_in_words("something new") == "something new"


def test_a_crash_in_one_sentence_has_chinese_punctuation(chinese):
    words = trap_sentence(trap("main.main$2", panic="panic: index out of range"))

    assert words == "插件在 proxy_on_log 中崩溃：index out of range，位于 main.main$2"
    assert trap_sentence(trap()) == "插件在 proxy_on_log 中崩溃：执行到了不可达代码（unreachable）"
