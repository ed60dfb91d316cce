"""How long hgw takes to start, beside a Python that does nothing. A part of `make bench`.

The goals: `hgw --version` within 2.0 of the CPU time of `python -c pass`, the help of every command within 0.2 s.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from scripts.measure import Cost, as_installed, compare, cost_of


def start_up(variables: Mapping[str, str], folder: Path) -> None:
    variables = as_installed(variables, folder)

    def run(*argv: str) -> Callable[[], Cost]:
        return lambda: cost_of([sys.executable, *argv], cwd=folder, variables=variables)

    bare = run("-c", "pass")
    compare("hgw --version : python -c pass", pairs=20, hgw=run("-m", "higress_cli", "--version"), bare=bare)
    for path in ((), *command_paths()):
        words = (*path, "--help")
        title = f"hgw {' '.join(words)} : python"
        compare(title, pairs=5, hgw=run("-m", "higress_cli", *words), bare=bare)


def command_paths(package: str = "higress_cli.cli.app", folder: str = "higress_cli.cli") -> Iterator[tuple[str, ...]]:
    """The words that call each command and each group, in the order of help."""
    module: Any = import_module(package)
    for name in module.COMMANDS:
        yield (name,)
        below = f"{folder}.{name.replace('-', '_')}"
        if hasattr(import_module(below), "COMMANDS"):
            yield from ((name, *rest) for rest in command_paths(below, below))
