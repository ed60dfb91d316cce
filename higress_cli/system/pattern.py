"""Regular expressions that somebody else wrote: checked as Python's, and matched within bounds of time and memory.

Python's own engine cannot be stopped while it backtracks. The engine of the package `regex` can; what it does not read
as Python does, which is rare, is left to Python's. It writes repetitions out, so that `a{999999999}` would take all
memory: what is longer than MOST_PARTS when it is written out is refused.
"""

import re
import warnings
from functools import cache
from typing import Any, Final

from higress_cli.i18n import _

MOST_SECONDS: Final = 2.0
MOST_PARTS: Final = 1_000_000
"""So many take the engine 2 s and 300 MB."""


def pattern_fault(pattern: str) -> str | None:
    """Why `pattern` is not a regular expression of Python's; None if it is one."""
    with warnings.catch_warnings(action="ignore"):
        try:
            re.compile(pattern)
            parts = _parts(re._parser.parse(pattern))  # type: ignore[attr-defined] # not in its stub  # noqa: SLF001 -- re has no other way
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
    engine, options = _compiled(pattern)
    return engine.search(text, **options) is not None


def _parts(parsed: Any) -> int:  # noqa: ANN401 -- of a module that has no types
    """How many parts a pattern has when each of its repetitions is written out as often as it has to match.

    `parsed` is what Python's parser makes of it: (operation, arguments) pairs, in which further ones are nested.
    """
    return sum(
        (arguments[0] if str(operation).endswith("_REPEAT") else 1) * max(1, _parts_within(arguments))
        for operation, arguments in parsed
    )


def _parts_within(arguments: object) -> int:
    if hasattr(arguments, "getwidth"):
        return _parts(arguments)
    return sum(map(_parts_within, arguments)) if isinstance(arguments, tuple | list) else 0


@cache
def _compiled(pattern: str) -> tuple[Any, dict[str, float]]:
    import regex

    with warnings.catch_warnings(action="ignore"):
        try:
            return regex.compile(pattern), {"timeout": MOST_SECONDS}
        except (regex.error, OverflowError, RecursionError, ValueError):
            return re.compile(pattern), {}
