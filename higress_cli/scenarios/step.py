"""One step of a verification: what was sent, and what was observed."""

import dataclasses
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self, TypedDict

from higress_cli.digest import Sha256, sha256_of_bytes
from higress_cli.errors import HgwError
from higress_cli.gateway.contract import Evidence
from higress_cli.i18n import _, chained
from higress_cli.project.scenario import Request, Scenario
from higress_cli.scenarios.causes import Surroundings, causes
from higress_cli.scenarios.neutral_answers import neutral
from higress_cli.scenarios.observation import Observed
from higress_cli.scenarios.stage import pairs_of
from higress_cli.system.exact_request import WholeAnswer

_LONGEST_BODY: Final = 4000


class StepStatus(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepKind(StrEnum):
    """What a step is about."""

    START = "start"
    SCENARIO = "scenario"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and its answer."""

    request: str
    """The request as a curl command."""
    status: int | None
    """The status of the answer; null where none came."""
    body: str | None
    """At most the first 4000 characters; null where no answer came."""
    headers: tuple[tuple[str, str], ...] = ()
    """The headers of the answer, in order."""
    body_bytes: int | None = None
    """The size of the answer's body; null where no answer came."""
    body_sha256: Sha256 | None = None
    """The digest of the answer's body; null where no answer came."""
    servers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What listened at which address (HOST:PORT) of this run: gateway, upstream, or a service's cluster."""
    neutral_sha256: Sha256 | None = None
    """The digest of the body with those addresses replaced by what listens there, to compare runs; null as above."""


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
    checks: tuple[Evidence, ...]
    """The same, one by one."""
    exchange: Exchange | None = None
    """The request and its answer; null where nothing was sent."""
    status: StepStatus = StepStatus.PASSED
    """Whether it was as expected; skipped where this gateway cannot do what it asks for."""
    reason: str | None = None
    """Why it was skipped; null where it was not."""
    causes: tuple[str, ...] = ()
    """Why it failed, as far as the gateway's events show it."""
    log: tuple[str, ...] = ()
    """What the plugin wrote during this step, each line with its level in brackets."""
    file: Path | None = None
    """The file in which the scenario is written; null for a scenario of hgw's own."""
    line: int | None = None
    """The line of that file: of the first expectation that failed, else of the request; null as for `file`."""
    kind: StepKind = StepKind.SCENARIO
    """Whether it is about a scenario, or about the start of the gateway."""
    scenario_line: int | None = None
    """The line at which the scenario begins; null as for `file`."""
    engine: str | None = None
    """What ran the plugin: envoy, builtin, docker; null until it is known."""
    abi: str | None = None
    """The ABI of the module; null where it declares none that a gateway knows."""

    def with_checks(self, more: Iterable[Evidence]) -> Self:
        """The step with additional checks."""
        return dataclasses.replace(self, **_summed((*self.checks, *more)))


def make_step(name: str, checks: Sequence[Evidence], *, started: float) -> Step:
    """The step of a gateway's start, from its checks; `started` is from `time.monotonic`."""
    return Step(name=name, seconds=_since(started), kind=StepKind.START, **_summed(checks))


def failed_start(error: HgwError) -> Step:
    """The step of a gateway that did not start, or ended."""
    check = Evidence(ok=False, expected=_("the gateway runs this module with its configuration"), got=error.message)
    return Step(name=check.expected, seconds=0.0, kind=StepKind.START, **_summed([check]))


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request that was sent to the server at the URL `base`, and what was observed of it.

    `servers` are as in Exchange.
    """

    base: str
    observed: Observed
    servers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    around: Surroundings = dataclasses.field(default_factory=Surroundings)


def scenario_step(
    scenario: Scenario,
    checks: Sequence[Evidence],
    *,
    started: float,
    number: int = 0,
    sent: Sent | None = None,
) -> Step:
    """The step of a scenario's request `number`, counted from 0; `sent` is None if it was not sent."""
    failed = next((check.line for check in checks if not check.ok and check.line is not None), None)
    turn = scenario.turns[number]
    step = Step(
        name=_name(scenario, number),
        seconds=_since(started),
        file=scenario.file,
        line=failed or turn.line or scenario.line,
        scenario_line=scenario.line,
        **_summed(checks),
    )
    if sent is None:
        return step
    observed = sent.observed
    return dataclasses.replace(
        step,
        exchange=exchange(turn.request, sent.base, observed.answer, servers=sent.servers),
        causes=causes(turn.request, observed, checks, sent.around),
        log=tuple(f"[{line.level}] {line.text}" for line in observed.lines),
    )


def skipped_step(scenario: Scenario, reason: str, *, number: int | None = None) -> Step:
    """The step of a scenario that could not be played, or of one request of it."""
    return Step(
        name=scenario.name if number is None else _name(scenario, number),
        ok=True,
        expected="",
        got="",
        seconds=0.0,
        checks=(),
        status=StepStatus.SKIPPED,
        reason=reason,
        file=scenario.file,
        line=scenario.line if number is None else scenario.turns[number].line,
        scenario_line=scenario.line,
    )


def exchange(
    request: Request, base: str, answer: WholeAnswer | None, *, servers: Mapping[str, str] | None = None
) -> Exchange:
    """The request at the server `base` and its answer, for people and reports; a long body is cut."""
    argv = ["curl"]
    if request.method != ("POST" if request.has_body else "GET"):
        argv += ["-X", request.method]
    for name, value in pairs_of(request.headers):
        argv += ["-H", f"{name}: {value}"]
    if request.chunks is not None and "transfer-encoding" not in request.headers:
        argv += ["-H", "transfer-encoding: chunked"]
    body = "".join(request.chunks) if request.chunks is not None else request.body
    if request.body_file:
        argv += ["--data-binary", f"@{request.body_file}"]
    elif body:
        argv += ["--data-binary", body]
    return Exchange(
        request=shlex.join([*argv, f"{base}{request.path}"]),
        status=answer.status if answer else None,
        body=answer.text[:_LONGEST_BODY] if answer else None,
        headers=answer.pairs if answer else (),
        body_bytes=len(answer.body) if answer else None,
        body_sha256=sha256_of_bytes(answer.body) if answer else None,
        servers=servers or {},
        neutral_sha256=sha256_of_bytes(neutral(answer.body, servers or {})) if answer else None,
    )


def outcome_word(status: str) -> str:
    """A status for people; any other text stays as it is."""
    words: dict[str, str] = {
        StepStatus.PASSED: _("passed"),
        StepStatus.FAILED: _("failed"),
        StepStatus.SKIPPED: _("not run"),
    }
    return words.get(status, status)


def wanted_and_got(check: Evidence) -> tuple[str, str]:
    """A check for people, in two lines."""
    return _("expected: {text}").format(text=check.expected), _("got: {text}").format(text=check.got)


def _name(scenario: Scenario, number: int) -> str:
    count = len(scenario.turns)
    return scenario.name if count == 1 else f"{scenario.name} ({number + 1}/{count})"


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


class _Summary(TypedDict):
    """What the checks of a step say of it."""

    ok: bool
    status: StepStatus
    expected: str
    got: str
    checks: tuple[Evidence, ...]


def _summed(checks: Sequence[Evidence]) -> _Summary:
    ok = all(check.ok for check in checks)
    return {
        "ok": ok,
        "status": StepStatus.PASSED if ok else StepStatus.FAILED,
        "expected": chained(check.expected for check in checks),
        "got": chained(check.got for check in checks),
        "checks": tuple(checks),
    }
