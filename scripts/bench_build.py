"""What `hgw build` costs beside the bare compiler, in one run on the same plugin. A part of `make bench`."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.measure import ROOT, Cost, compare, cost_of

PAIRS = 3


def build(variables: Mapping[str, str], folder: Path, *, pairs: int = PAIRS) -> None:
    """Compare `hgw build --force` with the guide's command, and a build of nothing new with nothing at all.

    The tools are those of the end-to-end tests, installed by hgw itself where they are not there yet.
    """
    home = ROOT / ".cache" / "e2e-home"
    variables = {**variables, "HOME": str(home), "HGW_HOME": str(home / "hgw"), "PYTHONPATH": str(ROOT)}
    home.mkdir(parents=True, exist_ok=True)
    hgw = [sys.executable, "-m", "higress_cli"]

    def call(*argv: str, cwd: Path) -> str:
        done = subprocess.run([*hgw, *argv], cwd=cwd, env=variables, check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    call("install", cwd=folder)
    plugin = folder / "bench-plugin"
    call("init", str(plugin), cwd=folder)
    (command,) = json.loads(call("--output", "json", "build", "--print-command", cwd=plugin))["data"]["commands"]
    tools = {name: value for name, value in command["environment"].items() if name != "GOGC" and value is not None}

    def ours(*more: str) -> Cost:
        return cost_of([*hgw, "build", *more], cwd=plugin, variables=variables)

    def theirs() -> Cost:
        return cost_of(command["argv"], cwd=plugin, variables={**variables, **tools})

    compare("hgw build --force : tinygo build", pairs=pairs, hgw=lambda: ours("--force"), bare=theirs)
    ours()
    up_to_date = [ours() for _run in range(5)]
    best = min(up_to_date, key=lambda cost: cost.cpu)
    print(f"{'hgw build, nothing changed':<34} best hgw {best.cpu:7.3f} s cpu, {best.wall:.3f} s wall")
