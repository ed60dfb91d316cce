"""The source of hgw, parsed once for all tests that read it."""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import higress_cli

PACKAGE: Final = Path(higress_cli.__file__).parent


@cache
def syntax_trees() -> Mapping[Path, ast.Module]:
    """The syntax tree of each file of the package, by the file's path in it. Nobody changes them."""
    files = sorted(PACKAGE.rglob("*.py"))
    return MappingProxyType({path.relative_to(PACKAGE): ast.parse(path.read_text("utf-8")) for path in files})
