"""How the layers below `cli` report while they work. `cli` implements it."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol

from higress_cli.i18n import joined


class Activity(Protocol):
    """Work under way that may last longer than a second."""

    def advance(self, completed: int, total: int | None) -> None:
        """Show that `completed` of `total` bytes are done; `total` is None if unknown."""

    def describe(self, text: str) -> None:
        """Show what the work is doing right now."""


class Reporter(Protocol):
    """The conversation with the user. All of it goes to stderr: none of it is data."""

    def activity(self, title: str) -> AbstractContextManager[Activity]:
        """Show that `title` is under way until the context ends, and how long it took."""

    def note(self, text: str) -> None:
        """Print something worth knowing."""

    def warn(self, text: str, *, once: bool = False) -> None:
        """Print something that may need the user's attention; with `once`, not if it was said before."""

    def advise(self, hint: str) -> None:
        """Print what to do about the last warning: a command to type, or prose."""

    def event(self, text: str, *, at: datetime, level: str = "info") -> None:
        """Print what happened in a running program; `level` is trace, debug, info, warn, error or critical."""

    def child_line(self, line: str) -> None:
        """Pass on one line of a child program's own output."""

    def child_failed(self, output: str) -> None:
        """Show the part of a failed child's `output` that `child_line` held back because of `-q`."""

    def detail(self, text: str) -> None:
        """Print something that only `-v` and `--debug` show, such as the command line of a child program."""

    def confirm(self, question: str) -> bool:
        """Ask yes or no. Only called where `Session.interactive` is true."""


class SilentActivity:
    def advance(self, completed: int, total: int | None) -> None:
        """Nobody watches."""

    def describe(self, text: str) -> None:
        """Nobody reads."""


class Prefixed:
    """A `Reporter` for one of several things that are done at once: every line says of which it is.

    It never asks. `lock` is shared by all that write to `reporter`, which need not be thread-safe.
    """

    def __init__(self, reporter: Reporter, *, name: str, lock: threading.Lock) -> None:
        self._reporter = reporter
        self._name = name
        self._lock = lock

    @contextmanager
    def activity(self, title: str) -> Iterator[Activity]:
        self.note(title)
        yield SilentActivity()

    def note(self, text: str) -> None:
        with self._lock:
            self._reporter.note(self._prefixed(text))

    def warn(self, text: str, *, once: bool = False) -> None:
        with self._lock:
            self._reporter.warn(self._prefixed(text), once=once)

    def advise(self, hint: str) -> None:
        with self._lock:
            self._reporter.advise(hint)

    def event(self, text: str, *, at: datetime, level: str = "info") -> None:
        with self._lock:
            self._reporter.event(self._prefixed(text), at=at, level=level)

    def child_line(self, line: str) -> None:
        with self._lock:
            self._reporter.child_line(self._prefixed(line))

    def child_failed(self, output: str) -> None:
        with self._lock:
            self._reporter.child_failed("\n".join(map(self._prefixed, output.splitlines())))

    def detail(self, text: str) -> None:
        with self._lock:
            self._reporter.detail(self._prefixed(text))

    def confirm(self, question: str) -> bool:
        raise AssertionError(f"{question} would be asked in the middle of other things")

    def _prefixed(self, text: str) -> str:
        return joined((self._name, text))
