"""One step of a verification: what was asked, and what came of it."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.i18n import _
from higress_cli.project.scenario import Request
from higress_cli.scenarios.judge import Check
from higress_cli.system.http import Answer, NoAnswerError, ask

# Envoy gives an upstream 15 s; a request that is silent for longer than that was stopped and never resumed.
_SILENCE_SECONDS: Final = 20.0
_LONGEST_BODY: Final = 4000


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
    """Whether all of it is as expected."""
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


def make_step(name: str, checks: Sequence[Check], *, started: float, exchange: Exchange | None = None) -> Step:
    """A step from its checks; `started` is of `time.monotonic`."""
    return Step(
        name=name,
        ok=all(check.ok for check in checks),
        expected="; ".join(check.expected for check in checks),
        got="; ".join(check.got for check in checks),
        seconds=round(time.monotonic() - started, 3),
        checks=tuple(checks),
        exchange=exchange,
    )


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


def send(request: Request, base: str, *, extra_seconds: float = 0.0) -> tuple[Answer | None, str]:
    """The answer to a scenario's request at the server `base`, or None and why there was none."""
    patience = _SILENCE_SECONDS + extra_seconds
    started = time.monotonic()
    try:
        answer = ask(
            f"{base}{request.path}",
            method=request.method,
            headers=request.headers,
            body=request.body.encode(),
            timeout=patience,
        )
    except NoAnswerError as error:
        if time.monotonic() - started >= patience:
            return None, _("silence for {seconds:g} s: was the request stopped and never resumed?").format(
                seconds=patience
            )
        return None, str(error)
    return answer, ""
