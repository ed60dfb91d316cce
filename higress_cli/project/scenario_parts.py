"""The parts of a scenario, made of what was read of their keys.

What makes a part of a mapping gets the mapping's node and, called like its key, the value of each key that is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from higress_cli.document import JsonObject
from higress_cli.i18n import _, listed
from higress_cli.project.matcher import ENTRIES, Matcher
from higress_cli.project.scenario import (
    CallExpectation,
    Expectation,
    LineExpectation,
    Request,
    RequestMatch,
    Response,
    Rule,
    Scenario,
    Service,
    Turn,
    UpstreamExpectation,
)
from higress_cli.project.shapes import made
from higress_cli.project.yaml_node import Node

BODY: Final = ("body", "body_file", "chunks")
"""The ways to write a body, of which one is chosen."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is written of a turn, None for what is not; what a step leaves out comes from its scenario.

    `lines` are those of the keys of `expect`.
    """

    request: Mapping[str, object] | None
    response: Mapping[str, object] | None
    expect: Mapping[str, object] | None
    lines: Mapping[str, int]
    line: int

    def below(self, above: "Step") -> "Step":
        """The step with what is written above it."""
        return Step(
            request=_laid_over(above.request, self.request),
            response=_laid_over(above.response, self.response),
            expect=_laid_over(above.expect, self.expect),
            lines={**above.lines, **self.lines},
            line=self.line,
        )

    def turn(self) -> Turn:
        return Turn(
            request=made(Request, self.request or {}),
            response=None if self.response is None else made(Response, self.response),
            expect=Expectation(status=200) if self.expect is None else made(Expectation, self.expect, lines=self.lines),
            line=self.line,
        )


def given(_node: Node, **values: object) -> Mapping[str, object]:
    """What was read: the steps of a scenario may add to it."""
    return values


def moment(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("expected a time such as 2026-01-01T00:00:00Z")) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def property_value(value: object) -> str | int | bool:
    if not isinstance(value, str | int | bool):
        raise ValueError(_("expected a string, a whole number, true or false"))  # noqa: TRY004 -- what Turned expects
    return value


def called(node: Node) -> Node:
    """A scenario, called by its name in errors if it has one."""
    name = node.mapping().get("name") if node.is_mapping else None
    return node.called(_("scenario `{name}`").format(name=name.text())) if name is not None and name.is_scalar else node


def rule(_node: Node, *, match: RequestMatch | None = None, **answer: object) -> Rule:
    return Rule(match=match or RequestMatch(), response=made(Response, answer))


def service(
    node: Node, *, redis: str | JsonObject | None = None, match: RequestMatch | None = None, **answer: object
) -> Service:
    if redis is None:
        return Service(rules=(rule(node, match=match, **answer),))
    if match or answer:
        node.fail(_("`redis` stands alone"))
    return Service(mode="redis", redis=None if isinstance(redis, str) else redis)


def refused_or_absent(word: str) -> Service:
    return Service(mode="refused" if word == "refused" else "absent")


def call(
    node: Node, *, service: str, command: Matcher | None = None, times: int | None = None, **request: object
) -> CallExpectation:
    return CallExpectation(
        service=service, request=made(RequestMatch, request), command=command, times=times, line=node.line
    )


def line(
    node: Node, *, none: LineExpectation | None = None, level: str | None = None, **matchers: Matcher
) -> LineExpectation:
    if none is not None:
        if level or matchers:
            node.fail(_("`none` stands alone"))
        return replace(none, none=True, line=node.line)
    if len(matchers) > 1 or not (matchers or level):
        choices = listed(entry.name for entry in ENTRIES)
        node.fail(_("say exactly one of: {choices}").format(choices=choices))
    return LineExpectation(matcher=next(iter(matchers.values()), None), level=level, line=node.line)


def upstream(_node: Node, **request: object) -> UpstreamExpectation:
    return UpstreamExpectation(request=made(RequestMatch, request))


def expected(node: Node, **values: object) -> Mapping[str, object]:
    if values.get("start") == "fails" and (besides := values.keys() - {"start", "log"}):
        node.fail(_("with `start: fails` only `log` can be expected, not {names}").format(names=listed(besides)))
    return values


def step(
    node: Node,
    *,
    request: Mapping[str, object] | None = None,
    response: Mapping[str, object] | None = None,
    expect: Mapping[str, object] | None = None,
) -> Step:
    lines = _lines(node.mapping()["expect"]) if expect is not None else {}
    return Step(request=request, response=response, expect=expect, lines=lines, line=node.line)


def scenario(  # noqa: PLR0913 -- the keys that make its turns
    node: Node,
    *,
    repeat: int = 1,
    steps: tuple[Step, ...] | None = None,
    request: Mapping[str, object] | None = None,
    response: Mapping[str, object] | None = None,
    expect: Mapping[str, object] | None = None,
    **surroundings: object,
) -> Scenario:
    above = step(node, request=request, response=response, expect=expect)
    turns = (above.turn(),) * repeat if steps is None else tuple(step.below(above).turn() for step in steps)
    if not turns:
        node.fail(_("`steps` is empty"))
    if len(turns) > 1 and any(turn.expect.start == "fails" for turn in turns):
        node.fail(_("a plugin that does not start gets no requests: `start: fails` goes without repeat and steps"))
    return made(Scenario, surroundings, turns=turns, file=node.path, line=node.line)


def _lines(node: Node, key: str = "") -> dict[str, int]:
    """The line of each key below `node`, with keys in lower case."""
    found: dict[str, int] = {}
    for name, value in node.mapping().items() if node.is_mapping else ():
        path = f"{key}.{name}" if key else name
        found |= {path.lower(): value.line, **_lines(value, path)}
    return found


def _laid_over(above: Mapping[str, object] | None, own: Mapping[str, object] | None) -> Mapping[str, object] | None:
    if above is None or own is None:
        return above if own is None else own
    if any(name in own for name in BODY):
        above = {name: value for name, value in above.items() if name not in BODY}
    return {**above, **own}
