"""Compares what a scenario expects with what was observed: pure, so each verdict can be tested without a gateway."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.events import AnsweredBy
from higress_cli.gateway.identity import HEADER, read_identity
from higress_cli.gateway.words import trap_lines
from higress_cli.i18n import _
from higress_cli.project.scenario import Expectation, TextMatch
from higress_cli.scenarios.observed import Observed
from higress_cli.system.http import Answer

_LONGEST_QUOTE: Final = 160


def judge(expect: Expectation, observed: Observed) -> tuple[Evidence, ...]:
    """Check every expectation of a scenario, and that the plugin did not crash."""
    crashes = tuple(judge_crashes(observed))
    if observed.answer is None:
        missing = Evidence(ok=False, expected=_("an answer"), got=_("none: {problem}").format(problem=observed.problem))
        return (missing, *crashes)
    return (
        *_judge_answer(expect, observed.answer),
        *_judge_upstream(expect, observed),
        *judge_log(expect, observed.log),
        *crashes,
    )


def judge_crashes(observed: Observed) -> Iterator[Evidence]:
    """A failed check for each crash, and for each panic that the wrapper recovered from."""
    expected = _("the plugin does not crash")
    for trap in observed.traps:
        yield Evidence(ok=False, expected=expected, got=", ".join(trap_lines(trap, packages=observed.packages)))
    for line in observed.recovered:
        yield Evidence(
            ok=False, expected=expected, got=_("a panic that the wrapper caught: {line}").format(line=quote(line))
        )


def judge_log(expect: Expectation, log: Sequence[str]) -> Iterator[Evidence]:
    """Check the expectations about the lines that the plugin wrote."""
    match = expect.log
    if match is None:
        return
    key, line = "log", expect.lines.get("log")
    expected = _describe(_("a line of the plugin's log"), match)
    written = "\n".join(log)
    if match.absent:
        expected = _("the plugin writes nothing")
        yield Evidence(ok=not log, expected=expected, got=quote(written) if log else expected, key=key, line=line)
        return
    fitting = next((text for text in log if _fits(match, text)), None)
    got = fitting if fitting is not None else written
    yield Evidence(
        ok=fitting is not None,
        expected=expected,
        got=quote(got) if got else _("the plugin wrote nothing"),
        key=key,
        line=line,
    )


def judge_identity(answer: Answer | None, *, digest: str, run: str = "", version: str = "") -> Evidence:
    """Check that a response came from this gateway running this module, and that the module had not crashed.

    An empty `run` or `version` accepts any run, or any version of the configuration.
    """
    expected = _("the answer comes from the module {digest}").format(digest=digest)
    if answer is None:
        return Evidence(ok=False, expected=expected, got=_("no answer"))
    given = answer.headers.get(HEADER)
    if given is None:
        got = _("an answer without {header}: not from a gateway of hgw").format(header=HEADER)
        return Evidence(ok=False, expected=expected, got=got)
    identity = read_identity(given)
    wanted = ((run, identity.run), (version, identity.version), (digest, identity.sha256))
    if any(value and value != found for value, found in wanted):
        return Evidence(ok=False, expected=expected, got=f"{HEADER}: {given}")
    if identity.answered_by is AnsweredBy.CRASHED:
        got = _("the plugin crashed, and the gateway answered {status} for it").format(status=answer.status)
        return Evidence(ok=False, expected=expected, got=got)
    return Evidence(ok=True, expected=expected, got=_("the module {digest}").format(digest=identity.sha256))


def _judge_answer(expect: Expectation, answer: Answer) -> Iterator[Evidence]:
    if expect.status is not None:
        yield Evidence(
            ok=answer.status == expect.status,
            expected=_("status {status}").format(status=expect.status),
            got=_("status {status}").format(status=answer.status),
            key="status",
            line=expect.lines.get("status"),
        )
    for name, match in expect.headers.items():
        what = _("header {name}").format(name=name)
        yield _check(expect, f"headers.{name}", what=what, match=match, value=answer.headers.get(name))
    if expect.body is not None:
        yield _check(expect, "body", what=_("body"), match=expect.body, value=answer.text)


def _judge_upstream(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    seen, key, line = observed.seen, "upstream", expect.lines.get("upstream")
    if expect.upstream_reached is None:
        return
    if not expect.upstream_reached:
        expected = _("the upstream gets no request")
        problem = _reached(observed)
        yield Evidence(ok=problem is None, expected=expected, got=problem or expected, key=key, line=line)
        return
    reached = _("the upstream gets a request")
    if not seen:
        got = _("hgw cannot see what this upstream gets") if seen is None else _("the upstream gets no request")
        yield Evidence(ok=False, expected=reached, got=got, key=key, line=line)
        return
    request = seen[-1]
    yield Evidence(ok=True, expected=reached, got=f"{request.method} {request.path}", key=key, line=line)
    parts: list[tuple[str, str, TextMatch, str | None]] = []
    if expect.upstream_method is not None:
        match = TextMatch(equals=expect.upstream_method)
        parts.append(("method", _("the method at the upstream"), match, request.method))
    if expect.upstream_path is not None:
        match = TextMatch(equals=expect.upstream_path)
        parts.append(("path", _("the path at the upstream"), match, request.path))
    for name, match in expect.upstream_headers.items():
        what = _("header {name} at the upstream").format(name=name)
        parts.append((f"headers.{name}", what, match, request.headers.get(name)))
    if expect.upstream_body is not None:
        parts.append(("body", _("the body at the upstream"), expect.upstream_body, request.text))
    for part, what, match, value in parts:
        yield _check(expect, f"upstream.{part}", what=what, match=match, value=value)


def _reached(observed: Observed) -> str | None:
    """What reached the upstream, None if nothing did; from what the upstream and the gateway each could see."""
    if observed.seen:
        requests = ", ".join(f"{request.method} {request.path}" for request in observed.seen)
        return _("it got {requests}").format(requests=requests)
    if observed.sent_upstream:
        requests = ", ".join(observed.sent_upstream)
        return _("it got the headers of {requests}").format(requests=requests)
    if observed.seen is None and observed.events is None:
        return _("hgw cannot see what this upstream gets")
    return None


def _check(expect: Expectation, key: str, *, what: str, match: TextMatch, value: str | None) -> Evidence:
    ok = _fits(match, value)
    return Evidence(
        ok=ok,
        expected=_describe(what, match),
        got=_("{what} is absent").format(what=what)
        if value is None
        else _("{what} is {value}").format(what=what, value=quote(value)),
        key=key,
        line=expect.lines.get(key),
        difference=None if ok or value is None else _difference(match, value),
    )


def _difference(match: TextMatch, value: str) -> str | None:
    """The complete difference, if a quotation of the value or of the expected text is cut."""
    wanted = match.equals
    if not any(_is_cut(text) for text in (value, wanted or "")):
        return None
    if wanted is None:
        return value
    lines = difflib.unified_diff(
        wanted.splitlines(), value.splitlines(), fromfile=_("expected"), tofile=_("got"), lineterm=""
    )
    return "\n".join(lines)


def _fits(match: TextMatch, value: str | None) -> bool:
    if match.absent or value is None:
        return match.absent and value is None
    if match.equals is not None:
        # Files and tools end a text with a newline, which is not part of its meaning.
        return value.removesuffix("\n") == match.equals.removesuffix("\n")
    if match.contains is not None:
        return match.contains in value
    return re.search(match.matches or "", value) is not None


def _describe(what: str, match: TextMatch) -> str:
    if match.absent:
        return _("{what} is absent").format(what=what)
    if match.equals is not None:
        return _("{what} is {value}").format(what=what, value=quote(match.equals))
    if match.contains is not None:
        return _("{what} contains {value}").format(what=what, value=quote(match.contains))
    return _("{what} matches {value}").format(what=what, value=quote(match.matches or ""))


def quote(text: str) -> str:
    """A text in one line, shortened if it is long."""
    line = _in_one_line(text)
    if not _is_cut(text):
        return f"`{line}`"
    return _("`{start}...` ({count} characters)").format(start=line[:_LONGEST_QUOTE], count=len(text))


def _in_one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _is_cut(text: str) -> bool:
    return len(_in_one_line(text)) > _LONGEST_QUOTE
