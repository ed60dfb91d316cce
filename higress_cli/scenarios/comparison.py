"""What differs between two modules in the same scenarios: a pure function of steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from higress_cli.scenarios.step import Step, StepKind

# What differs from one request to the next, whatever the plugin does.
_ALWAYS_OTHER = frozenset({"date", "x-hgw-identity", "x-envoy-upstream-service-time", "x-request-id"})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something of a step that is not as it was with the baseline."""

    name: str
    """The step's name."""
    engine: str | None
    """The engine on which both ran."""
    abi: str | None
    """The ABI of the module."""
    what: str
    """What differs: outcome, status, body, or header NAME."""
    before: str | None
    """What it was with the baseline; null where it was absent."""
    after: str | None
    """What it is; null where it is absent."""


def differences(before: Sequence[Step], after: Sequence[Step]) -> Iterator[Difference]:
    """Each step of `after` beside that of `before` with the same name on the same engine."""
    known: dict[tuple[str, str | None], Step] = {}
    for step in before:
        if step.kind is StepKind.SCENARIO:
            known.setdefault((step.name, step.engine), step)
    for step in after:
        old = known.get((step.name, step.engine))
        if old is None or step.kind is not StepKind.SCENARIO:
            continue
        for what, was, now in _parts(old, step):
            if was != now:
                yield Difference(name=step.name, engine=step.engine, abi=step.abi, what=what, before=was, after=now)


def _parts(old: Step, new: Step) -> Iterator[tuple[str, str | None, str | None]]:
    yield "outcome", str(old.status), str(new.status)
    if old.exchange is None or new.exchange is None:
        return
    yield "status", _text(old.exchange.status), _text(new.exchange.status)
    yield "body", _body(old), _body(new)
    was, now = _headers(old), _headers(new)
    for name in sorted(was.keys() | now.keys()):
        yield f"header {name}", was.get(name), now.get(name)


def _headers(step: Step) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in step.exchange.headers if step.exchange else ():
        if name not in _ALWAYS_OTHER:
            found.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in found.items()}


def _body(step: Step) -> str | None:
    digest = step.exchange.body_sha256 if step.exchange else None
    return None if digest is None else f"sha256 {digest}"


def _text(status: int | None) -> str | None:
    return None if status is None else str(status)
