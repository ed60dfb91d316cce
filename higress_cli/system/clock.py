"""The clock for code that waits, so that tests can replace it."""

import time
from typing import Final, Protocol


class Clock(Protocol):
    """`now` is in seconds since an arbitrary moment and never goes back."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class _System:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM_CLOCK: Final[Clock] = _System()
