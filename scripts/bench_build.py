"""What `hgw build` costs beside the bare compiler, in one run on the same plugin. A part of `make bench`."""

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from higress_cli.wasm.binary import CODE_SECTION, FUNCTION_SECTION, HEADER_SIZE, Cursor, encode_u32, frames
from scripts.measure import ROOT, Cost, Started, as_installed, compare, cost_of, start_of

PAIRS = 3
_MANY = 8
_SAVES = 3
_REPEATS = 5
_COLLECTOR = {"GOGC", "GOMEMLIMIT"}
"""What hgw sets for TinyGo's own garbage collection; the bare compiler runs without."""


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """A plugin, the command by which hgw is run and the environment that it is run in, and the bare compiler's."""

    plugin: Path
    hgw: Sequence[str]
    variables: Mapping[str, str]
    bare: Sequence[str]
    bare_variables: Mapping[str, str]

    def ours(self, *argv: str, cwd: Path | None = None) -> Cost:
        return cost_of([*self.hgw, *argv], cwd=cwd or self.plugin, variables=self.variables)

    def theirs(self, cwd: Path | None = None) -> Cost:
        return cost_of(self.bare, cwd=cwd or self.plugin, variables=self.bare_variables)


def build(variables: Mapping[str, str], folder: Path, *, pairs: int = PAIRS) -> None:
    """Compare `hgw build` with the guide's command in each way that the goals name.

    The tools are those of the end-to-end tests, installed by hgw itself where they are not there yet.
    """
    bench = _prepared(variables, folder)
    compare(
        "hgw build --force : tinygo build", pairs=pairs, hgw=lambda: bench.ours("build", "--force"), bare=bench.theirs
    )
    everything = ("build", "--abi", "all", "--force")
    compare("hgw build --abi all : one build", pairs=pairs, hgw=lambda: bench.ours(*everything), bare=bench.theirs)
    for words in (("build",), ("build", "--abi", "all")):
        bench.ours(*words)
        _best(f"hgw {' '.join(words)}, nothing changed", partial(bench.ours, *words))
    _watch(bench)
    _inspect(bench, folder)


def many(variables: Mapping[str, str], folder: Path) -> None:
    """Compare `hgw build --all` with a loop of bare builds, on as many cores as there are."""
    bench = _prepared(variables, folder)
    folders = [folder / "many" / f"plugin-{number}" for number in range(_MANY)]
    for plugin in folders:
        bench.ours("init", str(plugin), cwd=folder)

    def loop() -> Cost:
        costs = [bench.theirs(plugin) for plugin in folders]
        return Cost(sum(cost.cpu for cost in costs), sum(cost.wall for cost in costs))

    title = f"hgw build --all : {_MANY} builds in a loop"
    compare(title, pairs=1, hgw=lambda: bench.ours("build", "--all", "--force", cwd=folder / "many"), bare=loop)


def _prepared(variables: Mapping[str, str], folder: Path) -> _Bench:
    home = ROOT / ".cache" / "e2e-home"
    variables = {**as_installed(variables, folder), "HOME": str(home), "HGW_HOME": str(home / "hgw")}
    home.mkdir(parents=True, exist_ok=True)
    hgw = [sys.executable, "-m", "higress_cli"]

    def call(*argv: str, cwd: Path) -> str:
        done = subprocess.run([*hgw, *argv], cwd=cwd, env=variables, check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    call("install", cwd=folder)
    plugin = folder / "bench-plugin"
    if not plugin.exists():
        call("init", str(plugin), cwd=folder)
    (command,) = json.loads(call("--output", "json", "build", "--print-command", cwd=plugin))["data"]["commands"]
    environment = command["environment"].items()
    tools = {name: value for name, value in environment if name not in _COLLECTOR and value is not None}
    return _Bench(
        plugin=plugin, hgw=hgw, variables=variables, bare=command["argv"], bare_variables={**variables, **tools}
    )


def _watch(bench: _Bench) -> None:
    """From a save to the new module in its place, beside a bare build after a save: both compile what has changed."""
    costs = []
    for number in range(_SAVES):
        _save(bench.plugin, f"bare{number}")
        bare = bench.theirs().wall
        bench.ours("build")
        with start_of([*bench.hgw, "build", "--watch"], cwd=bench.plugin, variables=bench.variables) as watching:
            _until(partial(_says, watching, "Watching"))
            module = bench.plugin / "main.wasm"
            before = module.stat().st_mtime_ns
            started = time.perf_counter()
            _save(bench.plugin, f"watched{number}")
            _until(partial(_differs, module, before))
            costs.append((time.perf_counter() - started, bare))
            watching.process.send_signal(signal.SIGINT)
            watching.process.wait()
    differences = sorted(seconds - bare for seconds, bare in costs)
    seconds, bare = costs[0]
    print(
        f"{'hgw build --watch, save to ready':<34} wall hgw {seconds:7.3f} s   bare {bare:7.3f} s   "
        f"more {statistics.median(differences):+.2f} s ({differences[0]:+.2f}..{differences[-1]:+.2f}, {_SAVES} saves)"
    )


def _save(plugin: Path, name: str) -> None:
    source = plugin / "main.go"
    source.write_text(source.read_text("utf-8") + f"\nvar {name} = 1\n", "utf-8")


def _says(program: Started, words: str) -> bool:
    return words in program.said()


def _inspect(bench: _Bench, folder: Path) -> None:
    """A module as Go makes them, and one of 60 MB: the same with its code section many times as long."""
    plugin = folder / "native-plugin"
    bench.ours("init", str(plugin), "--profile", "go", cwd=folder)
    bench.ours("install", cwd=plugin)
    bench.ours("build", cwd=plugin)
    module, large = plugin / "main.wasm", plugin / "large.wasm"
    large.write_bytes(_larger(module.read_bytes(), megabytes=60))
    for file in (module, large):
        title = f"hgw inspect, {file.stat().st_size / 1e6:.1f} MB"
        _best(title, partial(bench.ours, "inspect", file.name, cwd=plugin))


def _larger(content: bytes, *, megabytes: int) -> bytes:
    parts = [content[:HEADER_SIZE]]
    code = next(frame for frame in frames(content) if frame.id == CODE_SECTION)
    times = megabytes * 1_000_000 // (code.end - code.payload)
    for frame in frames(content):
        payload = content[frame.payload : frame.end]
        if frame.id in {CODE_SECTION, FUNCTION_SECTION}:
            cursor = Cursor(payload)
            count = cursor.u32()
            payload = encode_u32(count * times) + payload[cursor.position :] * times
        parts.append(bytes([frame.id]) + encode_u32(len(payload)) + payload)
    return b"".join(parts)


def _best(title: str, run: Callable[[], Cost]) -> None:
    best = min((run() for _run in range(_REPEATS)), key=lambda cost: cost.cpu)
    print(f"{title:<34} best hgw {best.cpu:7.3f} s cpu, {best.wall:.3f} s wall")


def _differs(file: Path, before: int) -> bool:
    return file.stat().st_mtime_ns != before


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)
