"""What gateways offer to modules, and what Go source will ask of them."""

import pytest

from higress_cli.wasm.host_functions import needed_by, offer_of, offered
from higress_cli.wasm.module import Import

MARKER = "proxy_abi_version_0_2_0"


def test_what_a_plugin_calls_says_what_its_module_will_import() -> None:
    assert needed_by({"NewRedisClusterClient", "println"}) == {"proxy_redis_init", "proxy_redis_call"}
    assert needed_by(()) == frozenset()


@pytest.mark.parametrize(
    ("name", "gateway", "since", "supported"),
    [
        pytest.param("proxy_log", "v2.0.7", None, True, id="in every gateway"),
        pytest.param("proxy_made_up", "v2.1.11", None, False, id="in none"),
    ],
)
def test_what_is_known_of_an_import(name: str, gateway: str, since: str | None, supported: bool) -> None:
    wanted = Import(module="env", name=name, kind="function", type=None)

    found = offer_of(wanted, gateway=gateway, marker=MARKER)

    assert (found.since, found.supported) == (since, supported)
    assert (("env", name) in offered()) is supported
