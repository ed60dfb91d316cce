"""What a push tells of its progress while it sends."""

import os
from collections.abc import Iterator

import pytest

from higress_cli.oci.image import make_image
from higress_cli.oci.push import Target, push
from higress_cli.oci.reference import parse_reference
from higress_cli.oci.registry import Login, Registry
from higress_cli.system.web import Web
from tests.support.fake_clock import FakeClock
from tests.support.registry import FakeRegistry, Fault, serving

IMAGE = make_image(bytes(500_000), annotations={})
TOTAL = IMAGE.config.bytes + sum(layer.bytes for layer in IMAGE.layers)


class Watched:
    """An activity that remembers how many bytes it was told, of how many, and what else."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.totals: set[int | None] = set()
        self.said: list[str] = []

    def advance(self, completed: int, total: int | None) -> None:
        self.done.append(completed)
        self.totals.add(total)

    def describe(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as server:
        yield server


def watch(server: FakeRegistry) -> Watched:
    web, activity = Web(os.environ), Watched()
    try:
        registry = Registry(server.host, web=web, login=Login(credential=lambda _repository: None), clock=FakeClock())
        target = Target(registry=registry, references=(parse_reference(f"{server.host}/demo:1"),))
        push(IMAGE, [target], activity=activity)
    finally:
        web.close()
    return activity


def test_bytes_are_counted_as_they_are_sent(server: FakeRegistry):
    activity = watch(server)

    assert activity.totals == {TOTAL}
    assert activity.done == sorted(activity.done)
    assert (len(activity.done) > 5, activity.done[-1]) == (True, TOTAL)


def test_what_the_registry_has_already_counts_as_sent(server: FakeRegistry):
    watch(server)

    assert watch(server).done == [IMAGE.config.bytes, TOTAL]


@pytest.mark.parametrize("resumable", [True, False])
def test_after_a_cut_the_count_is_that_of_what_arrived(server: FakeRegistry, resumable: bool):
    server.resumable = resumable
    server.faults.append(Fault("PUT", "uploads/", cut=True, after=1))

    activity = watch(server)

    assert activity.done[-1] == TOTAL
    assert max(activity.done) == TOTAL
    assert f"waiting for {server.host}" in activity.said[0]
