"""Versions of tools are known in higress_cli/data alone."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "higress_cli"
VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?")
NAMED = re.compile("oldest|newest|lowest|highest|minimum|floor|version")
NOT_OF_TOOLS = {
    "0.1.0": "hgw's own, and an ABI",
    "0.2.1": "an ABI",
    "0.2.100": "an ABI",
    "0.0.0": "of a plugin that has none",
    "1.0.0": "an example of a plugin's, and of OCI's layout of images",
    "v2.0.7": "an example of a gateway's",
}


def versions(source: str) -> set[str]:
    """The texts that look like versions, and the tuples of numbers that have the name of one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
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
    assert versions("A = '1.21'\nOLDEST: Final = (20, 10)\nif x == 'v1.2.3': pass\n") == {"1.21", "20.10", "v1.2.3"}
    assert versions("A = 'go 1.21 or newer'\nSTATUSES = (200, 201)\n") == set()


def test_no_code_names_a_tools_version():
    sources = {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    named = {name: found for name, source in sources.items() if (found := versions(source) - set(NOT_OF_TOOLS))}

    assert "gateway/engines/docker/client.py" in sources
    assert named == {}
