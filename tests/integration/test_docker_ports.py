"""Ports that another program takes in the last moment, with a docker that runs a real Envoy instead of a container."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from higress_cli.errors import GatewayError
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.system.exact_request import ask
from tests.support.stub_docker import change, opened, stub_docker, taking

pytestmark = pytest.mark.extra("local")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    folder = RunFolder.create(tmp_path / "runs")
    yield folder
    folder.leave()


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return stub_docker(tmp_path / "bin")


def lines(folder: RunFolder, name: str) -> list[str]:
    return (folder.path / name).read_text().splitlines()


@pytest.mark.parametrize("which", ["gateway", "admin", "published"])
def test_a_port_of_its_own_choice_that_is_taken_is_chosen_again(folder, variables, tmp_path, which):
    with opened(folder, {**variables, **taking(which, tmp_path)}) as gateway:
        gateway.apply(change(folder))
        assert len(lines(folder, "starts")) == 2
        (taken,) = lines(folder, "taken")
        assert not (gateway.facts.admin_url if which == "admin" else gateway.url).endswith(f":{taken}")
        assert ask(gateway.url, timeout=5.0).status == 503  # nothing is behind the gateway
        assert ask(f"{gateway.facts.admin_url}/ready", timeout=5.0).text.strip() == "LIVE"
        url = gateway.url
        gateway.apply(change(folder))
        assert gateway.url == url


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
def test_a_port_that_the_user_named_is_not_chosen_again(folder, variables, taken, option):
    named = {"port": taken} if option == "--port" else {"admin_port": taken}
    with opened(folder, variables, **named) as gateway, pytest.raises(GatewayError) as caught:
        gateway.apply(change(folder))
    assert caught.value.code == "port-in-use"
    assert caught.value.details["port"] == taken
    assert option in str(caught.value.hint)
    assert len(lines(folder, "starts")) == 1


def test_where_every_port_is_taken_it_gives_up(folder, variables, tmp_path):
    never_free = taking("gateway", tmp_path, times=100)
    with opened(folder, {**variables, **never_free}) as gateway, pytest.raises(GatewayError) as caught:
        gateway.apply(change(folder))
    assert caught.value.code == "port-in-use"
    taken = lines(folder, "taken")
    assert caught.value.details["port"] == int(taken[-1])
    assert len(taken) == len(lines(folder, "starts")) == 5
