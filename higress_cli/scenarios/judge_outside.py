"""Compares what the upstream and the services should have got with what they got."""

from collections.abc import Iterator, Sequence

from higress_cli.choice import DEFAULT
from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.services import cluster_name, service_key
from higress_cli.i18n import _, chained, listed, ngettext
from higress_cli.project.scenario import CallExpectation, Expectation
from higress_cli.scenarios.condition_checks import checks, named_subjects, request_fits, request_words
from higress_cli.scenarios.matching import Subject, fits
from higress_cli.scenarios.observation import Call, Observed


def judge_upstream(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    """Whether the upstream got a request, and what was in it."""
    wanted, seen, line = expect.upstream, observed.seen, expect.line("upstream")
    if wanted is None:
        return
    if not wanted.reached:
        expected = _("the upstream gets no request")
        problem = _reached(observed)
        yield Evidence(ok=problem is None, expected=expected, got=problem or expected, key="upstream", line=line)
        return
    reached = _("the upstream gets a request")
    if not seen:
        got = _("hgw cannot see what this upstream gets") if seen is None else _("the upstream gets no request")
        yield Evidence(ok=False, expected=reached, got=got, key="upstream", line=line)
        return
    request = seen[-1]
    yield Evidence(ok=True, expected=reached, got=f"{request.method} {request.path}", key="upstream", line=line)
    for part, what, matcher, subject in named_subjects(wanted.request, request):
        place = _("{what} at the upstream").format(what=what)
        yield from checks(expect, f"upstream.{part}", what=place, matcher=matcher, subject=subject)


def judge_calls(expect: Expectation, observed: Observed) -> Iterator[Evidence]:
    """Whether the plugin asked services what it should have, and nothing that they have no rule for."""
    yield from _unfit(observed)
    if expect.calls is None:
        return
    if not expect.calls:
        yield _no_calls(expect, observed)
    for number, wanted in enumerate(expect.calls):
        yield _call(wanted, observed, key=f"calls[{number}]")


def _reached(observed: Observed) -> str | None:
    """What reached the upstream, None if nothing did; from what the upstream and the gateway each could see."""
    if observed.seen:
        requests = listed(f"{request.method} {request.path}" for request in observed.seen)
        return _("it got {requests}").format(requests=requests)
    if observed.sent_upstream:
        requests = listed(observed.sent_upstream)
        return _("it got the headers of {requests}").format(requests=requests)
    if observed.seen is None and observed.events is None:
        return _("hgw cannot see what this upstream gets")
    return None


def _unfit(observed: Observed) -> Iterator[Evidence]:
    for call in observed.calls:
        if not call.fits:
            yield Evidence(
                ok=False,
                expected=_("each call to {service} matches a rule").format(service=service_key(call.cluster)),
                got=_("no rule matches {call}").format(call=call.title),
                key="services",
            )


def _no_calls(expect: Expectation, observed: Observed) -> Evidence:
    expected = _("the plugin calls no service")
    got = expected
    if observed.calls:
        got = _("it calls {calls}").format(calls=_titles(observed.calls))
    elif observed.hidden:
        got = _hidden(*sorted(observed.hidden))
    return Evidence(ok=got == expected, expected=expected, got=got, key="calls", line=expect.line("calls"))


def _call(wanted: CallExpectation, observed: Observed, *, key: str) -> Evidence:
    cluster = cluster_name(wanted.service, source=DEFAULT)
    here = [call for call in observed.calls if call.cluster == cluster]
    found = [call for call in here if _fits(wanted, call)]
    conditions = list(
        request_words(wanted.request, more={_("the command"): wanted.command} if wanted.command else None)
    )
    expected = _("a call to {service}").format(service=service_key(cluster))
    if wanted.times is not None:
        expected = ngettext("{count} call to {service}", "{count} calls to {service}", wanted.times).format(
            count=wanted.times, service=service_key(cluster)
        )
    expected = (
        _("{calls}: {conditions}").format(calls=expected, conditions=chained(conditions)) if conditions else expected
    )
    ok = bool(found) if wanted.times is None else len(found) == wanted.times
    if cluster in observed.hidden:
        ok, got = False, _hidden(cluster)
    elif here:
        got = (
            _titles(here)
            if ok or not found
            else _("{count} of them: {calls}").format(count=len(found), calls=_titles(here))
        )
    else:
        got = _("no call to {service}").format(service=service_key(cluster))
    return Evidence(ok=ok, expected=expected, got=got, key=key, line=wanted.line)


def _fits(wanted: CallExpectation, call: Call) -> bool:
    if wanted.command is not None and not fits(wanted.command, Subject.of_text(call.command)):
        return False
    return call.seen is None or request_fits(wanted.request, call.seen)


def _titles(calls: Sequence[Call]) -> str:
    return listed(call.title for call in calls)


def _hidden(*clusters: str) -> str:
    services = listed(service_key(cluster) for cluster in clusters)
    return _("hgw cannot see the calls of {services}, which is not one of its own").format(services=services)
