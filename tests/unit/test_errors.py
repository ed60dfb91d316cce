"""Every expected error has an exit code of its own family and a code that scripts can rely on."""

import ast
import re
from pathlib import Path

import pytest

from higress_cli import errors
from higress_cli.errors import ExitCode, HgwError

PACKAGE = Path(errors.__file__).parent
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


def raised() -> list[tuple[str, str, str]]:
    """(module, family, code) of each error that is made with a literal code anywhere in hgw."""
    names = {family.__name__: family for family in FAMILIES}
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in names:
                continue
            codes = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            found += [
                (str(path.relative_to(PACKAGE)), node.func.id, str(code.value))
                for code in codes
                if isinstance(code, ast.Constant)
            ]
    return found


def test_codes_are_words_in_lower_case():
    codes = {code for _module, _family, code in raised()}

    assert len(codes) > 40
    assert [code for code in codes if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []


def test_one_code_means_one_exit_code():
    """A script that knows `error.code` knows the exit code, but for what may be typed or be in a file."""
    families: dict[str, set[str]] = {}
    for _module, family, code in raised():
        families.setdefault(code, set()).add(family)
    either_typed_or_in_a_file = {"UsageError", "InvalidInput"}

    assert {
        code: sorted(names)
        for code, names in families.items()
        if len(names) > 1 and not names <= either_typed_or_in_a_file
    } == {}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_tree_at_the_top_of_the_module_names_each_family(family):
    top = Path(errors.__file__).read_text("utf-8").partition('"""')[0]

    assert re.search(rf"\|- {family.__name__} +{int(family.exit_code)} ", top)
