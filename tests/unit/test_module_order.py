"""A module reads from the top: what others call comes before what it is made of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import higress_cli

PACKAGE = Path(higress_cli.__file__).parent


def used_at_import(module: ast.AST) -> Iterator[str]:
    """The names that a module looks up while it is imported, which have to be defined before."""
    if isinstance(module, ast.Name):
        yield module.id
    if isinstance(module, ast.Lambda):
        return
    body = module.body if isinstance(module, ast.FunctionDef | ast.AsyncFunctionDef) else []
    for child in ast.iter_child_nodes(module):
        if child not in body:
            yield from used_at_import(child)


def too_early(path: Path) -> list[str]:
    """The private functions that stand above a public one without need."""
    module = ast.parse(path.read_text("utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    needed = set(used_at_import(module))
    last = max((node.lineno for node in functions if not node.name.startswith("_")), default=0)
    private = [node for node in functions if node.name.startswith("_") and node.name not in needed]
    return [node.name for node in private if node.lineno < last]


def test_public_functions_come_before_private_ones() -> None:
    modules = sorted(PACKAGE.rglob("*.py"))
    assert {str(path.relative_to(PACKAGE)): found for path in modules if (found := too_early(path))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("def a(): _b()\ndef _b(): pass\n", [], id="below"),
        pytest.param("def _b(): pass\ndef a(): _b()\n", ["_b"], id="above"),
        pytest.param("def _b(): pass\nX = [_b]\ndef a(): pass\n", [], id="above, for a constant"),
        pytest.param("def _b(f): pass\n@_b\ndef a(): pass\n", [], id="above, for a decorator"),
        pytest.param("def _b(): pass\nX = lambda: _b()\ndef a(): pass\n", ["_b"], id="above, called later"),
    ],
)
def test_what_is_too_early(tmp_path: Path, text: str, found: list[str]) -> None:
    (tmp_path / "module.py").write_text(text, "utf-8")
    assert too_early(tmp_path / "module.py") == found
