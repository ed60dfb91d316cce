"""How long a registry is asked again, on a clock that does not wait."""

import os
from collections.abc import Iterator

import pytest

from higress_cli.oci.registry import Access, Ask, Login, Registry
from higress_cli.system.growing_waits import MOST_SECONDS_WAITED
from higress_cli.system.web import Web
from tests.support.fake_clock import FakeClock
from tests.support.registry import FakeRegistry, Fault, serving

MANIFEST = Ask(method="GET", path="/v2/demo/manifests/1.0.0", access=Access(repository="demo"))


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as server:
        yield server


def asked(server: FakeRegistry, clock: FakeClock) -> int:
    """The status that the manifest is answered with in the end."""
    web = Web(os.environ)
    try:
        registry = Registry(server.host, web=web, login=Login(credential=lambda _repository: None), clock=clock)
        with registry.ask(MANIFEST) as reply:
            return reply.status
    finally:
        web.close()


def test_one_that_stays_busy_is_given_up(server: FakeRegistry):
    server.faults.append(Fault("GET", "manifests/", status=503, times=-1))
    clock = FakeClock()

    assert asked(server, clock) == 503

    assert clock.slept == sorted(clock.slept)
    assert 0 < sum(clock.slept) <= MOST_SECONDS_WAITED
    assert len([item for item in server.seen if "/manifests/" in item.path]) == len(clock.slept) + 1


def test_one_that_was_busy_is_asked_when_it_said(server: FakeRegistry):
    server.faults.append(Fault("GET", "manifests/", status=429, headers={"Retry-After": "7"}))
    clock = FakeClock()

    assert asked(server, clock) == 404
    assert clock.slept == [7.0]


def test_one_that_asks_for_too_long_a_wait_is_given_up_at_once(server: FakeRegistry):
    server.faults.append(Fault("GET", "manifests/", status=503, headers={"Retry-After": "3600"}, times=-1))
    clock = FakeClock()

    assert asked(server, clock) == 503
    assert clock.slept == []
