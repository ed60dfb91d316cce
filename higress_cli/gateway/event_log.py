"""The events of a run in a file, one JSON object a line, so that another hgw can follow them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from higress_cli.document import JsonObject
from higress_cli.gateway.events import (
    AnsweredBy,
    CallbackReturned,
    CallRefused,
    Event,
    HeadersSentUpstream,
    PluginLine,
    RequestSeen,
    SentUpstream,
    ServiceUnknown,
    StreamEnded,
    Trap,
)
from higress_cli.gateway.log_file import LogFile
from higress_cli.gateway.watch import Tail

_KINDS: Final[Mapping[str, Callable[..., Event]]] = {
    kind.__name__: kind
    for kind in (
        PluginLine,
        RequestSeen,
        HeadersSentUpstream,
        SentUpstream,
        StreamEnded,
        Trap,
        CallbackReturned,
        CallRefused,
        ServiceUnknown,
    )
}


class EventLog:
    """Writes a gateway's own events to a file and skips all others."""

    def __init__(self, log: LogFile) -> None:
        self._log = log

    def __call__(self, events: Iterable[Event]) -> None:
        self._log.add(*(_line(event) for event in events if type(event).__name__ in _KINDS))


def _line(event: Event) -> str:
    entry = {"event": type(event).__name__, **vars(event), "at": event.at.isoformat()}
    return json.dumps(entry, ensure_ascii=False)


class WrittenEvents:
    """The events that were added to an `EventLog` since the last call."""

    def __init__(self, path: Path) -> None:
        """Follow the file `path` from its current end."""
        self._tail = Tail(path, only_new=True)

    def take(self) -> Sequence[Event]:
        """The new events, in order. Skips lines that this version of hgw does not know."""
        found = (_event(entry) for entry in self._tail.objects())
        return [event for event in found if event is not None]


def _event(entry: JsonObject) -> Event | None:
    kind = _KINDS.get(str(entry.get("event")))
    if kind is None:
        return None
    facts: dict[str, object] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if key != "event"
    }
    try:
        if entry.get("answered_by") is not None:
            facts["answered_by"] = AnsweredBy(str(entry["answered_by"]))
        return kind(**{**facts, "at": datetime.fromisoformat(str(entry.get("at")))})
    except (TypeError, ValueError):
        return None
