"""Lines that Higress's Go wrapper writes into a plugin's log, whatever the gateway (wasm-go, pkg/wrapper)."""

import re
from typing import Final

_CALL: Final = re.compile(r"\bhttp call start, .*?\bcluster: (?P<cluster>outbound\|[^,\s]+)")
_RECOVERED: Final = "recovered from panic"


def called_cluster(text: str) -> str | None:
    """The cluster that the plugin calls, if the line is about a call (http_wrapper.go)."""
    found = _CALL.search(text)
    return found["cluster"] if found else None


def is_recovered_panic(text: str) -> bool:
    """Whether the line says that the wrapper recovered from a panic (plugin_wrapper.go)."""
    return _RECOVERED in text
