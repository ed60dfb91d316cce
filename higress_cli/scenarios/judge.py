"""What a scenario expects, compared with what came of it: pure, so each verdict can be tested without a gateway."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.servers import Seen
from higress_cli.i18n import _
from higress_cli.project.scenario import Expectation, TextMatch
from higress_cli.system.http import Answer

_LONGEST_QUOTE: Final = 160
_CRASHED: Final = "wasm_fail_stream"
"""Envoy's word for an answer that it gave because the plugin's VM had trapped."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    ok: bool
    """Whether it is as expected."""
    expected: str
    """What was expected, for people."""
    got: str
    """What came, for people."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What came of a request.

    `problem` is why there was no answer; `seen` is what reached the upstream, None where hgw cannot see that;
    `log` is what the plugin wrote.
    """

    answer: Answer | None
    problem: str = ""
    seen: Sequence[Seen] | None = ()
    log: Sequence[str] = ()


def judge(expect: Expectation, observed: Observed) -> tuple[Check, ...]:
    """Every expectation of a scenario, checked."""
    if observed.answer is None:
        return (Check(ok=False, expected=_("an answer"), got=_("none: {problem}").format(problem=observed.problem)),)
    return (
        *_judge_answer(expect, observed.answer),
        *_judge_upstream(expect, observed.seen),
        *judge_log(expect, observed.log),
    )


def judge_log(expect: Expectation, log: Sequence[str]) -> Iterator[Check]:
    """What is expected of the lines that the plugin wrote."""
    match = expect.log
    if match is None:
        return
    expected = _describe(_("a line of the plugin's log"), match)
    if match.absent:
        yield Check(ok=not log, expected=expected, got=quote("\n".join(log)) if log else expected)
        return
    fitting = next((line for line in log if _fits(match, line)), None)
    got = fitting if fitting is not None else "\n".join(log)
    yield Check(ok=fitting is not None, expected=expected, got=quote(got) if got else _("the plugin wrote nothing"))


def judge_identity(answer: Answer | None, *, header: str, run: str, config: int | None, digest: str) -> Check:
    """Whether an answer came from this gateway with this module in it, and the module lived to see it.

    `run` empty and `config` None: any run, any version of the configuration.
    """
    wanted = {"run": run, "config": str(config) if config is not None else "", "sha256": digest}
    expected = _("the answer comes from the module {digest}").format(digest=digest)
    if answer is None:
        return Check(ok=False, expected=expected, got=_("no answer"))
    given = answer.headers.get(header)
    if given is None:
        return Check(
            ok=False,
            expected=expected,
            got=_("an answer without {header}: not from a gateway of hgw").format(header=header),
        )
    facts = read_identity(given)
    if any(value and facts.get(key) != value for key, value in wanted.items()):
        return Check(ok=False, expected=expected, got=f"{header}: {given}")
    if facts.get("by") == _CRASHED:
        return Check(
            ok=False,
            expected=expected,
            got=_("the plugin crashed, and the gateway answered {status} for it").format(status=answer.status),
        )
    return Check(ok=True, expected=expected, got=_("the module {digest}").format(digest=facts["sha256"]))


def read_identity(value: str) -> dict[str, str]:
    """The fields of an identity header: run, config, sha256, by."""
    pairs = (part.strip().partition("=") for part in value.split(";"))
    return {name: content for name, _separator, content in pairs}


def _judge_answer(expect: Expectation, answer: Answer) -> Iterator[Check]:
    if expect.status is not None:
        yield Check(
            ok=answer.status == expect.status,
            expected=_("status {status}").format(status=expect.status),
            got=_("status {status}").format(status=answer.status),
        )
    for name, match in expect.headers.items():
        yield _check(_("header {name}").format(name=name), match, answer.headers.get(name))
    if expect.body is not None:
        yield _check(_("body"), expect.body, answer.text)


def _judge_upstream(expect: Expectation, seen: Sequence[Seen] | None) -> Iterator[Check]:
    if expect.upstream_reached is None:
        return
    reached = _("the upstream gets a request") if expect.upstream_reached else _("the upstream gets no request")
    if seen is None:
        yield Check(ok=False, expected=reached, got=_("hgw cannot see what this upstream gets"))
        return
    if not expect.upstream_reached:
        got = ", ".join(f"{request.method} {request.path}" for request in seen)
        yield Check(ok=not seen, expected=reached, got=_("it got {requests}").format(requests=got) if seen else reached)
        return
    if not seen:
        yield Check(ok=False, expected=reached, got=_("the upstream gets no request"))
        return
    request = seen[-1]
    yield Check(ok=True, expected=reached, got=f"{request.method} {request.path}")
    if expect.upstream_method is not None:
        match = TextMatch(equals=expect.upstream_method)
        yield _check(_("the upstream's method"), match, request.method)
    if expect.upstream_path is not None:
        yield _check(_("the upstream's path"), TextMatch(equals=expect.upstream_path), request.path)
    for name, match in expect.upstream_headers.items():
        yield _check(_("the upstream's header {name}").format(name=name), match, request.headers.get(name))
    if expect.upstream_body is not None:
        yield _check(_("the upstream's body"), expect.upstream_body, request.text)


def _check(what: str, match: TextMatch, value: str | None) -> Check:
    return Check(
        ok=_fits(match, value),
        expected=_describe(what, match),
        got=_("no {what}").format(what=what)
        if value is None
        else _("{what} is {value}").format(what=what, value=quote(value)),
    )


def _fits(match: TextMatch, value: str | None) -> bool:
    if match.absent or value is None:
        return match.absent and value is None
    if match.equals is not None:
        # A final line end is how files and tools end a text, not a part of what it says.
        return value.removesuffix("\n") == match.equals.removesuffix("\n")
    if match.contains is not None:
        return match.contains in value
    return re.search(match.matches or "", value) is not None


def _describe(what: str, match: TextMatch) -> str:
    if match.absent:
        return _("no {what}").format(what=what)
    if match.equals is not None:
        return _("{what} is {value}").format(what=what, value=quote(match.equals))
    if match.contains is not None:
        return _("{what} contains {value}").format(what=what, value=quote(match.contains))
    return _("{what} matches {value}").format(what=what, value=quote(match.matches or ""))


def quote(text: str) -> str:
    """A text in one line, shortened where it is long."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    if len(line) <= _LONGEST_QUOTE:
        return f"`{line}`"
    return _("`{start}...` ({count} characters)").format(start=line[:_LONGEST_QUOTE], count=len(text))
