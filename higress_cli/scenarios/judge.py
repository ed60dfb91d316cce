"""What a scenario expects, compared with what came of it: pure, so each verdict can be tested without a gateway."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from higress_cli.gateway.contract import Check
from higress_cli.gateway.events import AnsweredBy
from higress_cli.gateway.identity import HEADER, read_identity
from higress_cli.gateway.words import trap_lines
from higress_cli.i18n import _
from higress_cli.project.scenario import Expectation, TextMatch
from higress_cli.scenarios.observed import Observed
from higress_cli.system.http import Answer

_LONGEST_QUOTE: Final = 160


def judge(expect: Expectation, observed: Observed) -> tuple[Check, ...]:
    """Every expectation of a scenario, checked; and that the plugin did not crash."""
    crashes = tuple(judge_crashes(observed))
    if observed.answer is None:
        missing = Check(ok=False, expected=_("an answer"), got=_("none: {problem}").format(problem=observed.problem))
        return (missing, *crashes)
    return (
        *_judge_answer(expect, observed.answer),
        *_judge_upstream(expect, observed),
        *judge_log(expect, observed.log),
        *crashes,
    )


def judge_crashes(observed: Observed) -> Iterator[Check]:
    """A failed check for each crash, and for each panic that the wrapper caught."""
    expected = _("the plugin does not crash")
    for trap in observed.traps:
        yield Check(ok=False, expected=expected, got=", ".join(trap_lines(trap)))
    for line in observed.recovered:
        yield Check(
            ok=False, expected=expected, got=_("a panic that the wrapper caught: {line}").format(line=quote(line))
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


def judge_identity(answer: Answer | None, *, digest: str, run: str = "", version: str = "") -> Check:
    """Whether an answer came from this gateway with this module in it, and the module lived to see it.

    `run` and `version` empty: any run, any version of the configuration.
    """
    expected = _("the answer comes from the module {digest}").format(digest=digest)
    if answer is None:
        return Check(ok=False, expected=expected, got=_("no answer"))
    given = answer.headers.get(HEADER)
    if given is None:
        got = _("an answer without {header}: not from a gateway of hgw").format(header=HEADER)
        return Check(ok=False, expected=expected, got=got)
    identity = read_identity(given)
    wanted = ((run, identity.run), (version, identity.version), (digest, identity.sha256))
    if any(value and value != found for value, found in wanted):
        return Check(ok=False, expected=expected, got=f"{HEADER}: {given}")
    if identity.answered_by is AnsweredBy.CRASHED:
        got = _("the plugin crashed, and the gateway answered {status} for it").format(status=answer.status)
        return Check(ok=False, expected=expected, got=got)
    return Check(ok=True, expected=expected, got=_("the module {digest}").format(digest=identity.sha256))


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


def _judge_upstream(expect: Expectation, observed: Observed) -> Iterator[Check]:
    seen = observed.seen
    if expect.upstream_reached is None:
        return
    if not expect.upstream_reached:
        yield _judge_absence(observed)
        return
    reached = _("the upstream gets a request")
    if seen is None:
        yield Check(ok=False, expected=reached, got=_("hgw cannot see what this upstream gets"))
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


def _judge_absence(observed: Observed) -> Check:
    """Whether nothing of the request reached the upstream: it and the gateway are asked, each sees what it can."""
    expected = _("the upstream gets no request")
    if observed.seen:
        requests = ", ".join(f"{request.method} {request.path}" for request in observed.seen)
        return Check(ok=False, expected=expected, got=_("it got {requests}").format(requests=requests))
    if observed.sent_upstream:
        requests = ", ".join(observed.sent_upstream)
        return Check(ok=False, expected=expected, got=_("it got the headers of {requests}").format(requests=requests))
    if observed.seen is None and observed.events is None:
        return Check(ok=False, expected=expected, got=_("hgw cannot see what this upstream gets"))
    return Check(ok=True, expected=expected, got=expected)


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
