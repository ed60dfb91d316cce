"""Whether modules hold the path of the folder that they were built in, and what leaves it out. Takes minutes.

    python -m scripts.module_paths

The same plugin is built in two folders, for each profile as it is and with the options that leave out what only
debuggers need, and the two modules are compared.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from higress_cli.profile import Profile
from scripts.measure import ROOT

_BUILDS: Final[Mapping[Profile, Sequence[Sequence[str]]]] = {
    Profile.TINYGO: ((), ("--no-debug",)),
    Profile.GO: ((), ("--", "-trimpath")),
}
_COLUMNS: Final = "{:<9} {:<24} {:<14} {}"


def main() -> int:
    home = ROOT / ".cache" / "e2e-home"
    variables = {**os.environ, "HOME": str(home), "HGW_HOME": str(home / "hgw"), "PYTHONPATH": str(ROOT)}
    print(_COLUMNS.format("profile", "build", "holds its path", "the same in two folders"))
    with tempfile.TemporaryDirectory(prefix="hgw-paths-") as name:
        for profile, builds in _BUILDS.items():
            folders = [Path(name) / f"{profile}-{number}" for number in ("one", "two")]
            _hgw(Path(name), variables, "init", str(folders[0]), "--name", "demo", "--profile", profile)
            shutil.copytree(folders[0], folders[1])
            for words in builds:
                modules = [_built(folder, variables, *words) for folder in folders]
                holding = any(str(folder).encode() in module for folder, module in zip(folders, modules, strict=True))
                shown = " ".join(("hgw build", *words))
                same = modules[0] == modules[1]
                print(_COLUMNS.format(profile, shown, "yes" if holding else "no", "yes" if same else "no"), flush=True)
    return 0


def _built(folder: Path, variables: Mapping[str, str], *words: str) -> bytes:
    _hgw(folder, variables, "build", *words)
    return (folder / "main.wasm").read_bytes()


def _hgw(folder: Path, variables: Mapping[str, str], *words: str) -> None:
    argv = [sys.executable, "-m", "higress_cli", *words]
    subprocess.run(argv, cwd=folder, env=dict(variables), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
