"""Prose in lines, in both languages."""

import pytest

from higress_cli.cli.wrap import NO_BREAK, cells, terminal_width, wrap


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("工具", 4), ("a：b", 4), ("✓ ok", 4), ("e\u0301", 1)]
)
def test_a_wide_character_needs_two_cells(text, width):
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("short", 10, ["short"]),
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 20, ["one two"]),
        ("see /a/very/long/path/that/is/longer now", 10, ["see", "/a/very/long/path/that/is/longer", "now"]),
        ("编译器和网关都已就绪", 8, ["编译器和", "网关都已", "就绪"]),
        ("工具。下一步", 6, ["工具。", "下一步"]),
        ("工具。下一步", 4, ["工", "具。", "下一", "步"]),
        ("装好了（见上文）再来", 8, ["装好了", "（见上", "文）再来"]),
        ("用 hgw install 装好", 13, ["用 hgw", "install 装好"]),
        ("Go：1.20.14", 5, ["Go：", "1.20.14"]),
        ("模块 /a/你好-plugin/main.wasm：已验证", 12, ["模块", "/a/你好-plugin/main.wasm：", "已验证"]),
        ("安装/编译/运行", 8, ["安装/编", "译/运行"]),
    ],
)
def test_lines_end_where_a_reader_expects_it(text, width, lines):
    assert wrap(text, width=width) == lines


@pytest.mark.parametrize("width", [8, 13, 20, 50])
def test_no_line_is_too_wide_and_nothing_is_lost(width):
    text = "TinyGo 0.35 编译出的模块在启动函数里退出，网关拒绝加载它（见 0.36）。 Use 0.30 instead."

    lines = wrap(text, width=width)

    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_terminal_is_as_wide_as_it_says_and_reads_well(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert terminal_width() == 50
    monkeypatch.setenv("COLUMNS", "300")
    assert terminal_width() == 100


def test_a_command_in_backticks_is_not_broken():
    assert wrap("then type `hgw init --from-existing --editor vscode` there", width=30) == [
        "then type",
        "`hgw init --from-existing --editor vscode`",
        "there",
    ]


def test_a_space_that_must_not_break_comes_out_as_a_plain_one():
    assert wrap(f"build took 3.6{NO_BREAK}s", width=12) == ["build took", "3.6 s"]


def test_later_lines_can_begin_further_in():
    assert wrap("12:00:00 one two three", width=14, hanging=9) == ["12:00:00 one", "two", "three"]


def test_other_words_in_backticks_are_broken_where_they_are_too_long():
    assert wrap("scenario `asked directly, the upstream sees no header`: status", width=30) == [
        "scenario `asked directly, the",
        "upstream sees no header`:",
        "status",
    ]


def test_line_ends_stay():
    assert wrap("one two\nthree four", width=30) == ["one two", "three four"]
    assert wrap("one two\n", width=30) == ["one two"]
