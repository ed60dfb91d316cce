"""All cases of the conformance suite, by subject."""

from tests.e2e.conformance.cases import bodies, calls, headers, replies, statuses

ALL = (*statuses.CASES, *replies.CASES, *headers.CASES, *bodies.CASES, *calls.CASES)
