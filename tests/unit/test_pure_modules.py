"""The list of modules whose every branch is tested names modules that there are."""

from pathlib import Path

import pytest

import higress_cli
from scripts.pure_modules import PURE


@pytest.mark.parametrize("pattern", PURE, ids=lambda pattern: pattern.replace("/", "."))
def test_a_name_in_the_list_is_that_of_a_module(pattern: str) -> None:
    assert list(Path(higress_cli.__file__).parents[1].glob(pattern))
