"""Every --help and the main texts, word for word. `make golden` renews the golden files."""

import re

import pytest

from higress_cli.cli.wrap import cells
from scripts.golden_texts import GOLDEN, all_shown

SHOWN = list(all_shown())


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: str(shown.file.relative_to(GOLDEN)))
def test_a_text_is_as_it_was(shown):
    assert shown.text() == shown.file.read_text(encoding="utf-8")


def test_every_golden_text_is_still_shown():
    kept = {path for folder in ("help", "texts") for path in (GOLDEN / folder).rglob("*.txt")}

    assert kept == {shown.file for shown in SHOWN}


def test_the_lines_of_help_fit_80_columns():
    helps = [path.read_text(encoding="utf-8") for path in (GOLDEN / "help").rglob("*.txt")]

    assert len(helps) > 20
    assert [line for text in helps for line in text.splitlines() if cells(line) > 80] == []


def test_chinese_texts_have_the_punctuation_of_chinese():
    half = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;!?()][\u4e00-\u9fff]|\w （")
    chinese = [shown for shown in SHOWN if "zh" in re.split(r"\W", str(shown.file.relative_to(GOLDEN)))]

    assert chinese
    assert [
        f"{shown.file.name}: {line}"
        for shown in chinese
        for line in shown.file.read_text().splitlines()
        if half.search(line)
    ] == []
