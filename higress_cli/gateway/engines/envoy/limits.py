"""How much of a body Envoy holds for a plugin."""

from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.contract import Change
from higress_cli.i18n import _, listed

# As much as the largest of Higress's own plugins asks for.
_RAISED_BYTES: Final = 100 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A number of bytes; `notes` say why, where it is not the one that was set."""

    bytes: int
    notes: tuple[str, ...] = ()


def limit_for(change: Change) -> Limit:
    """The listener's limit. Upstream's Envoy ignores the properties by which a plugin lifts it for one request."""
    properties = change.plugin.buffer_properties
    if not properties or change.buffer_limit >= _RAISED_BYTES:
        return Limit(bytes=change.buffer_limit)
    note = _(
        "the plugin lifts the buffer limit with {names}, which this Envoy ignores: it holds up to {raised} bytes of a "
        "body, not {limit}"
    ).format(names=listed(properties), raised=_RAISED_BYTES, limit=change.buffer_limit)
    return Limit(bytes=_RAISED_BYTES, notes=(note,))
