"""Every --help and the main texts, word for word. `make golden` renews the golden files."""

from pathlib import Path

import pytest

from higress_cli.cli.wrap import cells
from scripts.golden_texts import GOLDEN, texts


@pytest.fixture(scope="module")
def now() -> dict[Path, str]:
    """Each golden file and the text that it should have."""
    return dict(texts())


def golden() -> list[Path]:
    return sorted(path for folder in ("help", "texts") for path in (GOLDEN / folder).rglob("*.txt"))


@pytest.mark.parametrize("path", golden(), ids=lambda path: str(path.relative_to(GOLDEN)))
def test_a_text_is_as_it_was(path, now):
    assert now[path] == path.read_text(encoding="utf-8")


def test_every_text_is_kept(now):
    assert sorted(now) == golden()


def test_the_lines_of_help_fit_80_columns(now):
    helps = {path: text for path, text in now.items() if path.parts[-3] == "help"}

    assert len(helps) > 20
    assert [line for text in helps.values() for line in text.splitlines() if cells(line) > 80] == []
