"""Texts and paths from the command line without pydantic, whose import alone costs a tenth of a second.

Typer 0.29 and 0.30 build a pydantic adapter for each parameter before they know whether it was given at all.
"""

from pathlib import Path
from typing import Any, Final

from typer._coercion import RuntimeParam, build_runtime_param

_SINGLE: Final[dict[Any, Any]] = {str: str, Path: Path}
_SEVERAL: Final[dict[Any, Any]] = {list[str]: str, list[Path]: Path}


class PlainValue(RuntimeParam):
    """Makes texts and paths of what was typed; anything else is left to Typer, when it comes to that."""

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        if self.annotation in _SINGLE and isinstance(value, (str, Path)):
            return _SINGLE[self.annotation](value)
        if self.annotation in _SEVERAL and isinstance(value, (list, tuple)):
            return [_SEVERAL[self.annotation](item) for item in value]
        return build_runtime_param(param.type_descriptor).coerce(value, param, ctx)


def take_plain_value(param: Any) -> None:
    """Let a parameter of Typer cost nothing until it is used."""
    descriptor = getattr(param, "type_descriptor", None)
    if descriptor is not None:
        param._runtime_param = PlainValue(  # noqa: SLF001 -- Typer has no public place for it
            parameter_info=descriptor.parameter_info, annotation=descriptor.annotation
        )


def with_plain_values(command: Any) -> Any:
    """The command, all of whose parameters do so."""
    for param in command.params:
        take_plain_value(param)
    return command
