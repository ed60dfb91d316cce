"""Every expected error has an exit code of its own family and a code that scripts can rely on."""

import re
from pathlib import Path

import pytest

from higress_cli import data, errors
from higress_cli.doctor.catalogue import checks
from higress_cli.errors import ExitCode, HgwError
from higress_cli.knowledge.catalogue import entries
from higress_cli.knowledge.dependencies import Dependencies
from tests.support import ids
from tests.support.ids import mistake, written

FAMILIES: list[type[HgwError]] = [
    value for value in vars(errors).values() if isinstance(value, type) and value.__base__ is HgwError
]


def test_the_exit_codes_are_those_of_the_contract():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "CHECK_FAILED": 1,
        "USAGE": 2,
        "INVALID_INPUT": 3,
        "TOOL": 4,
        "DOWNLOAD": 5,
        "CONFLICT": 6,
        "COMPILE": 7,
        "GATEWAY": 8,
        "CONSENT": 9,
        "BUG": 70,
        "INTERRUPTED": 130,
    }


def test_each_family_has_a_code_of_its_own():
    codes = [family.exit_code for family in FAMILIES]

    assert len(FAMILIES) == 9
    assert sorted(codes) == [code for code in ExitCode if 1 <= code <= 9]


def test_an_error_tells_what_it_was_given():
    error = errors.ToolError("no tinygo", code="tools-missing", hint="hgw install", details={"a": 1})

    assert (str(error), error.message, error.code, error.hint) == (
        "no tinygo",
        "no tinygo",
        "tools-missing",
        "hgw install",
    )
    assert error.details == {"a": 1}
    assert errors.ToolError("x", code="y").details == {}


@pytest.mark.slow
def test_the_code_carries_the_ids_that_the_catalogue_has() -> None:
    """A row that nothing carries is one that compilers or gateways print, or one that a data file names."""
    in_code = {identifier for _place, _made, identifier in written()}
    in_data = {row.code for row in data.load("dependencies.toml", Dependencies).trap}
    recognised = {row.id for row in entries().values() if row.patterns}

    assert len(in_code) > 100
    assert sorted(in_code | in_data | recognised | {spec.id for spec in checks()}) == sorted(entries())


def test_an_id_has_a_row_and_the_exit_code_of_the_error_that_carries_it() -> None:
    wrong = {place: mistake(identifier, ids.FAMILIES.get(made)) for place, made, identifier in written()}

    assert {place: words for place, words in wrong.items() if words is not None} == {}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_tree_at_the_top_of_the_module_names_each_family(family):
    top = Path(errors.__file__).read_text("utf-8").partition('"""')[0]

    assert re.search(rf"\|- {family.__name__} +{int(family.exit_code)} ", top)
