import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from higress_cli.knowledge.compiler_errors import WORDS, recognise

TEXTS = sorted((Path(__file__).parents[2] / "golden" / "compiler-errors").glob("*.txt"))
ROWS = tomllib.loads(resources.files("higress_cli.data").joinpath("compiler-errors.toml").read_text("utf-8"))["error"]
IDS = {row[key] for row in ROWS for key in ("id", "above", "below") if key in row}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_that_was_seen_is_recognised_by_its_id(path: Path):
    matches = recognise(path.read_text("utf-8"))
    assert [match.id for match in matches] == [path.name.partition(".")[0]]
    assert all(match.title and match.cause and match.fix for match in matches)
    assert "{" not in str(matches[0])
    assert " ? " not in matches[0].cause


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["pattern"][:40])
def test_every_pattern_has_such_a_text(row: dict[str, str]):
    assert any(re.search(row["pattern"], path.read_text("utf-8"), re.MULTILINE) for path in TEXTS)


def test_every_id_has_its_words():
    assert set(WORDS) == IDS


def test_an_error_that_nobody_knows_is_none():
    assert recognise("# plugin\nmain.go:3:12: undefined: undefinedThing\n") == ()


def test_the_line_and_what_was_found_are_told():
    (match,) = recognise("# some\nnoise\nerror: requires go version 1.18 through 1.21, got go1.26\n")
    assert match.line == 3
    assert "1.21" in match.cause
    assert "1.26" in match.cause


def test_of_several_errors_each_is_told_once_in_the_order_of_the_text():
    text = "a/bitmap.go:17:14: undefined: cmalloc\nerror: wasm-opt failed: exit status 1\n"
    assert [match.id for match in recognise(text + text)] == ["sdk-for-tinygo", "wasm-opt-failed"]
