"""Timeouts that do not blame the other side for time in which this process did not run."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

_LATE_SECONDS: Final = 0.25
"""A timer that is later than this says that the event loop stood still."""
_GRACE_SECONDS: Final = 1.0


class Patience:
    """How long a block may take: `start` begins to count, once."""

    def __init__(self, limit: asyncio.Timeout) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self, seconds: float) -> None:
        """Count from now on; nothing happens once the block has ended."""
        if not self._over:
            self._timer = self._loop.call_later(seconds, self._look, self._loop.time() + seconds, seconds)

    def end(self) -> None:
        """The block has ended."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, due: float, seconds: float) -> None:
        """End the block, unless the loop stood still: then it first sees what came meanwhile."""
        if self._loop.time() - due > _LATE_SECONDS:
            self.start(min(seconds, _GRACE_SECONDS))
        else:
            self._limit.reschedule(self._loop.time())


@contextlib.asynccontextmanager
async def patience(seconds: float | None) -> AsyncIterator[Patience]:
    """End the block after `seconds`; None does not count before `start`.

    Raises:
        TimeoutError: the time was up.
    """
    async with asyncio.timeout(None) as limit:
        counted = Patience(limit)
        if seconds is not None:
            counted.start(seconds)
        try:
            yield counted
        finally:
            counted.end()
