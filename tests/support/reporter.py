"""A reporter for tests that look at something else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from higress_cli.reporter import Activity, SilentActivity


class SilentReporter:
    """Says nothing and refuses everything."""

    @contextmanager
    def activity(self, title: str) -> Iterator[Activity]:
        yield SilentActivity()

    def note(self, text: str) -> None:
        """Nobody reads."""

    def warn(self, text: str, *, once: bool = False) -> None:
        """Nobody reads."""

    def advise(self, hint: str) -> None:
        """Nobody reads."""

    def event(self, text: str, *, at: datetime, level: str = "info") -> None:
        """Nobody reads."""

    def child_line(self, line: str) -> None:
        """Nobody reads."""

    def child_failed(self, output: str) -> None:
        """Nobody reads."""

    def detail(self, text: str) -> None:
        """Nobody reads."""

    def confirm(self, question: str) -> bool:
        return False
