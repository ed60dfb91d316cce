"""Where engines disagree about the same scenario: a pure function of steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from higress_cli.i18n import _
from higress_cli.scenarios.step import Step, StepStatus


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A step that came to different things on different engines."""

    name: str
    """The step's name."""
    abi: str | None
    """The ABI of the module."""
    outcomes: Mapping[str, str]
    """What came on each engine, for people: passed or failed, and the status of the response."""


def disagreements(steps: Sequence[Step]) -> Iterator[Disagreement]:
    """The steps with different outcomes; those that were skipped say nothing."""
    found: dict[tuple[str | None, str, str | None, int | None], dict[str, Step]] = {}
    for step in steps:
        if step.status is not StepStatus.SKIPPED and step.engine is not None and step.kind == "scenario":
            place = (step.abi, step.name, str(step.file) if step.file else None, step.scenario_line)
            found.setdefault(place, {})[step.engine] = step
    for (abi, name, _file, _line), by_engine in found.items():
        outcomes = {engine: _outcome(step) for engine, step in by_engine.items()}
        if len(set(outcomes.values())) > 1:
            yield Disagreement(name=name, abi=abi, outcomes=outcomes)


def _outcome(step: Step) -> str:
    word = _("passed") if step.status is StepStatus.PASSED else _("failed")
    if step.exchange is None:
        return word
    if step.exchange.status is None:
        return _("{outcome}, no response").format(outcome=word)
    return _("{outcome}, status {status}").format(outcome=word, status=step.exchange.status)
