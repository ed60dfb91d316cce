"""A verification as evidence for others: all facts in one value, and a page for people. Pure.

It is what Higress's maintainers ask for with a plugin fix (docs/developers/agent-assisted-contributions.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from higress_cli.digest import Sha256
from higress_cli.scenarios.comparison import Difference
from higress_cli.scenarios.step import Step


@dataclass(frozen=True, kw_only=True)
class Run:
    """One module on one engine. `logs` are files beside the evidence, `left` what still answered afterwards."""

    role: str
    module: Path
    module_sha256: Sha256
    abi: str | None
    engine: str
    engine_version: str | None
    configuration: Mapping[str, object] | None
    environment: Mapping[str, str]
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    metrics: Mapping[str, int] | None
    logs: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that was found. `sources` are the digests of the plugin's source files."""

    hgw: str
    platform: str
    at: str
    sources: Mapping[str, str]
    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]


def page(evidence: Evidence) -> str:
    """The evidence in Markdown, in English: it is for other people's issues and pull requests."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(evidence: Evidence) -> Iterator[str]:
    yield "# Evidence"
    yield ""
    yield f"Made by hgw {evidence.hgw} on {evidence.platform} at {evidence.at}."
    for run in evidence.runs:
        yield from _run(run)
    if any(run.role == "baseline" for run in evidence.runs):
        yield from _differences(evidence.differences)
    yield ""
    yield "## Source"
    yield ""
    yield from _table(("file", "SHA-256"), ((name, digest) for name, digest in sorted(evidence.sources.items())))


def _run(run: Run) -> Iterator[str]:
    yield ""
    yield f"## {run.role}: ABI {run.abi or '?'} on {run.engine}"
    yield ""
    left = ", ".join(run.left) or "nothing"
    facts = {
        "module": str(run.module),
        "SHA-256": run.module_sha256,
        "engine": f"{run.engine} {run.engine_version or ''}".strip(),
        "services": ", ".join(run.services) or "none",
        "metrics": ", ".join(f"{name}={value}" for name, value in (run.metrics or {}).items()) or "none",
        "logs": ", ".join(run.logs) or "none",
        "left running": left,
    }
    yield from _table(("what", "value"), facts.items())
    yield ""
    yield from _table(("step", "outcome", "request", "status", "bytes", "SHA-256 of the body"), map(_step, run.steps))


def _step(step: Step) -> tuple[str, ...]:
    exchange = step.exchange
    if exchange is None:
        return (step.name, str(step.status), "", "", "", "")
    return (
        step.name,
        str(step.status),
        f"`{exchange.request}`",
        str(exchange.status or "none"),
        str(exchange.body_bytes if exchange.body_bytes is not None else ""),
        exchange.body_sha256 or "",
    )


def _differences(found: Sequence[Difference]) -> Iterator[str]:
    yield ""
    yield "## What differs from the baseline"
    yield ""
    if not found:
        yield "Nothing."
        return
    yield from _table(
        ("step", "engine", "what", "baseline", "module"),
        ((each.name, each.engine or "", each.what, each.before or "absent", each.after or "absent") for each in found),
    )


def _table(headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
