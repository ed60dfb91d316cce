"""A problem as a value: found by pure functions, listed by some commands and raised by others."""

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
    """`message` is a whole sentence in the active language, without the place; `id` is the fault's stable id.

    `places` are `FILE:LINE` or `FILE:LINE:COLUMN`; look at the first one first. `found` and `expected` are short texts
    for a table. `hint` is the next command to type, or what to do, and `again` is as in `HgwError`. `facts` are for
    programs. `error` is the class raised by a command that cannot continue; it gives the exit code. With
    `compiler_decides`, the compiler itself refuses this if it gets that far: a build only warns and leaves the
    decision to it.
    """

    id: str
    message: str
    severity: Severity = Severity.ERROR
    places: tuple[str, ...] = ()
    found: str | None = None
    expected: str | None = None
    hint: str | None = None
    again: tuple[str, ...] = ()
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
        """The error to raise if this fault ends the command."""
        places = {"places": list(self.places)} if self.places else {}
        return self.error(self.text, code=self.id, hint=self.hint, again=self.again, details={**places, **self.facts})


def refuse(faults: Iterable[Fault]) -> tuple[str, ...]:
    """The texts of the warnings among `faults`.

    Raises:
        HgwError: for the first fault that is more than a warning, unless the compiler decides about it.
    """
    warnings: list[str] = []
    for fault in faults:
        if fault.fatal and not fault.compiler_decides:
            raise fault.as_error()
        warnings.append(fault.text)
    return tuple(warnings)
