"""Regular expressions that somebody else wrote: checked as Python's, and matched within a bound of time.

Python's own engine cannot be stopped while it backtracks. The engine of the package `regex` can; what it does not read
as Python does, which is rare, is left to Python's.
"""

import re
import warnings
from functools import cache
from typing import Any, Final

MOST_SECONDS: Final = 2.0


def pattern_fault(pattern: str) -> str | None:
    """Why `pattern` is not a regular expression of Python's; None if it is one."""
    with warnings.catch_warnings(action="ignore"):
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError, ValueError) as error:
            return str(error)
    return None


def occurs(pattern: str, text: str) -> bool:
    """Whether `pattern` matches somewhere in `text`.

    Raises:
        TimeoutError: that cannot be told within `MOST_SECONDS`.
    """
    engine, options = _compiled(pattern)
    return engine.search(text, **options) is not None


@cache
def _compiled(pattern: str) -> tuple[Any, dict[str, float]]:
    import regex

    with warnings.catch_warnings(action="ignore"):
        try:
            return regex.compile(pattern), {"timeout": MOST_SECONDS}
        except (regex.error, OverflowError, RecursionError, ValueError):
            return re.compile(pattern), {}
