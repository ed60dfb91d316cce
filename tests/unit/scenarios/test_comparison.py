"""What differs between two modules in the same scenario."""

import dataclasses

import pytest

from higress_cli.digest import sha256_of_bytes
from higress_cli.scenarios.comparison import differences, part_word, without_unsteady
from higress_cli.scenarios.neutral_answers import neutral, servers_of
from higress_cli.scenarios.step import Exchange, Step, StepKind, StepStatus


def step(body: str, *, port: int, headers: tuple[tuple[str, str], ...] = (), cut: bool = False) -> Step:
    servers = servers_of(gateway=f"http://127.0.0.1:{port}", upstream=f"http://127.0.0.1:{port + 1}")
    exchange = Exchange(
        request="curl",
        status=200,
        body=body,
        headers=headers,
        body_bytes=len(body.encode()) + cut,
        body_sha256=sha256_of_bytes(body.encode()),
        servers=servers,
        neutral_sha256=sha256_of_bytes(neutral(body.encode(), servers)),
    )
    return Step(name="s", ok=True, expected="", got="", seconds=0, checks=(), exchange=exchange, engine="envoy")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Host: 127.0.0.1:3000", "Host: 127.0.0.1:4000"),
        ("see http://127.0.0.1:3001/x", "see http://127.0.0.1:4001/x"),
        ("?to=http%3A%2F%2F127.0.0.1%3A3000", "?to=http%3A%2F%2F127.0.0.1%3A4000"),
        ("", ""),
    ],
)
def test_the_addresses_of_a_run_are_no_difference(before, after):
    assert list(differences([step(before, port=3000)], [step(after, port=4000)])) == []
    old, new = (step("", port=port, headers=(("location", text),)) for port, text in [(3000, before), (4000, after)])
    assert list(differences([old], [new])) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nworld 127.0.0.1:3000", "a\nmars 127.0.0.1:4000"),
        # other addresses than those of the run, and the gateway in place of the upstream
        ("127.0.0.1:30001", "127.0.0.1:40001"),
        ("8127.0.0.1:3000", "8127.0.0.1:4000"),
        ("127.0.0.1:3000", "127.0.0.1:4001"),
        ("a", "a\nb"),
    ],
)
def test_anything_else_is_one(before, after):
    (found,) = differences([step(before, port=3000)], [step(after, port=4000)])
    assert (found.what, found.before) == ("body", f"sha256 {sha256_of_bytes(before.encode())}")
    assert found.line_before != found.line_after
    old, new = (step("", port=port, headers=(("x", text),)) for port, text in [(3000, before), (4000, after)])
    (found,) = differences([old], [new])
    assert found.what == "header x"


def test_a_body_is_compared_beyond_what_is_shown_of_it():
    old, new = step("same", port=3000), step("same", port=4000)
    assert old.exchange is not None
    long = dataclasses.replace(old.exchange, neutral_sha256=sha256_of_bytes(b"longer"), body_sha256=None)
    (found,) = differences([dataclasses.replace(old, exchange=long)], [new])
    assert (found.line_before, found.line_after) == (None, None)


def compared(before: str, again: str, after: str):
    old, second, new = (step(body, port=3000 + 10 * number) for number, body in enumerate((before, again, after)))
    return without_unsteady(before=[old], again=[second], after=[new])


@pytest.mark.parametrize(
    ("before", "again", "after"),
    [
        ("{\n  uuid: 1\n}", "{\n  uuid: 2\n}", "{\n  uuid: 3\n}"),
        ("a\nb", "a\nc\nd", "x"),
        ("1", "2", "3"),
    ],
)
def test_what_differs_by_itself_is_told_apart(before, again, after):
    result = compared(before, again, after)

    assert result.found == ()
    assert [each.what for each in result.unsteady] == ["body"]


def test_a_line_that_stays_the_same_by_itself_is_a_difference_beside_one_that_does_not():
    result = compared("uuid: 1\nhello: world", "uuid: 2\nhello: world", "uuid: 3\nhello: mars")

    assert result.unsteady == ()
    assert [(each.line_before, each.line_after) for each in result.found] == [("hello: world", "hello: mars")]


def test_steady_things_of_a_step_count_beside_those_that_are_not():
    def with_headers(body: str, *, cookie: str, hello: str) -> Step:
        return step(body, port=3000, headers=(("set-cookie", cookie), ("hello", hello)))

    before, again = (with_headers("same", cookie=cookie, hello="world") for cookie in ("1", "2"))
    after = dataclasses.replace(with_headers("other", cookie="3", hello="mars"), status=StepStatus.FAILED)
    result = without_unsteady(before=[before], again=[again], after=[after])

    assert [each.what for each in result.found] == ["outcome", "body", "header hello"]
    assert [each.what for each in result.unsteady] == ["header set-cookie"]


def test_a_body_of_which_only_the_beginning_is_kept_is_told_as_a_whole():
    before, again, after = (step(f"{number}\nsame", port=3000, cut=True) for number in range(3))
    result = without_unsteady(before=[before], again=[again], after=[after])

    assert (result.found, [each.what for each in result.unsteady]) == ((), ["body"])


def test_what_differs_is_called_by_a_word_or_by_its_header():
    assert [part_word(what) for what in ("outcome", "status", "body", "header x-a")] == [
        "the outcome",
        "the status",
        "the response body",
        "the header x-a",
    ]


def test_only_steps_of_the_same_name_and_engine_are_compared_and_no_starts():
    old = step("a", port=3000)
    start = dataclasses.replace(step("b", port=3000), kind=StepKind.START)
    other = dataclasses.replace(step("b", port=3000), name="other")
    engine = dataclasses.replace(step("b", port=3000), engine="builtin")
    assert list(differences([old], [start, other, engine])) == []
    assert list(differences([start, old], [step("a", port=4000)])) == []


def test_a_request_that_was_not_sent_differs_in_its_outcome_only():
    unsent = dataclasses.replace(step("a", port=3000), exchange=None, status=StepStatus.FAILED)
    (found,) = differences([step("a", port=3000)], [unsent])
    assert (found.what, found.before, found.after) == ("outcome", "passed", "failed")


def test_headers_that_no_two_answers_share_are_left_out():
    old, new = (step("", port=3000, headers=(("date", text), ("x", "1"))) for text in ("now", "later"))
    assert list(differences([old], [new])) == []
