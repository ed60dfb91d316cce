"""What Envoy is given, compared with files: a change of it is a change that somebody has to see."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from higress_cli.gateway.engines.envoy.bootstrap import ListenerPlan, bootstrap, cluster, discovery, listener
from higress_cli.gateway.services import Endpoint

GOLDEN = Path(__file__).parents[3] / "golden" / "gateway"
RUN: Any = PurePosixPath("/run dir")  # the same on every platform


def plan(**differently: object) -> ListenerPlan:
    facts: dict = {
        "version": 3,
        "bind": "127.0.0.1",
        "port": 10000,
        "identity": "engine=envoy; run=r; config=3; sha256=abc; by=",
        "plugin_name": "demo",
        "module": RUN / "module-abc.wasm",
        "configuration": '{"mockEnable": true}',
        "stops_on_headers": False,
        "upstream": Endpoint(host="127.0.0.1", port=12345),
        "access_log": RUN / "access.log",
        "streams_log": RUN / "streams.log",
        "helper": RUN / "route_names.wasm",
    }
    return ListenerPlan(**{**facts, **differently})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "bootstrap",
            bootstrap(listener_file=RUN / "listener.json", cluster_file=RUN / "clusters.json", admin_port=0),
        ),
        ("listener", discovery(3, listener(plan()))),
        (
            "listener-0.2.100",
            discovery(
                1,
                listener(
                    plan(
                        version=1,
                        bind="0.0.0.0",
                        configuration="",
                        stops_on_headers=True,
                        upstream=Endpoint(host="example.com", port=443, tls=True, path="/base"),
                        route="prod/shop",
                    )
                ),
            ),
        ),
        (
            "clusters",
            discovery(
                2,
                cluster("outbound|80||by-address.static", Endpoint(host="127.0.0.1", port=8080)),
                cluster("outbound|80||by-name.dns", Endpoint(host="localhost", port=8080)),
                cluster(
                    "outbound|443||safe.dns",
                    Endpoint(host="example.com", port=443, tls=True),
                    certificates=RUN.parent / "etc" / "authorities.pem",
                ),
            ),
        ),
    ],
)
def test_the_gateway_gets_exactly_this(name, content):
    assert content == json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def test_each_version_has_a_virtual_machine_of_its_own():
    first, second = (json.dumps(listener(plan(version=version))) for version in (1, 2))
    assert '"vm_id": "hgw-1"' in first
    assert '"vm_id": "hgw-2"' in second


def test_a_plugin_without_a_configuration_gets_none_at_all():
    assert "configuration" not in json.dumps(listener(plan(configuration="")))
