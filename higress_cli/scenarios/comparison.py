"""What differs between two modules in the same scenarios: a pure function of steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def part_word(what: str) -> str:
    """What differs, as `Difference.what` has it, in the language of the call."""
    kind, _separator, name = what.partition(" ")
    words = {"outcome": _("the outcome"), "status": _("the status"), "body": _("the body")}
    return words[kind] if kind in words else _("the header {name}").format(name=name)


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
