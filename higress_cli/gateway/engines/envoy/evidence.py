"""What Envoy's admin API says of the plugin that is in the filter chain."""

import json
from pathlib import Path
from typing import Final

from higress_cli.document import JsonObject
from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.engines.envoy.module import for_envoy
from higress_cli.gateway.plugin import Plugin
from higress_cli.i18n import _

_OPEN: Final = "FAIL_OPEN"


def module_check(content: JsonObject | None, *, module: Path, plugin: Plugin) -> Evidence:
    """Whether the wasm filter has this module, byte for byte but for a renamed marker, and fails closed.

    `content` is the filter as the admin API shows it.
    """
    shown = (content or {}).get("config")
    expected = _("the filter chain holds the module {digest}").format(digest=plugin.sha256)
    if not isinstance(shown, dict):
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
