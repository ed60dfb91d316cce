"""What differs between two modules in the same scenarios: a pure function of steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from higress_cli.i18n import _
from higress_cli.scenarios.neutral_answers import neutral
from higress_cli.scenarios.step import Exchange, Step, StepKind

_BODY = "body"
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
    line_before: str | None = None
    """The first line of a body that differs, as it was with the baseline; null where none is known."""
    line_after: str | None = None
    """The first line of a body that differs, as it is; null where none is known."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """What two modules do differently, and what differs from one run of the same module to the next."""

    found: tuple[Difference, ...] = ()
    unsteady: tuple[Difference, ...] = ()


def part_word(what: str) -> str:
    """What differs, as `Difference.what` has it, in the language of the call."""
    kind, _separator, name = what.partition(" ")
    words = {"outcome": _("the outcome"), "status": _("the status"), "body": _("the response body")}
    return words[kind] if kind in words else _("the header {name}").format(name=name)


def differences(before: Sequence[Step], after: Sequence[Step]) -> tuple[Difference, ...]:
    """Each step of `after` beside that of `before` with the same name on the same engine."""
    return tuple(difference for old, new in _pairs(before, after) for difference in _of_step(old, new))


def without_unsteady(*, before: Sequence[Step], again: Sequence[Step], after: Sequence[Step]) -> Differences:
    """What differs between `before` and `after`, apart from what differs as well in `again`, a second run of `before`.

    Of bodies, only the lines count that were the same in both runs, where the bodies are known whole and have the same
    number of lines.
    """
    unsteady = {(each.name, each.engine, each.what) for each in differences(before, again)}
    second = _scenarios(again)
    settled: list[Difference] = []
    moving: list[Difference] = []
    for old, new in _pairs(before, after):
        for each in _of_step(old, new):
            if (each.name, each.engine, each.what) not in unsteady:
                settled.append(each)
            elif each.what == _BODY and (lines := _steady_lines(old, second[each.name, each.engine], new)) is not None:
                settled.append(replace(each, line_before=lines[0], line_after=lines[1]))
            else:
                moving.append(each)
    return Differences(found=tuple(settled), unsteady=tuple(moving))


def _pairs(before: Sequence[Step], after: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    known = _scenarios(before)
    for step in after:
        if step.kind is StepKind.SCENARIO and (old := known.get((step.name, step.engine))) is not None:
            yield old, step


def _scenarios(steps: Sequence[Step]) -> dict[tuple[str, str | None], Step]:
    known: dict[tuple[str, str | None], Step] = {}
    for step in steps:
        if step.kind is StepKind.SCENARIO:
            known.setdefault((step.name, step.engine), step)
    return known


def _of_step(old: Step, step: Step) -> Iterator[Difference]:
    for what, was, now in _parts(old, step):
        if was != now:
            lines = _lines(old.exchange, step.exchange) if what == _BODY else (None, None)
            yield Difference(
                name=step.name,
                engine=step.engine,
                abi=step.abi,
                what=what,
                before=was,
                after=now,
                line_before=lines[0],
                line_after=lines[1],
            )


def _steady_lines(before: Step, again: Step, after: Step) -> tuple[str, str] | None:
    """The first line that is the same in both runs and another afterwards; None where none is known."""
    texts = [_whole_lines(step.exchange) for step in (before, again, after)]
    if any(text is None for text in texts) or len({len(text or ()) for text in texts}) > 1:
        return None
    rows = zip(*(text or () for text in texts), strict=True)
    return next(((was, now) for was, still, now in rows if was == still != now), None)


def _whole_lines(exchange: Exchange | None) -> list[str] | None:
    """The lines of a body without the addresses of its run; None if not all of it was kept."""
    if exchange is None or exchange.body is None or len(exchange.body.encode()) != exchange.body_bytes:
        return None
    return neutral(exchange.body.encode(), exchange.servers).decode().splitlines()


def _parts(old: Step, new: Step) -> Iterator[tuple[str, str | None, str | None]]:
    yield "outcome", str(old.status), str(new.status)
    if old.exchange is None or new.exchange is None:
        return
    yield "status", _text(old.exchange.status), _text(new.exchange.status)
    if old.exchange.neutral_sha256 != new.exchange.neutral_sha256:
        yield _BODY, _body(old.exchange), _body(new.exchange)
    was, now = _headers(old.exchange), _headers(new.exchange)
    for name in sorted(was.keys() | now.keys()):
        yield f"header {name}", was.get(name), now.get(name)


def _headers(exchange: Exchange) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        if name not in _ALWAYS_OTHER:
            found.setdefault(name, []).append(neutral(value.encode(), exchange.servers).decode())
    return {name: ", ".join(values) for name, values in found.items()}


def _body(exchange: Exchange) -> str | None:
    return None if exchange.body_sha256 is None else f"sha256 {exchange.body_sha256}"


def _lines(old: Exchange | None, new: Exchange | None) -> tuple[str | None, str | None]:
    """The first lines of two bodies that differ; None where a body has ended, and both where none is known."""
    before, after = (
        neutral((each.body or "").encode(), each.servers).decode().splitlines() if each else [] for each in (old, new)
    )
    return next((pair for pair in zip_longest(before, after) if pair[0] != pair[1]), (None, None))


def _text(status: int | None) -> str | None:
    return None if status is None else str(status)
