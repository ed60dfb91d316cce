"""Moments in which a signal must not raise: what has just begun would be known to nobody."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Until the end of this context, signals that end hgw are only noted; then their handlers are called.

    Outside of the main thread, which alone receives signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    known = [number for name in _SIGNALS if (number := getattr(signal, name, None)) is not None]
    # A signal that is ignored stays ignored: a new process inherits that, but no handler.
    handlers = {number: handler for number in known if callable(handler := signal.getsignal(number))}
    try:
        for number in handlers:
            signal.signal(number, lambda received, frame: came.append((received, frame)))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for received, frame in came:
        handlers[signal.Signals(received)](received, frame)
