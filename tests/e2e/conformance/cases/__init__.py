"""All cases of the conformance suite, by subject."""

from tests.e2e.conformance.cases import (
    bodies,
    calls,
    foreign_functions,
    guide,
    headers,
    oddities,
    properties,
    replies,
    statuses,
)

_SUBJECTS = (statuses, replies, headers, oddities, bodies, calls, properties, guide, foreign_functions)
ALL = tuple(case for subject in _SUBJECTS for case in subject.CASES)
