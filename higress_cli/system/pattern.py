"""Regular expressions that somebody else wrote: checked as Python's, and matched within bounds of time and memory.

Python's own engine cannot be stopped while it backtracks. The engine of the package `regex` can; what it does not read
as Python does, which is rare, is left to Python's. It writes repetitions out, so that `a{999999999}` would take all
memory: what is longer than MOST_PARTS when it is written out is refused.
"""

import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Final

from higress_cli.i18n import _

MOST_SECONDS: Final = 2.0
MOST_PARTS: Final = 1_000_000
"""So many take the engine 2 s and 300 MB."""


def pattern_fault(pattern: str) -> str | None:
    """Why `pattern` is not a regular expression of Python's; None if it is one."""
    with warnings.catch_warnings(action="ignore"):
        try:
            re.compile(pattern)
            parts = _parts(re._parser.parse(pattern).data)  # type: ignore[attr-defined] # not in its stub  # noqa: SLF001 -- re has no other way
        except RecursionError:
            return _("it is nested too deeply")
        except (re.error, OverflowError, ValueError) as error:
            return str(error)
    if parts > MOST_PARTS:
        return _("its repetitions written out, it has more than {most} parts").format(most=MOST_PARTS)
    return None


def occurs(pattern: str, text: str) -> bool:
    """Whether `pattern` matches somewhere in `text`.

    Raises:
        TimeoutError: that cannot be told within `MOST_SECONDS`.
    """
    return _search(pattern)(text) is not None


def _parts(parsed: Iterable[tuple[object, object]]) -> int:
    """How many parts a pattern has when each of its repetitions is written out as often as it has to match.

    `parsed` is what Python's parser makes of it: (operation, arguments) pairs, in which further ones are nested.
    """
    return sum(_least_times(*pair) * max(1, _parts_within(pair[1])) for pair in parsed)


def _least_times(operation: object, arguments: object) -> int:
    """How often a part has to match."""
    return int(arguments[0]) if isinstance(arguments, tuple) and str(operation).endswith("_REPEAT") else 1


def _parts_within(arguments: object) -> int:
    if (pairs := getattr(arguments, "data", None)) is not None:
        return _parts(pairs)
    return sum(map(_parts_within, arguments)) if isinstance(arguments, tuple | list) else 0


@cache
def _search(pattern: str) -> Callable[[str], object | None]:
    """What finds the first match in a text."""
    import regex

    with warnings.catch_warnings(action="ignore"):
        try:
            return partial(regex.compile(pattern).search, timeout=MOST_SECONDS)
        except (regex.error, OverflowError, RecursionError, ValueError):
            return re.compile(pattern).search
