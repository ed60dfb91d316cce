"""What differs between two modules in the same scenario."""

import dataclasses

import pytest

from higress_cli.digest import sha256_of_bytes
from higress_cli.scenarios.comparison import differences
from higress_cli.scenarios.neutral_answers import neutral, servers_of
from higress_cli.scenarios.step import Exchange, Step


def step(body: str, *, port: int, headers: tuple[tuple[str, str], ...] = ()) -> Step:
    servers = servers_of(gateway=f"http://127.0.0.1:{port}", upstream=f"http://127.0.0.1:{port + 1}")
    exchange = Exchange(
        request="curl",
        status=200,
        body=body,
        headers=headers,
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
