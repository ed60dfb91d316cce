import pytest

from higress_cli.gateway.engines.envoy.log_lines import LogLine, Tail, parse_line, reasons

HEAD = "[2026-11-24 11:12:57.740]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            f"{HEAD}[info][wasm] wasm log hgw-3: line one\\nline two",
            LogLine(level="info", logger="wasm", message="line one\nline two", vm="hgw-3"),
        ),
        (
            f"{HEAD}[warning][wasm] wasm log demo my_root hgw-12: a: b",
            LogLine(level="warning", logger="wasm", message="a: b", vm="hgw-12"),
        ),
        (
            f"{HEAD}[error][wasm] Function: proxy_on_request_headers failed: x",
            LogLine(level="error", logger="wasm", message="Function: proxy_on_request_headers failed: x"),
        ),
        ("envoy: error while loading shared libraries: libm.so.6", None),
    ],
)
def test_a_line_is_taken_apart(text, line):
    assert parse_line(text) == line


def test_reasons_are_errors_and_the_plugins_words_each_once():
    lines = [
        f"{HEAD}[info][main] initializing epoch 0",
        f"{HEAD}[info][wasm] wasm log hgw-1: my last words",
        f"{HEAD}[info][wasm] wasm log hgw-1: my last words",
        f"{HEAD}[error][wasm] Wasm VM failed Failed to load",
        f"{HEAD}[debug][wasm] ~Wasm 0 remaining active",
        "cannot open shared object",
        "",
    ]
    assert reasons(lines) == (
        "[info] my last words",
        "[error] Wasm VM failed Failed to load",
        "cannot open shared object",
    )


def test_a_tail_gives_each_whole_line_once(tmp_path):
    path = tmp_path / "log"
    tail = Tail(path)
    assert tail.lines() == []
    path.write_bytes("one\nzwei ü\nhal".encode())
    assert tail.lines() == ["one", "zwei ü"]
    with path.open("ab") as sink:
        sink.write(b"f\n")
    assert tail.lines() == ["half"]
    assert tail.lines() == []


def test_a_tail_may_skip_what_is_there(tmp_path):
    path = tmp_path / "log"
    path.write_text("old\n")
    tail = Tail(path, only_new=True)
    with path.open("a") as sink:
        sink.write('{"a": 1}\nnonsense\n[1]\n{"b": 2}\n')
    assert list(tail.objects()) == [{"a": 1}, {"b": 2}]
