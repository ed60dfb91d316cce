"""Steps that came to different things on different engines."""

from dataclasses import replace
from pathlib import Path

from higress_cli.scenarios.agreement import Disagreement, disagreements
from higress_cli.scenarios.step import Exchange, Step, StepKind, StepStatus

STEP = Step(
    name="a", ok=True, expected="", got="", seconds=0.0, checks=(), engine="envoy", abi="0.2.1", file=Path("/hgw.yaml")
)


def answered(http: int | None, **differently: object) -> Step:
    return replace(STEP, exchange=Exchange(request="curl", status=http, body=None), **differently)  # type: ignore[arg-type] # the fields of a step


def test_the_same_outcome_everywhere_is_agreement() -> None:
    assert list(disagreements([answered(200), answered(200, engine="builtin")])) == []


def test_another_outcome_or_status_is_told_by_engine() -> None:
    failed = answered(500, engine="builtin", status=StepStatus.FAILED)
    silent = answered(None, engine="docker", status=StepStatus.FAILED)
    ended = replace(STEP, engine="toy", status=StepStatus.FAILED)
    outcomes = {
        "envoy": "passed, status 200",
        "builtin": "failed, status 500",
        "docker": "failed, no response",
        "toy": "failed",
    }
    assert list(disagreements([answered(200), failed, silent, ended])) == [
        Disagreement(name="a", abi="0.2.1", outcomes=outcomes)
    ]


def test_what_was_skipped_or_is_another_step_says_nothing() -> None:
    others = [
        answered(500, engine="builtin", status=StepStatus.SKIPPED),
        answered(500, engine=None),
        answered(500, engine="builtin", kind=StepKind.START),
        answered(500, engine="builtin", abi="0.2.100"),
        answered(500, engine="builtin", name="b"),
        answered(500, engine="builtin", file=None),
        answered(500, engine="builtin", scenario_line=9),
    ]
    assert list(disagreements([answered(200), *others])) == []
