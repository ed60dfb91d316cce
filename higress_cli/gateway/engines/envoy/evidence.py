"""What Envoy's admin API says of the plugin that is in the filter chain."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.engines.envoy.module import for_envoy
from higress_cli.gateway.plugin import Plugin
from higress_cli.i18n import _

_OPEN: Final = "FAIL_OPEN"


def active_plugin(listener: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The configuration of the wasm filter `name` in a listener as the admin API shows it."""
    for chain in listener.get("filter_chains", []):
        for network_filter in chain.get("filters", []):
            for http_filter in network_filter.get("typed_config", {}).get("http_filters", []):
                if http_filter.get("name") == name:
                    config = http_filter.get("typed_config", {}).get("config")
                    return config if isinstance(config, dict) else None
    return None


def module_check(shown: Mapping[str, Any] | None, *, module: Path, plugin: Plugin) -> Evidence:
    """Whether the filter in the chain has this module, byte for byte but for a renamed marker, and fails closed."""
    expected = _("the filter chain holds the module {digest}").format(digest=plugin.sha256)
    if shown is None:
        return Evidence(ok=False, expected=expected, got=_("the filter chain holds no such plugin"))
    filename = shown.get("vm_config", {}).get("code", {}).get("local", {}).get("filename")
    try:
        loaded = module.read_bytes()
    except OSError:
        loaded = b""
    same = filename == str(module) and loaded == for_envoy(plugin).content
    if same and shown.get("failure_policy") != _OPEN:
        return Evidence(ok=True, expected=expected, got=_("the module {digest}").format(digest=plugin.sha256))
    return Evidence(ok=False, expected=expected, got=json.dumps(shown.get("vm_config", {})))


def machine_check(count: int) -> Evidence:
    """Whether a virtual machine of it is alive."""
    return Evidence(
        ok=count > 0,
        expected=_("its virtual machine is alive"),
        got=_("{count} virtual machines").format(count=count),
    )
