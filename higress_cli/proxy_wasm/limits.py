"""What a plugin may use, and the thread that ends calls which take too long."""

import threading
import time
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

_LOOK_SECONDS: Final = 0.05
_LONGEST_LOOK_SECONDS: Final = 2 * _LOOK_SECONDS
"""What counts of the time between two looks. It takes longer where this process was stopped, or got no processor."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`call_seconds` bounds one call into the plugin, `start_seconds` each call while it starts.

    A gateway has no such limits. They are far above what a working plugin needs: an endless loop is ended and reported
    instead of hanging the gateway.
    """

    call_seconds: float = 10.0
    start_seconds: float = 30.0
    memory_bytes: int = 512 * 1024 * 1024


class Interruptible(Protocol):
    """Something whose running code ends soon after this call: a wasmtime engine with epoch interruption."""

    def increment_epoch(self) -> None: ...


def took_longer(seconds: float) -> str:
    """The reason of a crash in a call that was ended because it did not return."""
    return f"took longer than {seconds:g} s"


class RunningCall(NamedTuple):
    """A call into the plugin: the function, when it began (monotonic), and how many seconds it may take."""

    function: str
    since: float
    seconds: float


class Watchdog:
    """Ends calls that run longer than they may. Its thread starts with the first call and ends with `close`."""

    def __init__(self, target: Interruptible) -> None:
        self._target = target
        self.interrupts = 0
        """How often it has interrupted a call. It counts before it does so."""
        self._watched: RunningCall | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def running(self) -> RunningCall | None:
        """The call that is watched right now."""
        return self._watched

    def begin(self, function: str, seconds: float) -> bool:
        """Interrupt `function` if `end` does not follow within `seconds` in which this process runs.

        Returns whether `end` has to be called: a watch within a watch is part of the outer one.
        """
        if self._watched is not None:
            return False
        self._watched = RunningCall(function, time.monotonic(), seconds)
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="hgw-watchdog", daemon=True)
            self._thread.start()
        return True

    def end(self) -> None:
        """The call has returned."""
        self._watched = None

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _look(self) -> None:
        seen: RunningCall | None = None
        ran = 0.0
        last = time.monotonic()
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                watched = self._watched
                if watched is not None:
                    ran = ran if watched is seen else 0.0
                    ran += min(now - max(last, watched.since), _LONGEST_LOOK_SECONDS)
                    if ran >= watched.seconds:
                        self.interrupts += 1
                        self._target.increment_epoch()
                seen, last = watched, now
                self._changed.wait(_LOOK_SECONDS)
