"""A verification as evidence for others: all facts in one value, and a page for people. Pure.

It is what Higress's maintainers ask for with a plugin fix (docs/developers/agent-assisted-contributions.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from higress_cli.digest import Sha256
from higress_cli.i18n import _, joined, listed
from higress_cli.scenarios.comparison import Difference, part_word
from higress_cli.scenarios.step import Step, outcome_word


@dataclass(frozen=True, kw_only=True)
class Run:
    """One module on one engine.

    `image` is what it was pulled from, None for a file; `logs` are files beside the evidence, `left` what still
    answered afterwards.
    """

    role: str
    module: Path
    image: str | None
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
    """All that was found. `sources` are the digests of the plugin's source files.

    `unsteady` differs between two runs of the baseline as well.
    """

    hgw: str
    platform: str
    at: str
    sources: Mapping[str, str]
    runs: tuple[Run, ...]
    differences: tuple[Difference, ...]
    unsteady: tuple[Difference, ...]


def page(evidence: Evidence) -> str:
    """The evidence in Markdown, in the language of the call, as the names of the scenarios in it are."""
    return "\n".join(_lines(evidence)) + "\n"


def _lines(evidence: Evidence) -> Iterator[str]:
    yield "# " + _("Evidence")
    yield ""
    yield _("Made by hgw {version} on {platform} at {time}.").format(
        version=evidence.hgw, platform=evidence.platform, time=evidence.at
    )
    for run in evidence.runs:
        yield from _run(run)
    if any(run.role == "baseline" for run in evidence.runs):
        yield from _differences(_("What differs from the baseline"), evidence.differences)
        if evidence.unsteady:
            yield from _differences(_("What differs between two runs of the baseline as well"), evidence.unsteady)
    yield ""
    yield "## " + _("Source")
    yield ""
    yield from _table((_("file"), "SHA-256"), ((name, digest) for name, digest in sorted(evidence.sources.items())))


def _run(run: Run) -> Iterator[str]:
    yield ""
    role = _("baseline") if run.role == "baseline" else _("module")
    yield "## " + joined((role, _("ABI {abi} on {engine}").format(abi=run.abi or "?", engine=run.engine)))
    yield ""
    facts = {
        _("module"): run.image or str(run.module),
        "SHA-256": run.module_sha256,
        _("engine"): f"{run.engine} {run.engine_version or ''}".strip(),
        _("services"): listed(run.services) or _("none"),
        _("metrics"): listed(f"{name}={value}" for name, value in (run.metrics or {}).items()) or _("none"),
        _("logs"): listed(run.logs) or _("none"),
        _("still listening afterwards"): listed(run.left) or _("none"),
    }
    yield from _table((_("detail"), _("found")), facts.items())
    yield ""
    headings = (
        _("step"), _("outcome"), _("request"), _("status"), _("bytes"), _("SHA-256 of the body"),
    )  # fmt: skip
    yield from _table(headings, map(_step, run.steps))


def _step(step: Step) -> tuple[str, ...]:
    exchange = step.exchange
    if exchange is None:
        return (step.name, outcome_word(step.status), "", "", "", "")
    return (
        step.name,
        outcome_word(step.status),
        f"`{exchange.request}`",
        str(exchange.status or _("none")),
        str(exchange.body_bytes if exchange.body_bytes is not None else ""),
        exchange.body_sha256 or "",
    )


def _differences(title: str, found: Sequence[Difference]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    if not found:
        yield _("Nothing.")
        return
    rows = ((each.name, each.engine or "", part_word(each.what), *_values(each)) for each in found)
    yield from _table((_("step"), _("engine"), _("what"), _("baseline"), _("module")), rows)


def _values(difference: Difference) -> tuple[str, str]:
    before, after = (
        _("absent") if value is None else outcome_word(value) for value in (difference.before, difference.after)
    )
    return before, after


def _table(headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
