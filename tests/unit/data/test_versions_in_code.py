"""Versions of tools are known in higress_cli/data alone."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.source import syntax_trees

VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?")
NAMED = re.compile("oldest|newest|lowest|highest|minimum|floor|version")
NOT_OF_TOOLS = {
    "0.1.0": "hgw's own, and an ABI",
    "0.2.1": "an ABI",
    "0.2.100": "an ABI",
    "0.0.0": "of a plugin that has none",
    "1.0.0": "an example of a plugin's, and of OCI's layout of images",
    "v2.0.7": "an example of a gateway's",
    "1.16": "of the language, where go.mod has no go line",
    "1.20.14": "an example of a tool's, in what is said about a value that is none",
}


def versions(tree: ast.Module) -> set[str]:
    """The texts that look like versions, and the tuples of numbers that have the name of one."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if VERSION.fullmatch(text):
                found.add(text)
            case (
                ast.AnnAssign(target=target, value=ast.Tuple(elts=parts))
                | ast.Assign(targets=[target], value=ast.Tuple(elts=parts))
            ) if NAMED.search(ast.unparse(target).lower()):
                numbers = [ast.unparse(part) for part in parts]
                if all(number.isdecimal() for number in numbers):
                    found.add(".".join(numbers))
    return found


def test_what_looks_like_a_version_is_found():
    found = versions(ast.parse("A = '1.21'\nOLDEST: Final = (20, 10)\nif x == 'v1.2.3': pass\n"))

    assert found == {"1.21", "20.10", "v1.2.3"}
    assert versions(ast.parse("A = 'go 1.21 or newer'\nSTATUSES = (200, 201)\n")) == set()


@pytest.mark.slow
def test_no_code_names_a_tools_version():
    trees = syntax_trees()
    named = {path: found for path, tree in trees.items() if (found := versions(tree) - set(NOT_OF_TOOLS))}

    assert Path("gateway/engines/docker/client.py") in trees
    assert named == {}
