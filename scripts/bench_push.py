"""What `hgw push` costs beside `hgw package`, with a module of native Go (6 MB). A part of `make bench`.

The goals: a push to a registry on this machine takes less than 1 s more than packaging alone; a second push of the same
moves no blob and takes less than 0.5 s in all. The registries are those of the end-to-end tests.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.measure import ROOT, as_installed, say
from tests.support.real_registries import Place, Programs, docker_registry, plain_registry, provide

_RUNS: Final = 5
_REGISTRIES: Final[Mapping[str, Callable[[Programs, Path], AbstractContextManager[Place]]]] = {
    "docker-registry": docker_registry,
    "go-containerregistry": plain_registry,
}


@dataclass(frozen=True)
class _Bench:
    """A plugin with its module, and the variables that hgw runs with."""

    plugin: Path
    variables: Mapping[str, str]

    def run(self, *argv: str, **more: str) -> tuple[float, dict[str, Any]]:
        """The seconds of one call of hgw, and what it answered; a call that fails ends the benchmark."""
        words = [sys.executable, "-m", "higress_cli", *argv, "--output", "json"]
        begun = time.perf_counter()
        done = subprocess.run(words, cwd=self.plugin, env={**self.variables, **more}, check=False, capture_output=True)
        seconds = time.perf_counter() - begun
        document = json.loads(done.stdout)
        if not document["ok"]:
            raise SystemExit(f"hgw {' '.join(argv)}: {document['error']}")
        return seconds, document["data"]


def push(variables: Mapping[str, str], folder: Path) -> None:
    """Push the same image to each registry, under a new name and again."""
    home = ROOT / ".cache" / "e2e-home"
    bench = _Bench(
        folder / "bench-push", as_installed({**variables, "HOME": str(home), "HGW_HOME": str(home / "hgw")}, folder)
    )
    bench.plugin.mkdir()
    bench.run("install")
    bench.run("init", ".", "--name", "bench", "--profile", "go", "--yes")
    bench.run("build")
    packaging = [bench.run("package")[0] for _run in range(_RUNS + 1)][1:]
    _name, packaged = bench.run("package")
    say("hgw package", f"{_median(packaging)} with a module of {packaged['module_bytes'] / 1e6:.1f} MB", "none")
    for name, serve in _REGISTRIES.items():
        place_folder = folder / name
        place_folder.mkdir()
        with serve(provide(variables), place_folder) as place:
            _push(bench, name, place, packaging=statistics.median(packaging))


def _push(bench: _Bench, name: str, place: Place, *, packaging: float) -> None:
    """The first pushes go to repositories of their own, so that each sends everything."""
    first, again = [], []
    for number in range(_RUNS):
        image = f"{place.host}/bench-{number}:1"
        seconds, data = bench.run("push", image, **place.variables)
        first.append((seconds, data["seconds"], data["sent_blobs"]))
        seconds, data = bench.run("push", image, **place.variables)
        again.append((seconds, data["seconds"], data["sent_blobs"]))
    beyond = statistics.median(seconds for seconds, _registry, _blobs in first) - packaging
    text = f"+ {beyond:.2f} s to packaging, {_registry_time(first)}"
    say(f"{name}: push", text, "< 1 s")
    text = f"{_median([seconds for seconds, _registry, _blobs in again])}, {_registry_time(again)}"
    say(f"{name}: the same again", text, "< 0.5 s, 0 blobs")


def _registry_time(runs: list[tuple[float, float, int]]) -> str:
    registry = statistics.median(seconds for _all, seconds, _blobs in runs)
    return f"{registry:.2f} s at the registry, {max(blobs for _all, _seconds, blobs in runs)} blobs sent"


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f}..{max(seconds):.2f}, {len(seconds)} times)"
