"""The building blocks of results, at a terminal of 50 columns."""

import contextlib
import io
from collections.abc import Callable

import pytest

from higress_cli.cli import blocks
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells
from higress_cli.scenarios.step import Step, StepStatus

IMPORTS = [
    ("  wasi_snapshot_preview1.environ_sizes_get", "since gateway v2.1.2", "(i32, i32) -> i32"),
    ("  env.log", "", "() -> ()"),
]


class Screen(io.TextIOWrapper):
    """A terminal, as far as hgw looks at its stream."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")


def drawn(draw: Callable[[Ui], None]) -> list[str]:
    """The lines on a terminal of 50 columns."""
    screen = Screen(io.BytesIO(), encoding="utf-8", newline="\n")
    with contextlib.redirect_stdout(screen):
        draw(Ui(output="text", color="never", allows_color=False, quiet=False, verbose=False))
    screen.seek(0)
    lines = screen.read().splitlines()
    assert all(cells(line) <= 50 for line in lines), lines
    return lines


def test_columns_that_are_too_wide_are_below_one_another() -> None:
    lines = drawn(lambda ui: blocks.columns(ui, (), IMPORTS))

    assert lines[:3] == [
        "  wasi_snapshot_preview1.environ_sizes_get",
        "    since gateway v2.1.2",
        "    (i32, i32) -> i32",
    ]


def test_the_lines_of_an_item_that_follow_are_no_longer_than_the_first() -> None:
    lines = drawn(lambda ui: blocks.item(ui, "bad", "module: " + "word " * 30))

    assert len(lines) > 3


def test_the_log_of_a_failed_step_is_wrapped() -> None:
    log = ("[debug] http call start, cluster: outbound|80||auth.static, method: GET, url: /who, body: , timeout: 1000",)

    step = Step(name="down", status=StepStatus.FAILED, ok=False, log=log, expected="", got="", seconds=0.0, checks=())
    lines = drawn(lambda ui: blocks.steps(ui, [step]))

    words = " ".join(lines)
    assert " ".join(log[0].split()) in " ".join(words.split())


def test_short_cells_stay_beside_one_another_and_the_others_are_below() -> None:
    rows = [("38.81 MB", "0 B", "records: the output of programs that failed " * 2, "/home/me/.local/state")]
    lines = drawn(lambda ui: blocks.columns(ui, ("removed", "left", "what", "folder"), rows))

    assert lines == [
        "removed   left",
        "38.81 MB  0 B",
        "    records: the output of programs that failed",
        "    records: the output of programs that failed",
        "    /home/me/.local/state",
    ]


def test_a_fact_that_is_a_text_is_wrapped_beside_its_name() -> None:
    lines = drawn(lambda ui: blocks.facts(ui, [("flags", "", "-gc=custom -tags=custommalloc -scheduler=none")]))

    assert lines == ["flags  -gc=custom -tags=custommalloc", "       -scheduler=none"]
