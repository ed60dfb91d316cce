"""What the engine docker gives Docker and the gateway in it, compared with files."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from higress_cli.gateway.contract import Change
from higress_cli.gateway.engines.docker.config import Layout, Plan, compose, content
from higress_cli.gateway.services import Endpoint
from higress_cli.project.plugin_config import PluginConfig

GOLDEN = Path(__file__).parents[2] / "golden" / "gateway"
RUN: Any = PurePosixPath("/run dir")  # the same on every platform
PLUGIN: Any = None  # its file's name is in the plan


def layout(**differently: Any) -> Layout:
    facts: dict[str, Any] = {
        "image": "registry.example.com/gateway:v2.0.7",
        "run": RUN,
        "bind": "127.0.0.1",
        "port": 10000,
        "admin_port": 10001,
        "shares_network": True,
        "user": "1000:1000",
    }
    return Layout(**{**facts, **differently})


def change(**differently: Any) -> Change:
    facts: dict[str, Any] = {
        "plugin": PLUGIN,
        "config": PluginConfig(values={"mockEnable": True}, source="test/config.yaml"),
        "config_file": RUN / "config.yaml",
        "services": {"outbound|80||demo.dns": Endpoint(host="127.0.0.1", port=8080)},
        "buffer_limit": 32768,
    }
    return Change(**{**facts, **differently})


def plan(**differently: Any) -> Plan:
    facts: dict[str, Any] = {
        "version": 3,
        "plugin_name": "demo",
        "identity": "config=3; sha256=abc; ",
        "module": "main.wasm",
        "upstream": Endpoint(host="127.0.0.1", port=12345),
    }
    return Plan(**{**facts, **differently})


LINUX = layout()
ELSEWHERE = layout(bind="0.0.0.0", shares_network=False, user=None)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("docker-compose", compose(LINUX)),
        ("docker-compose-elsewhere", compose(ELSEWHERE)),
        ("docker", content(LINUX, change(), plan())),
        (
            "docker-elsewhere",
            content(
                ELSEWHERE,
                change(config=None, env={"REGION": "eu"}, route="prod/shop", buffer_limit=1 << 20),
                plan(upstream=Endpoint(host="example.com", port=443, tls=True, path="/base")),
            ),
        ),
    ],
)
def test_docker_and_the_gateway_get_exactly_this(name: str, given: dict[str, Any]):
    assert given == json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def test_what_is_on_this_machine_has_another_name_in_a_network_of_the_containers_own():
    assert "host.docker.internal" not in json.dumps(content(LINUX, change(), plan()))
    document: Any = content(ELSEWHERE, change(), plan())
    clusters = document["static_resources"]["clusters"]
    assert [json.dumps(cluster).count("host.docker.internal") > 0 for cluster in clusters] == [True, True]


def test_an_empty_configuration_is_passed_and_none_is_not():
    empty = PluginConfig(values={}, source="test/config.yaml")
    assert '"configuration"' in json.dumps(content(LINUX, change(config=empty), plan()))
    assert '"configuration"' not in json.dumps(content(LINUX, change(config=None), plan()))
