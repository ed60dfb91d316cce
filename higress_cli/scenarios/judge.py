"""Compares what a scenario expects with what was observed: pure, so each verdict can be tested without a gateway."""

from collections.abc import Iterator, Sequence

from higress_cli.digest import Sha256
from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.events import AnsweredBy, PluginLine
from higress_cli.gateway.identity import HEADER, read_identity
from higress_cli.gateway.refusal import PluginRefused
from higress_cli.gateway.words import trap_sentence
from higress_cli.i18n import _, chained
from higress_cli.project.scenario import Expectation, LineExpectation
from higress_cli.scenarios.condition_checks import checks, values_of
from higress_cli.scenarios.judge_inside import judge_actions, judge_metrics, judge_state
from higress_cli.scenarios.judge_outside import judge_calls, judge_upstream
from higress_cli.scenarios.matching import Subject, describe, fits, quote
from higress_cli.scenarios.observation import Observed
from higress_cli.system.http import Answer


def judge(expect: Expectation, observed: Observed) -> tuple[Evidence, ...]:
    """Check every expectation of a scenario, and that the plugin did not crash: a crash comes first."""
    crashes = tuple(judge_crashes(observed))
    if observed.answer is None and crashes:
        return crashes
    if observed.answer is None:
        got = _("none: {problem}").format(problem=observed.problem)
        return (*crashes, Evidence(ok=False, expected=_("an answer"), got=got, line=expect.line("within")))
    return (
        *crashes,
        *_judge_start(expect),
        *_judge_answer(expect, observed),
        *judge_upstream(expect, observed),
        *judge_calls(expect, observed),
        *judge_log(expect, observed.lines),
        *judge_metrics(expect, observed),
        *judge_actions(expect, observed),
        *judge_state(expect, observed),
    )


def judge_crashes(observed: Observed) -> Iterator[Evidence]:
    """A failed check for each crash, and for each panic that the wrapper recovered from."""
    expected = _("the plugin does not crash")
    for got in dict.fromkeys(trap_sentence(trap, packages=observed.packages) for trap in observed.traps):
        yield Evidence(ok=False, expected=expected, got=got)
    for line in observed.recovered:
        yield Evidence(
            ok=False, expected=expected, got=_("a panic that the wrapper caught: {line}").format(line=quote(line))
        )


def judge_refusal(expect: Expectation, error: PluginRefused) -> tuple[Evidence, ...]:
    """Check a plugin that did not start."""
    said = chained(error.details.get("said") or [error.message])
    line = expect.line("start")
    if expect.start == "fails":
        fails = Evidence(ok=True, expected=_("the plugin does not start"), got=said, key="start", line=line)
        return (fails, *judge_log(expect, error.lines))
    expected = _("the plugin accepts this configuration")
    return (Evidence(ok=False, expected=expected, got=said, key="start", line=line),)


def judge_accepted(expect: Expectation) -> Evidence:
    """The failed check of a plugin that started although it was expected not to."""
    got = _("the plugin accepts this configuration")
    return Evidence(ok=False, expected=_("the plugin does not start"), got=got, key="start", line=expect.line("start"))


def judge_log(expect: Expectation, lines: Sequence[PluginLine]) -> Iterator[Evidence]:
    """Check the expectations about the lines that the plugin wrote."""
    for number, wanted in enumerate(expect.log):
        key = "log" if len(expect.log) == 1 else f"log[{number}]"
        fitting = [line for line in lines if line_fits(wanted, line)]
        shown = fitting if wanted.none or fitting else lines
        got = "\n".join(_shown(line, with_level=wanted.level is not None) for line in shown[: 1 if fitting else None])
        nothing = _("no such line") if wanted.none and lines else _("the plugin wrote nothing")
        yield Evidence(
            ok=bool(fitting) is not wanted.none,
            expected=_expected_line(wanted),
            got=quote(got) if got else nothing,
            key=key,
            line=wanted.line or expect.line("log"),
        )


def line_fits(wanted: LineExpectation, line: PluginLine) -> bool:
    """Whether a line is of the level and has the text."""
    has_level = wanted.level is None or wanted.level == line.level
    return has_level and (wanted.matcher is None or fits(wanted.matcher, Subject.of_text(line.text)))


def judge_identity(answer: Answer | None, *, digest: Sha256, run: str = "", version: str = "") -> Evidence:
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
    return Evidence(ok=True, expected=expected, got=_("the module {digest}").format(digest=digest))


def _expected_line(wanted: LineExpectation) -> str:
    if wanted.matcher is None and wanted.level is None:
        return _("the plugin writes nothing") if wanted.none else _("the plugin writes something")
    what = _("a line of the plugin's log")
    if wanted.level is not None:
        what = _("a line of the plugin's log at level {level}").format(level=wanted.level)
    text = what if wanted.matcher is None else describe(what, wanted.matcher)
    return _("not: {condition}").format(condition=text) if wanted.none else text


def _shown(line: PluginLine, *, with_level: bool) -> str:
    return f"[{line.level}] {line.text}" if with_level else line.text


def _judge_start(expect: Expectation) -> Iterator[Evidence]:
    if expect.start == "ok":
        text = _("the plugin accepts this configuration")
        yield Evidence(ok=True, expected=text, got=text, key="start", line=expect.line("start"))


def _judge_answer(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    answer = observed.answer
    assert answer is not None  # noqa: S101 -- judge has looked
    if expect.status is not None:
        yield Evidence(
            ok=answer.status == expect.status,
            expected=_("status {status}").format(status=expect.status),
            got=_("status {status}").format(status=answer.status),
            key="status",
            line=expect.line("status"),
        )
    for name, matcher in expect.headers.items():
        what, values = _("header {name}").format(name=name), values_of(answer.pairs, name)
        yield from checks(expect, f"headers.{name}", what=what, matcher=matcher, subject=Subject.of_values(values))
    if expect.body is not None:
        yield from checks(expect, "body", what=_("body"), matcher=expect.body, subject=Subject(content=answer.body))
    for name, matcher in expect.trailers.items():
        what, values = _("trailer {name}").format(name=name), values_of(answer.trailers, name)
        yield from checks(expect, f"trailers.{name}", what=what, matcher=matcher, subject=Subject.of_values(values))
    if expect.within is not None:
        yield Evidence(
            ok=observed.seconds <= expect.within,
            expected=_("an answer within {seconds:g} s").format(seconds=expect.within),
            got=_("an answer after {seconds:.3f} s").format(seconds=observed.seconds),
            key="within",
            line=expect.line("within"),
        )
