"""Conditions as checks, with the place where they are written."""

from collections.abc import Iterator, Mapping

from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.servers import Seen
from higress_cli.i18n import _
from higress_cli.project.matcher import Matcher
from higress_cli.project.scenario import Expectation, RequestMatch
from higress_cli.scenarios.matching import Subject, describe, fits, verdicts

Pairs = tuple[tuple[str, str], ...]


def checks(expect: Expectation, key: str, *, what: str, matcher: Matcher, subject: Subject) -> Iterator[Evidence]:
    """The checks of one condition; `key` is where it stands in `expect`."""
    for verdict in verdicts(what, matcher, subject):
        yield Evidence(
            ok=verdict.ok,
            expected=verdict.expected,
            got=verdict.got,
            key=key,
            line=expect.line(key),
            difference=verdict.difference,
        )


def values_of(pairs: Pairs, name: str) -> tuple[str, ...]:
    """The values of a header or trailer, in order."""
    return tuple(value for key, value in pairs if key == name)


def named_subjects(match: RequestMatch, seen: Seen) -> Iterator[tuple[str, str, Matcher, Subject]]:
    """Each condition for a request: its key, its name, itself, and the value that it is for."""
    if match.method is not None:
        yield "method", _("the method"), match.method, Subject.of_text(seen.method)
    if match.path is not None:
        yield "path", _("the path"), match.path, Subject.of_text(seen.path)
    for name, matcher in match.headers.items():
        what = _("header {name} of the request").format(name=name)
        yield f"headers.{name}", what, matcher, Subject.of_values(seen.values(name))
    if match.body is not None:
        yield "body", _("body of the request"), match.body, Subject(content=seen.body)
    for name, matcher in match.trailers.items():
        what = _("trailer {name}").format(name=name)
        yield f"trailers.{name}", what, matcher, Subject.of_values(values_of(seen.trailers, name))


def request_fits(match: RequestMatch, seen: Seen) -> bool:
    """Whether a request is as all conditions want it."""
    return all(fits(matcher, subject) for _key, _what, matcher, subject in named_subjects(match, seen))


def request_words(match: RequestMatch, *, more: Mapping[str, Matcher] | None = None) -> Iterator[str]:
    """What is wanted of a request, a condition each."""
    nobody = Seen(method="", path="", headers={}, body=b"")
    for _key, what, matcher, _subject in named_subjects(match, nobody):
        yield describe(what, matcher)
    for what, matcher in (more or {}).items():
        yield describe(what, matcher)
