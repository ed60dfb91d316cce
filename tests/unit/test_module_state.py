"""Modules keep nothing for a whole process: what a call of hgw has is made by `main`, and passed on."""

import ast
import importlib
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

import higress_cli
from higress_cli.proxy_wasm.calls.table import Table

PACKAGE = Path(higress_cli.__file__).parent
MODULES = {
    ".".join(("higress_cli", *path.relative_to(PACKAGE).with_suffix("").parts)): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name not in {"__init__.py", "__main__.py", "supervisor.py"} and "templates" not in path.parts
}
# Why, is said at the top of that module.
SPEECH = "higress_cli.i18n"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def rebinds(path: Path) -> bool:
    return any(isinstance(node, ast.Global) for node in ast.walk(parsed(path)))


def may_change(value: object) -> bool:
    """Whether it is an object of hgw's own that can be another one later."""
    kind = type(value)
    is_frozen = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    # A table of host functions is complete when its module is: only decorators there add to it.
    fixed = (type, tuple, str, int, Enum, Table)
    is_own = kind.__module__.startswith("higress_cli")
    return is_own and not is_frozen and not isinstance(value, fixed) and bool(vars(value))


def variables(path: Path) -> list[str]:
    """The names of lists, mappings and sets at the top of a module that are not declared `Final`."""
    found = []
    for node in parsed(path).body:
        if isinstance(node, ast.Assign):
            target, kept = node.targets[0], False
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, kept = node.target, ast.unparse(node.annotation).startswith("Final")
        else:
            continue
        value = node.value
        is_empty = (isinstance(value, ast.List) and not value.elts) or (isinstance(value, ast.Dict) and not value.keys)
        may_grow = isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
        # What begins empty is there to be filled.
        if may_grow and isinstance(target, ast.Name) and target.id != "__all__" and (is_empty or not kept):
            found.append(target.id)
    return found


@pytest.mark.slow
def test_collections_of_a_module_are_constants() -> None:
    assert {name: found for name, path in MODULES.items() if (found := variables(path))} == {}


@pytest.mark.slow
def test_only_the_language_is_rebound() -> None:
    assert [name for name, path in MODULES.items() if rebinds(path)] == [SPEECH]


@pytest.mark.extra("local")
def test_no_module_holds_an_object_that_changes() -> None:
    held = {
        f"{name}.{key}": type(value).__name__
        for name in MODULES
        for key, value in vars(importlib.import_module(name)).items()
        if may_change(value)
    }

    assert held == {}
