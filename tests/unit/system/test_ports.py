import os
import socket
import sys

import pytest

from higress_cli.system import ports
from tests.support.ports import unused_port


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", unused_port()))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_somebody_listens_on_is_not_free(taken):
    assert not ports.is_free("127.0.0.1", taken)


def test_a_port_is_free_once_nobody_listens_any_more():
    with socket.create_server(("127.0.0.1", unused_port())) as server:  # as servers do, with SO_REUSEADDR
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert ports.is_free("127.0.0.1", port)


def test_a_port_taken_on_all_addresses_is_not_free_on_one():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        assert not ports.is_free("127.0.0.1", server.getsockname()[1])


def test_port_zero_means_any_and_is_always_free():
    assert ports.is_free("127.0.0.1", 0)


def test_the_next_free_port_is_suggested(taken):
    suggested = ports.free_port("127.0.0.1", above=taken)
    assert ports.is_free("127.0.0.1", suggested)
    assert suggested != taken


def test_an_address_that_is_not_this_machine_is_refused_in_the_systems_words():
    assert ports.refusal("192.0.2.1", 10000)


def test_a_port_that_is_just_taken_is_not_a_refusal(taken):
    assert ports.refusal("127.0.0.1", taken) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens without more rights")
def test_the_holder_of_a_port_is_named(taken):
    assert str(os.getpid()) in (ports.holder(taken) or "")


def test_a_port_without_a_holder_has_none(taken):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert ports.holder(unused.getsockname()[1]) is None
