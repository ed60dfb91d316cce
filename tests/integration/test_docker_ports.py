"""Ports that another program takes in the last moment, with a docker that runs a real Envoy instead of a container."""

import socket
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from higress_cli.errors import GatewayError
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.system import ports
from higress_cli.system.exact_request import ask
from tests.support.stub_docker import DOCKER, change, opened, stub_docker
from tests.support.tool_stubs import write_program

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


def chosen_in_turn(monkeypatch: pytest.MonkeyPatch, *first: int) -> None:
    """Let the first ports that hgw chooses be these, then free ones."""
    real, left = ports.free_port, list(first)

    def free_port(bind: str, *, above: int = 0, wanted: Collection[int] = ()) -> int:
        return left.pop(0) if left else real(bind, above=above, wanted=wanted)

    monkeypatch.setattr(ports, "free_port", free_port)


def starts(folder: RunFolder) -> int:
    return len((folder.path / "starts").read_text().splitlines())


@pytest.mark.parametrize("is_admin", [False, True])
def test_a_port_of_its_own_choice_that_is_taken_is_chosen_again(folder, variables, monkeypatch, taken, is_admin):
    chosen_in_turn(monkeypatch, *((ports.free_port("127.0.0.1"), taken) if is_admin else (taken,)))
    with opened(folder, variables) as gateway:
        gateway.apply(change(folder))
        assert starts(folder) == 2
        assert ask(gateway.url, timeout=5.0).status == 503  # nothing is behind the gateway
        assert ask(f"{gateway.facts.admin_url}/ready", timeout=5.0).text.strip() == "LIVE"
        url = gateway.url
        gateway.apply(change(folder))
        assert gateway.url == url


def test_a_published_port_that_is_taken_is_chosen_again(folder, variables, monkeypatch, taken):
    chosen_in_turn(monkeypatch, taken)
    said = (
        "docker: Error response from daemon: driver failed programming external connectivity on endpoint hgw (6c90): "
        f"Error starting userland proxy: listen tcp4 127.0.0.1:{taken}: bind: address already in use."
    )
    refusing = f"[ -e starts ] || {{ echo start >starts; echo '{said}' >&2; exit 125; }}\necho start >>starts"
    write_program(Path(variables["PATH"].partition(":")[0]) / "docker", DOCKER.replace("echo start >>starts", refusing))
    with opened(folder, variables) as gateway:
        gateway.apply(change(folder))
        assert starts(folder) == 2
        assert not gateway.url.endswith(f":{taken}")


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
def test_a_port_that_the_user_named_is_not_chosen_again(folder, variables, taken, option):
    named = {"port": taken} if option == "--port" else {"admin_port": taken}
    with opened(folder, variables, **named) as gateway, pytest.raises(GatewayError) as caught:
        gateway.apply(change(folder))
    assert caught.value.code == "port-in-use"
    assert caught.value.details["port"] == taken
    assert option in str(caught.value.hint)
    assert starts(folder) == 1


def test_where_every_port_is_taken_it_gives_up(folder, variables, monkeypatch, taken):
    monkeypatch.setattr(ports, "free_port", lambda _bind, **_above: taken)
    with opened(folder, variables) as gateway, pytest.raises(GatewayError) as caught:
        gateway.apply(change(folder))
    assert caught.value.code == "port-in-use"
    assert starts(folder) == 5
