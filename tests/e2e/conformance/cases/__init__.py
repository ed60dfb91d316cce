"""All cases of the conformance suite, by subject."""

from tests.e2e.conformance.cases import bodies, calls, foreign, guide, headers, odd, properties, replies, statuses

_SUBJECTS = (statuses, replies, headers, odd, bodies, calls, properties, guide, foreign)
ALL = tuple(case for subject in _SUBJECTS for case in subject.CASES)
