"""The faults of Docker, each told apart, with a docker that says what a real one was seen to say."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from higress_cli.gateway.engines.docker import config
from higress_cli.gateway.services import Endpoint
from tests.support.plugins import plugin
from tests.support.tool_stubs import write_program

pytestmark = pytest.mark.extra("local")

STOPPED = "echo 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' >&2; exit 1"
FORBIDDEN = (
    "echo 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock' >&2; exit 1"
)
OLD_CLIENT = "echo 'client version 1.22 is too old. Minimum supported API version is 1.24' >&2; exit 1"
VERSION = 'case "$1 $2" in "version --format") echo 24.0.7 ;;'
NO_COMPOSE = f"{VERSION} compose*) echo 'docker: unknown command: docker compose' >&2; exit 1 ;; esac"
NO_IMAGE = (
    f"{VERSION} 'compose version') echo v2.27.0 ;; 'image inspect') exit 1 ;;"
    " pull*) echo 'Using default tag'; echo 'Error response from daemon: no route to host' >&2; exit 1 ;; esac"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return folder


@pytest.mark.parametrize(
    ("script", "exit_code", "code", "hint"),
    [
        (None, 4, "engine-missing", "install Docker"),
        (STOPPED, 4, "docker-not-running", "start Docker"),
        (FORBIDDEN, 4, "docker-not-running", "usermod"),
        (OLD_CLIENT, 4, "docker-too-old", "install a newer one"),
        ("echo 19.03.15", 4, "docker-too-old", "install a newer one"),
        (NO_COMPOSE, 4, "docker-too-old", "compose plugin"),
        (NO_IMAGE, 5, "image-unavailable", "docker pull higress-registry"),
    ],
)
def test_each_fault_has_its_own_words(hgw, here, tmp_path, script, exit_code, code, hint):
    if script is not None:
        write_program(tmp_path / "bin" / "docker", script + "\n")
    document = json.loads(hgw("verify", "--engine", "docker", "--output", "json").out)
    assert (document["exit_code"], document["error"]["code"]) == (exit_code, code), document
    assert hint in document["error"]["hint"]


def test_all_engines_go_on_without_docker(hgw, here):
    document = json.loads(hgw("verify", "--engine", "all", "--output", "json").out)
    assert document["exit_code"] == 0, document
    assert {step["engine"] for step in document["data"]["steps"]} == {"envoy", "builtin"}
    assert any("docker" in warning for warning in document["warnings"])


def layout(*, shares_network: bool) -> config.Layout:
    return config.Layout(
        image="gateway:v2.0.7",
        run=Path("/runs/one"),
        bind="127.0.0.1",
        port=10000,
        admin_port=9901,
        shares_network=shares_network,
        user="1000:1000" if shares_network else None,
    )


def test_on_linux_the_container_has_the_network_of_the_machine():
    composed: Any = config.compose(layout(shares_network=True))
    service = composed["services"]["gateway"]
    assert service["network_mode"] == "host"
    assert "ports" not in service
    assert service["volumes"] == ["/runs/one:/hgw"]
    assert PurePosixPath("/hgw") == config.MOUNTED


def test_elsewhere_its_ports_are_published_and_it_finds_this_machine_by_name():
    there = layout(shares_network=False)
    composed: Any = config.compose(there)
    service = composed["services"]["gateway"]
    assert service["ports"] == ["127.0.0.1:10000:10000", "127.0.0.1:9901:9901"]
    assert service["extra_hosts"] == ["host.docker.internal:host-gateway"]
    assert (
        there.seen_from_inside(Endpoint(host="127.0.0.1", port=80, path="/x")).url == "http://host.docker.internal:80/x"
    )
    assert there.seen_from_inside(Endpoint(host="10.0.0.9", port=80)).url == "http://10.0.0.9:80"
