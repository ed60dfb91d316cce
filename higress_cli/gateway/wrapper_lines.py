"""Lines that Higress's Go wrapper writes into a plugin's log, whatever the gateway (wasm-go, pkg/wrapper)."""

import re
from collections.abc import Container
from typing import Final

from higress_cli.gateway.events import Event, PluginLine, ServiceUnknown

_CALL: Final = re.compile(r"\bhttp call start, .*?\bcluster: (?P<cluster>outbound\|[^,\s]+)")
_RECOVERED: Final = "recovered from panic"


def called_cluster(text: str) -> str | None:
    """The cluster that the plugin calls, if the line is about a call (http_wrapper.go)."""
    found = _CALL.search(text)
    return found["cluster"] if found else None


def unknown_service(event: Event, clusters: Container[str]) -> ServiceUnknown | None:
    """The service that the plugin called and the gateway does not have, None if the event is about something else.

    Some engines tell it themselves. For the others the wrapper does, in a line that it writes before each HTTP call.
    """
    match event:
        case ServiceUnknown():
            return event
        case PluginLine():
            cluster = called_cluster(event.text)
            if cluster is not None and cluster not in clusters:
                return ServiceUnknown(at=event.at, cluster=cluster)
    return None


def is_recovered_panic(text: str) -> bool:
    """Whether the line says that the wrapper recovered from a panic (plugin_wrapper.go)."""
    return _RECOVERED in text
