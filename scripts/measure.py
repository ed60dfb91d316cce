"""How the benchmarks measure: paired runs in turn, and the ratio of each pair.

CPU time is that of the child and all its children as the operating system accounts for it; a ratio is only taken
within a pair, because a machine's speed drifts.
"""

import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds of one run."""

    cpu: float
    wall: float


def cost_of(argv: Sequence[str], *, cwd: Path, variables: Mapping[str, str]) -> Cost:
    """Run a command to its end and say what it cost; a failing command ends the benchmark."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(argv, cwd=cwd, env=dict(variables), check=True, capture_output=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall)


def as_installed(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables for running hgw from this checkout as after an ordinary installation.

    With compiled bytecode, wherever this checkout keeps it: without, each start compiles all of hgw again.
    """
    bytecode = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return {name: value for name, value in variables.items() if name != "PYTHONDONTWRITEBYTECODE"} | bytecode


@dataclass(frozen=True)
class Started:
    """A program that runs, with a file that takes what it prints."""

    process: "subprocess.Popen[bytes]"
    output: Path

    def said(self) -> str:
        return self.output.read_text("utf-8", errors="replace")


@contextmanager
def start_of(argv: Sequence[str], *, cwd: Path, variables: Mapping[str, str]) -> Iterator[Started]:
    """Start a command; it is killed at the end if it is still there."""
    with tempfile.TemporaryDirectory(prefix="hgw-bench-") as folder:
        output = Path(folder) / "output"
        with output.open("wb") as sink:
            process = subprocess.Popen(argv, cwd=cwd, env=dict(variables), stdout=sink, stderr=subprocess.STDOUT)
            try:
                yield Started(process, output)
            finally:
                process.kill()
                process.wait()


def compare(title: str, *, pairs: int, hgw: Callable[[], Cost], bare: Callable[[], Cost], other: str = "bare") -> None:
    """Run both in turn, after one run of each that does not count, and print medians and ratios.

    `other` is what hgw is compared with, in one word.
    """
    hgw(), bare()
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for index in range(pairs):
        # Who goes first changes with each pair, so that neither always finds the warmer machine.
        for run, costs in ((hgw, ours), (bare, theirs)) if index % 2 else ((bare, theirs), (hgw, ours)):
            costs.append(run())
    for figure in ("cpu", "wall"):
        mine = [getattr(cost, figure) for cost in ours]
        others = [getattr(cost, figure) for cost in theirs]
        ratios = sorted(a / b for a, b in zip(mine, others, strict=True))
        print(
            f"{title:<34} {figure:<4} hgw {statistics.median(mine):7.3f} s   "
            f"{other} {statistics.median(others):7.3f} s   "
            f"ratio {statistics.median(ratios):5.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f}, {pairs} pairs)"
        )


def say(what: str, figure: str, goal: str) -> None:
    """Print a figure beside its goal."""
    print(f"{what:<44} {figure}   (goal {goal})")
