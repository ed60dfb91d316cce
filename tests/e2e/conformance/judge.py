"""Compares what came of a case with what was expected, and two engines with each other."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conformance.case import Case, Expected, Pairs, Sent
from tests.e2e.conformance.stage import Observed
from tests.e2e.conformance.wire import Received


def faults(expected: Expected, got: Observed) -> list[str]:
    """What is not as expected, in words."""
    return [
        *_of_answer(expected, got.answer),
        *_of_upstream(expected, got.upstream),
        *_of_calls(expected, got.calls),
        *_of_log(expected, got.log),
    ]


def _of_answer(expected: Expected, answer: Received) -> Iterator[str]:
    if answer.status != expected.status:
        yield f"status {answer.status} instead of {expected.status}"
        return
    if expected.status is not None and answer.complete != expected.complete:
        yield f"the answer is {'complete' if answer.complete else 'not complete'}"
    yield from _of_headers("answer", expected.headers, answer.headers)
    if expected.body is not None and answer.body != expected.body:
        yield f"body {answer.body[:80]!r} instead of {expected.body[:80]!r}"
    if expected.trailers is not None and answer.trailers != expected.trailers:
        yield f"trailers {answer.trailers} instead of {expected.trailers}"


def _of_upstream(expected: Expected, upstream: list[Received]) -> Iterator[str]:
    if expected.upstream == "absent":
        if upstream:
            yield f"the upstream got {upstream}"
    elif isinstance(expected.upstream, Sent):
        if len(upstream) != 1:
            yield f"the upstream got {len(upstream)} requests"
            return
        yield from _of_sent("upstream", expected.upstream, upstream[0])


def _of_calls(expected: Expected, calls: list[Received]) -> Iterator[str]:
    if expected.calls is not None:
        if len(calls) != len(expected.calls):
            yield f"the service got {len(calls)} requests instead of {len(expected.calls)}"
            return
        for wanted, got in zip(expected.calls, calls, strict=True):
            yield from _of_sent("service", wanted, got)


def _of_sent(where: str, wanted: Sent, got: Received) -> Iterator[str]:
    for name in ("method", "path", "body", "trailers"):
        value = getattr(wanted, name)
        if value is not None and getattr(got, name) != value:
            yield f"{where}: {name} {getattr(got, name)!r:.90} instead of {value!r:.90}"
    if got.complete != wanted.complete:
        yield f"{where}: the request is {'complete' if got.complete else 'not complete'}"
    yield from _of_headers(where, wanted.headers, got.headers)


def _of_headers(where: str, wanted: Mapping[str, str | list[str] | None], got: Pairs) -> Iterator[str]:
    for name, value in wanted.items():
        found = [content for key, content in got if key == name]
        listed = [] if value is None else [value] if isinstance(value, str) else value
        if found != listed:
            yield f"{where}: header {name} is {found} instead of {listed}"


def _of_log(expected: Expected, log: list[str]) -> Iterator[str]:
    lines = iter(log)
    for wanted in expected.log:
        if wanted not in lines:
            yield f"{wanted!r} is not in the log, or not in this place: {log}"
            return
    for start in expected.not_logged:
        if any(line.startswith(start) for line in log):
            yield f"{start!r} is in the log: {log}"


# Differences ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A row of differences.toml: in these cases the engines differ in these parts, for a reason.

    `as_expected` names the engine that does what the case expects, where only one does.
    """

    cases: tuple[str, ...]
    abi: str | None
    parts: tuple[str, ...]
    as_expected: str | None
    reason: str


def listed_differences() -> list[Difference]:
    content: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "differences.toml").read_text("utf-8"))
    return [
        Difference(
            cases=tuple(row["cases"]),
            abi=row.get("abi"),
            parts=tuple(row["parts"]),
            as_expected=row.get("as_expected"),
            reason=row["reason"],
        )
        for row in content["difference"]
    ]


def differing_parts(case: Case, left: Observed, right: Observed) -> dict[str, tuple[Any, Any]]:
    """The parts of two observations that differ, with both."""
    one, other = (_flat(observed.as_data()) for observed in (left, right))
    if "frames" in case.varying:
        for flat in (one, other):
            flat["log"] = [line for line in flat["log"] if "_body|size=" not in line]
    names = sorted(name for name in one | other if not name.startswith(case.varying))
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """`answer.status`, `upstream.body` and so on."""
    flat: dict[str, Any] = {"answered_by": data["answered_by"], "log": data["log"]}
    flat |= {f"answer.{name}": value for name, value in data["answer"].items()}
    for where in ("upstream", "calls"):
        flat[f"{where}.count"] = len(data[where])
        for received in data[where]:
            flat |= {f"{where}.{name}": value for name, value in received.items()}
    return flat
