"""A chosen value that remembers where it came from, so that messages can say so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar

from higress_cli.errors import HgwError, InvalidInput, UsageError
from higress_cli.i18n import N_, _

T_co = TypeVar("T_co", covariant=True)
_DEFAULT: Final = N_("default")


class SourceKind(StrEnum):
    """Where a value can come from, in order of precedence: the first that gives one wins."""

    FLAG = "flag"
    VARIABLE = "variable"
    FILE = "file"
    """The plugin's own hgw.yaml."""
    BUILDRC = "buildrc"
    PARENT = "parent"
    """The hgw.yaml of a parent folder."""
    LOCK = "lock"
    INFERRED = "inferred"
    """Follows from another choice or from the project's own files, as the profile does from go.mod."""
    USER = "user"
    """The user's own configuration."""
    DEFAULT = "default"


@dataclass(frozen=True)
class Source:
    """Who chose a value. `text` is what messages and JSON show, such as an option, a variable or the path of a file.

    `line` is the 1-based line of a file.
    """

    kind: SourceKind
    text: str
    line: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        """The text in a message, in the language of the user; in JSON it is the same in every language."""
        is_plain_default = self.kind is SourceKind.DEFAULT and self.text == _DEFAULT
        return format(_(_DEFAULT) if is_plain_default else self.text, spec)

    @property
    def place(self) -> str:
        """The text, with the line of a file behind it: `FILE:LINE`."""
        return self.text if self.line is None else f"{self.text}:{self.line}"

    @property
    def is_typed(self) -> bool:
        """Whether the value was given for this run of hgw: on the command line or in a variable."""
        return self.kind in {SourceKind.FLAG, SourceKind.VARIABLE}

    def refusal(
        self, message: str, *, code: str, hint: str | None = None, details: Mapping[str, object] | None = None
    ) -> HgwError:
        """The error for a bad value.

        A typed value or a variable is wrong usage with the id `code`; a value in a file is `settings-invalid`,
        because each id has one exit code.
        """
        if self.is_typed:
            return UsageError(message, code=code, hint=hint, details=details)
        return InvalidInput(message, code="settings-invalid", hint=hint, details=details)


DEFAULT: Final = Source(SourceKind.DEFAULT, _DEFAULT)


@dataclass(frozen=True)
class Choice(Generic[T_co]):
    """A value and its source."""

    value: T_co
    """The value that won."""
    source: Source = DEFAULT
    """Who chose it: a flag, a variable, a file, or `default`."""
