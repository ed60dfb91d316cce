"""The programs that one call of hgw runs, and what ends them with it: an interrupt, or the end of hgw itself."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

from higress_cli.system.last_will import LastWill

_POLITE_SECONDS: Final = 2.0

# Which call it is depends on the thread: tests make several calls in a process, at the same time too.
_current: Final[ContextVar["Programs"]] = ContextVar("programs")


class Programs:
    """The programs of a call.

    Only the main thread receives a Ctrl-C, but at exit it would wait for its other threads, and they for the programs
    that they run.
    """

    def __init__(self) -> None:
        self.will: Final = LastWill()
        self._of_threads: set[Callable[[signal.Signals | None], None]] = set()
        self._dismissed = False

    @contextlib.contextmanager
    def watching(self, send: Callable[[signal.Signals | None], None]) -> Iterator[None]:
        """Within this context this thread waits for a program; `send` gives it a signal, or kills it for None."""
        if threading.current_thread() is threading.main_thread():
            yield
            return
        self._of_threads.add(send)
        if self._dismissed:
            send(None)
        try:
            yield
        finally:
            self._of_threads.discard(send)

    def dismiss(self) -> None:
        """Stop what other threads run, from now on, because the call is about to end."""
        self._dismissed = True
        self._send(signal.SIGINT)
        insist = threading.Timer(_POLITE_SECONDS, self._send, (None,))
        insist.daemon = True
        insist.start()

    def _send(self, wanted: signal.Signals | None) -> None:
        for send in tuple(self._of_threads):
            send(wanted)


@contextlib.contextmanager
def of_one_call() -> Iterator[Programs]:
    """The programs that are run within this context, by this thread and by its `Workers`, belong together."""
    programs = Programs()
    token = _current.set(programs)
    try:
        yield programs
    finally:
        _current.reset(token)


def current() -> Programs:
    """Those of the call that this thread works for; in a thread that works for none, new ones."""
    return _current.get(None) or Programs()
