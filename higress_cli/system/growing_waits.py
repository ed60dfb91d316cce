"""Waiting for hosts that are busy: each wait is twice as long as the one before, and together they have a limit."""

from typing import Final

from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system.clock import Clock

MOST_SECONDS_WAITED: Final = 60.0


class GrowingWaits:
    """What is left of `MOST_SECONDS_WAITED`; `first` is the shortest wait in seconds."""

    def __init__(self, *, first: float, clock: Clock) -> None:
        self._first = first
        self._clock = clock
        self._left = MOST_SECONDS_WAITED

    def next_wait(self, waits: int, *, at_least: float = 0.0) -> float | None:
        """The seconds to wait after so many waits; None if patience has run out.

        `at_least` is what the host asked for. The last wait is as long as what is left.
        """
        seconds = max(at_least, min(self._first * 2**waits, self._left))
        return None if self._left < self._first or seconds > self._left else seconds

    def wait(self, seconds: float, *, host: str, activity: Activity) -> None:
        """Wait for `host`, and say so."""
        activity.describe(_("waiting for {host}; next try in {seconds:.1f} s").format(host=host, seconds=seconds))
        self._clock.sleep(seconds)
        self._left -= seconds
