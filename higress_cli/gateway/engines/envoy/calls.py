"""Calls into the plugin that do not return.

While one runs in Envoy's main thread, the admin API does not answer, and while one runs in its worker, no request does:
only the log, in which each call leaves a line when it begins, tells what the thread is at.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path

from higress_cli.gateway.engines.envoy.log_lines import LogReader, parse_line
from higress_cli.gateway.events import Step
from higress_cli.gateway.watch import Tail
from higress_cli.proxy_wasm.limits import Limits


class StuckError(Exception):
    """The plugin did not return from the callback `function` within the limit."""

    def __init__(self, function: str) -> None:
        super().__init__(function)
        self.function = function


class StartCalls:
    """The calls of a plugin's start, from the lines that are added to the log from now on."""

    def __init__(self, log: Path, *, limits: Limits) -> None:
        self._tail = Tail(log, only_new=True)
        self._reader = LogReader()
        self._limits = limits
        self._reading = threading.Lock()
        self._running: tuple[str, datetime] | None = None

    def waits_for(self) -> tuple[Step, str | None]:
        """The step that a new plugin is at. Another thread may ask."""
        self._read()
        return (Step.START, self._running[0]) if self._running else (Step.COMPILE, None)

    def check(self) -> None:
        """Read on.

        Raises:
            StuckError: a call takes longer than the limit.
        """
        self._read()
        if self._running is not None and seconds_since(self._running[1]) > self._limits.start_seconds:
            raise StuckError(self._running[0])

    def _read(self) -> None:
        with self._reading:
            for line in map(parse_line, self._tail.lines()):
                if line is not None:
                    self._reader.read(line)
            self._running = self._reader.running()


def seconds_since(moment: datetime) -> float:
    """How long ago `moment` was, by the machine's clock."""
    return (datetime.now(UTC) - moment).total_seconds()
