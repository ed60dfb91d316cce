"""What happens in the gateway: events for whoever asks, and a log file for people."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from higress_cli.gateway.events import Event, FilesExhausted, PluginLine, Trap
from higress_cli.gateway.log_file import LogFile
from higress_cli.proxy_wasm.errors import Crash
from higress_cli.system.os_errors import shortage


class EventQueue:
    """Gathers events in one thread and gives them to another."""

    def __init__(self, log: LogFile) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._held: list[Event] | None = None
        self._log = log

    def tell(self, event: Event) -> None:
        """Note an event."""
        with self._lock:
            (self._events if self._held is None else self._held).append(event)
        if isinstance(event, PluginLine):
            self.write(event.level, event.text)
        elif isinstance(event, Trap):
            stack = "".join(f"\n  at {frame}" for frame in event.frames)
            said = f": {event.panic}" if event.panic else ""
            self.write("critical", f"the plugin crashed in {event.function} ({event.reason}){said}{stack}")

    def tell_if_short(self, error: object) -> bool:
        """Note it as an event if `error` is that hgw may open no more files, and say whether it is."""
        if not isinstance(error, OSError) or shortage(error) is None:
            return False
        self.tell(FilesExhausted(at=now()))
        return True

    def write(self, level: str, text: str) -> None:
        """A line of the log file."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._log.add(f"{time} [{level}] {text}")

    def hold(self) -> None:
        """Keep back what a starting plugin says until it is known whether the plugin will be used."""
        self._held = []

    def release(self, *, told: bool) -> Sequence[Event]:
        """What was kept back; with `told`, it also becomes events."""
        with self._lock:
            held, self._held = self._held or [], None
            if told:
                self._events += held
        return held

    def take(self) -> Sequence[Event]:
        """What has happened since the last call."""
        with self._lock:
            events, self._events = self._events, []
        return events


def trap_of(crash: Crash, *, version: int) -> Trap:
    """A crash as an event; `version` is the change whose plugin it was."""
    frames = tuple(frame.function for frame in crash.frames)
    return Trap(
        at=now(), function=crash.callback, reason=crash.reason, panic=crash.panic, frames=frames, version=version
    )


def now() -> datetime:
    """The machine's clock, with its zone."""
    return datetime.now(UTC)
