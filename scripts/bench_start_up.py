"""How long hgw takes to start, beside a Python that does nothing and beside its peers. A part of `make bench`.

The goals: `hgw --version` within 2.0 of the CPU time of `python -c pass` and below pipx, copier and nox, the help of
every command within 0.2 s. The peers are installed into a throw-away environment from the index that pip is set to.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from scripts.measure import Cost, as_installed, compare, cost_of

_PEERS: Final = ("pipx", "copier", "nox")
_PAIRS: Final = 20
_HELP_PAIRS: Final = 5


def start_up(variables: Mapping[str, str], folder: Path) -> None:
    variables = as_installed(variables, folder)

    def run(*argv: str) -> Callable[[], Cost]:
        return lambda: cost_of([sys.executable, *argv], cwd=folder, variables=variables)

    bare = run("-c", "pass")
    ours = run("-m", "higress_cli", "--version")
    compare("hgw --version : python -c pass", pairs=_PAIRS, hgw=ours, bare=bare)
    for name, program in _peers(folder, variables).items():
        theirs = partial(cost_of, [str(program), "--version"], cwd=folder, variables=variables)
        compare(f"hgw --version : {name} --version", pairs=_HELP_PAIRS, hgw=ours, bare=theirs, other=name)
    for path in ((), *command_paths()):
        words = (*path, "--help")
        title = f"hgw {' '.join(words)} : python"
        compare(title, pairs=_HELP_PAIRS, hgw=run("-m", "higress_cli", *words), bare=bare)


def _peers(folder: Path, variables: Mapping[str, str]) -> Mapping[str, Path]:
    """The programs of other Python command lines, freshly installed."""
    environment = folder / "peers"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], env=dict(variables), check=True)
    binaries = environment / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *_PEERS], env=dict(variables), check=True)
    return {name: binaries / name for name in _PEERS}


def command_paths(package: str = "higress_cli.cli.app", folder: str = "higress_cli.cli") -> Iterator[tuple[str, ...]]:
    """The words that call each command and each group, in the order of help."""
    module: Any = import_module(package)
    for name in module.COMMANDS:
        yield (name,)
        below = f"{folder}.{name.replace('-', '_')}"
        if hasattr(import_module(below), "COMMANDS"):
            yield from ((name, *rest) for rest in command_paths(below, below))
