"""The events of a run in a file, so that another hgw can listen: a JSON object for each."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from higress_cli.gateway.events import (
    AnsweredBy,
    CallbackReturned,
    CallRefused,
    Event,
    HeadersSentUpstream,
    PluginLine,
    RequestSeen,
    SentUpstream,
    StreamEnded,
    Trap,
)
from higress_cli.gateway.watch import Tail

_KINDS: Final[Mapping[str, Any]] = {
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
    )
}


class EventLog:
    """Writes events; those of other kinds than a gateway's own are left out."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, event: Event) -> None:
        if type(event).__name__ not in _KINDS:
            return
        entry = {"event": type(event).__name__, **dataclasses.asdict(event), "at": event.at.isoformat()}
        with self._path.open("a", encoding="utf-8") as sink:
            sink.write(json.dumps(entry, ensure_ascii=False) + "\n")


class WrittenEvents:
    """What an `EventLog` gained since the last look."""

    def __init__(self, path: Path) -> None:
        """Follow the file `path`, from its present end on."""
        self._tail = Tail(path, only_new=True)

    def take(self) -> Sequence[Event]:
        """The new events, in order. Lines that this version of hgw does not know are left out."""
        found = (_event(entry) for entry in self._tail.objects())
        return [event for event in found if event is not None]


def _event(entry: Mapping[str, Any]) -> Event | None:
    kind = _KINDS.get(str(entry.get("event")))
    if kind is None:
        return None
    facts = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items() if key != "event"}
    try:
        if entry.get("answered_by") is not None:
            facts["answered_by"] = AnsweredBy(str(entry["answered_by"]))
        event: Event = kind(**{**facts, "at": datetime.fromisoformat(str(entry.get("at")))})
    except (TypeError, ValueError):
        return None
    return event
