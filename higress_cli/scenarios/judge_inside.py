"""Compares what should have happened inside the plugin with what did: metrics, actions, stored values."""

from collections.abc import Iterator, Mapping

from higress_cli.gateway.contract import Evidence
from higress_cli.i18n import _, listed
from higress_cli.phases import action_name
from higress_cli.project.matcher import Matcher
from higress_cli.project.scenario import Expectation
from higress_cli.scenarios.condition_checks import checks
from higress_cli.scenarios.matching import Subject, describe, value_fits
from higress_cli.scenarios.observation import Observed


def judge_metrics(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    """How much the plugin's metrics changed."""
    before, after = observed.before.metrics or {}, observed.after.metrics
    for name, matcher in expect.metrics.items():
        what = _("the change of the metric {name}").format(name=name)
        if after is None:
            ok, got = False, _("this gateway shows no metrics")
        elif name in after:
            change = after[name] - before.get(name, 0)
            ok, got = value_fits(matcher, change), _("{what} is {value}").format(what=what, value=f"`{change}`")
        else:
            known = listed(sorted(after)) or _("none")
            ok, got = value_fits(matcher), _("the plugin has no such metric; it has: {names}").format(names=known)
        key = f"metrics.{name}"
        yield Evidence(ok=ok, expected=describe(what, matcher), got=got, key=key, line=expect.line(key))


def judge_actions(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    """What the callbacks returned."""
    for phase, wanted in expect.actions.items():
        returned = observed.returned.get(phase, ())
        is_list = isinstance(wanted, tuple)
        values = wanted if isinstance(wanted, tuple) else (wanted,)
        found = returned if is_list else returned[-1:]
        what = _("what {phase} returns").format(phase=phase)
        key = f"actions.{phase}"
        yield Evidence(
            ok=found == values,
            expected=_("{what} is {value}").format(what=what, value=_names(phase, values)),
            got=_("{what} is {value}").format(what=what, value=_names(phase, found))
            if found
            else _("{phase} was not called, or did not end").format(phase=phase),
            key=key,
            line=expect.line(key),
        )


def judge_state(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    """What the plugin has stored."""
    if expect.state is None:
        return
    inside = observed.after
    yield from _stored(expect, "shared", _("shared data {name}"), wanted=expect.state.shared, stored=inside.shared)
    yield from _stored(
        expect, "properties", _("property {name}"), wanted=expect.state.properties, stored=inside.properties
    )


def _names(phase: str, values: tuple[int, ...]) -> str:
    return listed(action_name(phase, value) for value in values)


def _stored(
    expect: Expectation,
    kind: str,
    title: str,
    *,
    wanted: Mapping[str, Matcher],
    stored: Mapping[str, bytes] | None,
) -> Iterator[Evidence]:
    for name, matcher in wanted.items():
        content = (stored or {}).get(name)
        yield from checks(
            expect,
            f"state.{kind}.{name}",
            what=title.format(name=name),
            matcher=matcher,
            subject=Subject(content=content),
        )
