"""What happens in an Envoy, read from its log, which has the plugin's lines too, and from its access logs."""

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
    """The events of a run, each returned once."""

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
        """Forget the calls of a process that has ended: they will never return."""
        self._waiting += self._new()
        self._reader = LogReader()

    @contextlib.contextmanager
    def starting(self, vm: str) -> Iterator[None]:
        """A context in which a new version of the plugin starts, in several VMs that all log the same.

        Each line becomes one event, or none if the version is refused: then the error has the lines.
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
