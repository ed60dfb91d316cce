"""The engines builtin and envoy do the same with the same plugin, and what the sources say that a gateway does.

Every case is played on both engines with each ABI that it is about, all of them on one gateway and at once.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.conformance.case import NEW, OLD, Case
from tests.e2e.conformance.cases import ALL, guide
from tests.e2e.conformance.judge import differing_parts, faults, listed_differences
from tests.e2e.conformance.stage import Observed, play

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]

ENGINES = ("builtin", "envoy")
DIFFERENCES = listed_differences()
PLAYS = [(case, abi) for case in ALL for abi in case.expected]
Played = Mapping[tuple[str, str], Mapping[str, Observed]]


@pytest.fixture(scope="session")
def played(
    probe: Mapping[str, Path], real_variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Played:
    return {
        (engine, abi): play(
            ALL,
            engine=engine,
            abi=abi,
            module=probe[abi],
            folder=tmp_path_factory.mktemp(f"{engine}-{abi}"),
            variables=real_variables,
        )
        for engine in ENGINES
        for abi in (OLD, NEW)
    }


def test_there_are_enough_cases_and_no_name_stands_for_two():
    assert len(ALL) >= 120
    assert [name for name, count in Counter(case.name for case in ALL).items() if count > 1] == []


@pytest.mark.parametrize(("case", "abi"), PLAYS, ids=[f"{case.name}-{abi}" for case, abi in PLAYS])
def test_each_engine_does_what_the_source_says(played: Played, case: Case, abi: str):
    excused = {
        engine
        for difference in DIFFERENCES
        if case.name in difference.cases and difference.abi in {None, abi} and difference.as_expected is not None
        for engine in ENGINES
        if engine != difference.as_expected
    }
    for engine in ENGINES:
        wrong = faults(case.expected[abi], played[engine, abi][case.name])
        assert bool(wrong) is (engine in excused), (engine, case.source, wrong)


@pytest.mark.parametrize(("case", "abi"), PLAYS, ids=[f"{case.name}-{abi}" for case, abi in PLAYS])
def test_both_engines_do_the_same_where_no_difference_is_listed(played: Played, case: Case, abi: str):
    found = differing_parts(case, *(played[engine, abi][case.name] for engine in ENGINES))
    listed = {
        part
        for difference in DIFFERENCES
        if case.name in difference.cases and difference.abi in {None, abi}
        for part in difference.parts
    }
    # A listed part that does not differ any more is as wrong as one that differs and is not listed.
    assert set(found) == listed, found


def test_every_method_of_the_guide_is_called():
    called = {call[0] for case in guide.CASES for calls in case.script.values() for call in calls}
    assert called >= guide.METHODS


def test_differences_are_about_cases_that_exist_and_say_why():
    for difference in DIFFERENCES:
        assert set(difference.cases) <= {case.name for case in ALL}
        assert len(difference.reason) > 40
