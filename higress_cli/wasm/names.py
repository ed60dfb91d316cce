"""The custom section `name` (core specification, appendix A): the names that a compiler gave to functions."""

import contextlib
from collections.abc import Iterable

from higress_cli.wasm.binary import CUSTOM_SECTION, Cursor, Frame, MalformedError

_FUNCTIONS = 1


def function_names(content: bytes, sections: Iterable[Frame]) -> dict[int, str]:
    """The names of functions by index, imported ones first; none if the module was stripped.

    A damaged section gives the names in front of the damage: a custom section may hold anything.
    """
    names: dict[int, str] = {}
    for frame in sections:
        if frame.id != CUSTOM_SECTION:
            continue
        cursor = Cursor(content, frame.payload, frame.end)
        with contextlib.suppress(MalformedError):
            if cursor.name() == "name":
                _read(cursor, names)
    return names


def _read(cursor: Cursor, names: dict[int, str]) -> None:
    while not cursor.at_end:
        number, size = cursor.byte(), cursor.u32()
        end = cursor.position + size
        if number == _FUNCTIONS:
            for _entry in range(cursor.u32()):
                index = cursor.u32()
                names[index] = cursor.take(cursor.u32()).decode("utf-8", errors="replace")
        cursor.position = end
