"""RATIONALE.md gives reasons for code that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "RATIONALE.md").read_text("utf-8")
PLACES = sorted(set(re.findall(r"`([a-z_/]+(?:\.py|\.toml|/))`", TEXT)))


def test_reasons_name_places_in_the_code():
    assert len(PLACES) > 10


@pytest.mark.parametrize("place", PLACES)
def test_what_a_reason_names_exists(place: str):
    roots = (ROOT, ROOT / "higress_cli", ROOT / "higress_cli" / "gateway")
    assert any((root / place).exists() for root in roots)


def test_the_code_refers_to_chapters_that_are_there():
    sources = [path.read_text("utf-8") for path in (ROOT / "higress_cli").rglob("*.py")]
    named = {chapter for source in sources for chapter in re.findall(r"RATIONALE\.md, ([A-Z][a-z ]+)", source)}

    assert "Local gateway" in named
    assert named <= set(re.findall("^## (.+)$", TEXT, re.MULTILINE))
