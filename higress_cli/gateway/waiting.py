"""Reports, while something takes long, that it does."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from higress_cli.gateway.events import NotReturned, Step, Waiting

SECONDS: Final = 5.0
"""The seconds after which a wait is reported, and between further reports."""
NOT_RETURNED_SECONDS: Final = 3.0
"""The seconds after which a callback that has not returned is reported."""


@contextlib.contextmanager
def told_while_waiting(
    tell: Callable[[Waiting], None], look: Callable[[], tuple[Step, str | None]], *, every: float = SECONDS
) -> Iterator[None]:
    """While this context lasts, report every few seconds how long it has lasted.

    `look` is what is waited for: the step, and the callback of the plugin that runs, if known. Both are called in
    another thread.
    """
    started = time.monotonic()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            step, function = look()
            tell(Waiting(at=datetime.now(UTC), step=step, seconds=time.monotonic() - started, function=function))

    thread = threading.Thread(target=watch, name="hgw-waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Overdue:
    """Notices that a callback does not return, once for each call."""

    def __init__(self) -> None:
        self._told: object = None

    def look(self, function: str, *, began: object, seconds: float, limit: float) -> NotReturned | None:
        """The event, if this call, which `began` tells from others, has run for long; it may take `limit` seconds."""
        if seconds < NOT_RETURNED_SECONDS or self._told == began:
            return None
        self._told = began
        return NotReturned(at=datetime.now(UTC), function=function, seconds=seconds, limit=limit)
