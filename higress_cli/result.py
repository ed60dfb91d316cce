"""What a command returns: a frozen value that is rendered as text or as JSON, never both at once."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

from higress_cli.choice import Source
from higress_cli.document import Json, JsonObject
from higress_cli.errors import ExitCode, HgwError

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """The base of every command's result. Its fields are the `data` of the JSON envelope.

    `internal` names the fields that are left out, `computed` the properties that are included. Each field and property
    has a docstring, from which `scripts/schemas.py` makes its description in the command's JSON Schema.
    """

    internal: ClassVar[frozenset[str]] = frozenset({"warnings"})
    computed: ClassVar[tuple[str, ...]] = ()
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """One of `ExitCode`, or another program's exit code."""
        return ExitCode.OK

    def data(self) -> JsonObject:
        """The fields as JSON values: paths absolute, enumerations by value, None kept."""
        fields = (field.name for field in dataclasses.fields(self) if field.name not in self.internal)
        return {name: plain(getattr(self, name)) for name in (*fields, *self.computed)}


def plain(value: object) -> Json:  # noqa: PLR0911 -- a table of types
    """`value` as JSON types: dict, list, str, int, float, bool, None.

    A dataclass becomes what its method `document` returns, or else a dict of its fields.
    """
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Path() | Source():
            return str(value)
        case Result():
            return value.data()
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if hasattr(value, "document"):
            return plain(value.document())
        case _ if dataclasses.is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


def envelope(command: str, result: Result) -> JsonObject:
    """The JSON document of a command that returned a result."""
    return {
        "schema": SCHEMA,
        "command": command,
        "ok": result.exit_code == ExitCode.OK,
        "exit_code": int(result.exit_code),
        "data": result.data(),
        "warnings": list(result.warnings),
        "error": None,
    }


def error_envelope(command: str, error: HgwError, *, exit_code: ExitCode | None = None) -> JsonObject:
    """The JSON document of a command that failed; its `data` is empty. `exit_code` is the error's own if None."""
    return {
        "schema": SCHEMA,
        "command": command,
        "ok": False,
        "exit_code": int(error.exit_code if exit_code is None else exit_code),
        "data": {},
        "warnings": list(error.warnings),
        "error": {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "details": plain(error.details),
        },
    }
