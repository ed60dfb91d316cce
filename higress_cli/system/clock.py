"""Time as what has to wait sees it, so that a test can pass an hour in no time."""

import time
from typing import Final, Protocol


class Clock(Protocol):
    """`now` is in seconds since any moment and never goes back."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class _System:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM_CLOCK: Final[Clock] = _System()
