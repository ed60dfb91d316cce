"""One thing that is wrong, as a value: found by pure functions, listed by some commands and raised by others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from higress_cli.errors import CheckFailed, HgwError
from higress_cli.i18n import _


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`message` is a whole sentence in the language of the call, without the place; `id` is the fact's stable id.

    `places` are `FILE:LINE` or `FILE:LINE:COLUMN`, the first is the one to look at. `found` and `expected` are short,
    for those who show faults in a table. `hint` is the next command to type, or what to do. `facts` are for programs.
    `error` is the family whose exit code a command ends with that cannot go on. `compiler_decides` says that a compiler
    refuses this by itself, where it is reached: a build warns and leaves the last word to it.
    """

    id: str
    message: str
    severity: Severity = Severity.ERROR
    places: tuple[str, ...] = ()
    found: str | None = None
    expected: str | None = None
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: type[HgwError] = CheckFailed
    compiler_decides: bool = False

    @property
    def fatal(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def text(self) -> str:
        """The message with its place in front."""
        if not self.places:
            return self.message
        return _("{place}: {message}").format(place=self.places[0], message=self.message)

    def as_error(self) -> HgwError:
        """The error of a command that this fault ends."""
        places = {"places": list(self.places)} if self.places else {}
        return self.error(self.text, code=self.id, hint=self.hint, details={**places, **self.facts})


def refuse(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The texts of the warnings among `faults`.

    Raises:
        HgwError: the first fault that is more than a warning, unless a compiler is to decide about it.
    """
    warnings: list[str] = []
    for fault in faults:
        if fault.fatal and not fault.compiler_decides:
            raise fault.as_error()
        warnings.append(fault.text)
    return tuple(warnings)
