"""What happens in an Envoy, gathered from its files: its log, which has the plugin's words, and its access logs."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from higress_cli.errors import HgwError
from higress_cli.gateway.engines.envoy.log_lines import LogReader, parse_line
from higress_cli.gateway.engines.envoy.streams import stream_event
from higress_cli.gateway.events import Event, PluginLine, Trap
from higress_cli.gateway.log_file import bound
from higress_cli.gateway.watch import Tail


class Happenings:
    """The events of a run, each told once."""

    def __init__(self, *, log: Path, streams: Path, access: Path) -> None:
        self._files = (log, streams, access)
        self._log = Tail(log)
        self._streams = Tail(streams)
        self._reader = LogReader()
        self._waiting: list[Event] = []

    def take(self) -> Sequence[Event]:
        """What has happened since the last call, in order."""
        found = [*self._waiting, *self._new()]
        self._waiting = []
        for path in self._files:
            bound(path)
        return sorted(found, key=lambda event: event.at)

    def running(self) -> tuple[str, datetime] | None:
        """The callback that has not returned, and when it was called, as of the last call of `take`."""
        return self._reader.running()

    def forget_calls(self) -> None:
        """The process has ended: its calls will never return."""
        self._waiting += self._new()
        self._reader = LogReader()

    @contextlib.contextmanager
    def starting(self, vm: str) -> Iterator[None]:
        """While a new version of the plugin starts, in several machines that all say the same.

        Its words are told once, and not at all where it is refused: then they are in the error.
        """
        self._waiting += self._new()
        try:
            yield
        except HgwError:
            self._waiting += self._new(without=vm)
            raise
        self._waiting += self._new(once=vm)

    def _new(self, *, without: str | None = None, once: str | None = None) -> Iterator[Event]:
        told: set[tuple[str, str]] = set()
        for text in self._log.lines():
            line = parse_line(text)
            event = self._reader.read(line) if line else None
            if line is None or event is None:
                continue
            if without is not None and (line.vm == without or isinstance(event, Trap)):
                continue
            if once is not None and line.vm == once and isinstance(event, PluginLine):
                if (event.level, event.text) in told:
                    continue
                told.add((event.level, event.text))
            yield event
        for entry in self._streams.objects():
            happened = stream_event(entry)
            if happened is not None:
                yield happened
