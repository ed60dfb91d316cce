"""RATIONALE.md gives reasons for code that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = sorted(set(re.findall(r"`([a-z_/]+(?:\.py|\.toml|/))`", (ROOT / "RATIONALE.md").read_text("utf-8"))))


def test_reasons_name_places_in_the_code():
    assert len(PLACES) > 10


@pytest.mark.parametrize("place", PLACES)
def test_what_a_reason_names_exists(place: str):
    roots = (ROOT, ROOT / "higress_cli", ROOT / "higress_cli" / "gateway")
    assert any((root / place).exists() for root in roots)
