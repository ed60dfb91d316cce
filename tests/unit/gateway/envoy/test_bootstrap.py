"""What Envoy is given, compared with files: a change of it is a change that somebody has to see."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from higress_cli.gateway.engines.envoy.bootstrap import (
    ListenerPlan,
    PluginPlan,
    bootstrap,
    cluster,
    discovery,
    identity,
    listener,
    plugin,
)
from higress_cli.gateway.services import Endpoint

GOLDEN = Path(__file__).parents[3] / "golden" / "gateway"
RUN: Any = PurePosixPath("/run dir")  # the same on every platform


def plan(**differently: object) -> ListenerPlan:
    facts: dict = {
        "run": "r",
        "bind": "127.0.0.1",
        "port": 10000,
        "upstream": Endpoint(host="127.0.0.1", port=12345),
        "access_log": RUN / "access.log",
        "streams_log": RUN / "streams.log",
        "helper": RUN / "route_names.wasm",
        "plugin_file": RUN / "plugin.json",
        "identity_file": RUN / "identity.json",
    }
    return ListenerPlan(**{**facts, **differently})


def plugin_plan(**differently: object) -> PluginPlan:
    facts: dict = {
        "version": 3,
        "name": "demo",
        "module": RUN / "module-abc.wasm",
        "configuration": '{"mockEnable": true}',
        "stops_on_headers": False,
    }
    return PluginPlan(**{**facts, **differently})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "bootstrap",
            bootstrap(listener_file=RUN / "listener.json", cluster_file=RUN / "clusters.json", admin_port=0),
        ),
        ("listener", discovery(3, listener(plan()))),
        ("plugin", discovery(3, plugin(plugin_plan()))),
        ("plugin-0.2.100", discovery(1, plugin(plugin_plan(version=1, configuration="", stops_on_headers=True)))),
        ("identity", discovery(3, identity("config=3; sha256=abc; "))),
        (
            "listener-elsewhere",
            discovery(
                1,
                listener(
                    plan(
                        bind="0.0.0.0",
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
    first, second = (json.dumps(plugin(plugin_plan(version=version))) for version in (1, 2))
    assert '"vm_id": "hgw-1"' in first
    assert '"vm_id": "hgw-2"' in second


def test_a_plugin_without_a_configuration_gets_none_at_all():
    assert "configuration" not in json.dumps(plugin(plugin_plan(configuration="")))


@pytest.mark.parametrize(
    ("host", "certificates", "expected"),
    [
        ("example.com", None, {"sni": "example.com"}),
        ("10.0.0.9", None, {}),
        (
            "10.0.0.9",
            Path("/ca.pem"),
            {"common_tls_context": {"validation_context": {"trusted_ca": {"filename": "/ca.pem"}}}},
        ),
    ],
)
def test_an_address_has_no_name_to_send_or_to_check(host, certificates, expected):
    built = cluster("outbound|443||safe.dns", Endpoint(host=host, port=443, tls=True), certificates=certificates)
    socket = built["transport_socket"]
    assert isinstance(socket, dict)
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    assert socket["typed_config"] == {"@type": kind, **expected}
