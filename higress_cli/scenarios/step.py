"""One step of a verification: what was asked, and what came of it."""

import dataclasses
import shlex
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from higress_cli.gateway.contract import Check
from higress_cli.project.scenario import Request
from higress_cli.system.http import Answer

_LONGEST_BODY: Final = 4000


class Status(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and its answer."""

    request: str
    """The request as a curl command."""
    status: int | None
    """The status of the answer; null where none came."""
    body: str | None
    """At most the first 4000 characters; null where no answer came."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a verification."""

    name: str
    """The scenario's name."""
    ok: bool
    """Whether nothing is other than expected; also true of what was skipped."""
    expected: str
    """All that was expected, in the language of the call."""
    got: str
    """All that came, in the language of the call."""
    seconds: float
    """How long it took."""
    checks: tuple[Check, ...]
    """The same, one by one."""
    exchange: Exchange | None = None
    """The request and its answer; null where nothing was sent."""
    status: Status = Status.PASSED
    """Whether it was as expected; skipped where this gateway cannot do what it asks for."""
    reason: str | None = None
    """Why it was skipped; null where it was not."""

    def with_checks(self, more: Iterable[Check]) -> Self:
        """The same step with more that was looked at."""
        return dataclasses.replace(self, **_summed((*self.checks, *more)))


def make_step(name: str, checks: Sequence[Check], *, started: float, exchange: Exchange | None = None) -> Step:
    """A step from its checks; `started` is of `time.monotonic`."""
    return Step(
        name=name,
        seconds=round(time.monotonic() - started, 3),
        exchange=exchange,
        **_summed(checks),
    )


def skipped_step(name: str, reason: str) -> Step:
    """A step that could not be taken."""
    return Step(name=name, ok=True, expected="", got="", seconds=0.0, checks=(), status=Status.SKIPPED, reason=reason)


def _summed(checks: Sequence[Check]) -> dict[str, Any]:
    ok = all(check.ok for check in checks)
    return {
        "ok": ok,
        "status": Status.PASSED if ok else Status.FAILED,
        "expected": "; ".join(check.expected for check in checks),
        "got": "; ".join(check.got for check in checks),
        "checks": tuple(checks),
    }


def exchange(request: Request, base: str, answer: Answer | None) -> Exchange:
    """The request at the server `base` and its answer, for people and reports; a long body is cut."""
    argv = ["curl"]
    if request.method != ("POST" if request.body else "GET"):
        argv += ["-X", request.method]
    argv += [word for name, value in request.headers.items() for word in ("-H", f"{name}: {value}")]
    if request.body:
        argv += ["--data-binary", request.body]
    return Exchange(
        request=shlex.join([*argv, f"{base}{request.path}"]),
        status=answer.status if answer else None,
        body=answer.text[:_LONGEST_BODY] if answer else None,
    )
