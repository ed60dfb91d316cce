"""Which functions of a module lead to an import of it, found by its direct calls and the names of its functions."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from higress_cli.fault import Fault
from higress_cli.i18n import _
from higress_cli.wasm.binary import CODE_SECTION, Cursor, Frame, MalformedError, encode_u32, frames
from higress_cli.wasm.instructions import CALL, UnknownInstructionError, function_references, skip_locals
from higress_cli.wasm.module import Module
from higress_cli.wasm.names import function_names
from higress_cli.wasm.sizes import package_of

_MOST_STEPS: Final = 12
_RUNTIME: Final = "runtime"
"""What Go's runtime calls by itself is in every plugin, and no chain of calls says how to be rid of it."""
_MOST_EXPLAINED: Final = 4
_MOST_CALLERS: Final = 200
"""Beyond that many functions a step tells nothing any more."""


def call_chain(content: bytes, module: Module, *, wanted: str) -> tuple[str, ...]:
    """The names of functions from the import `wanted` (MODULE.NAME) outwards, each called by the next.

    The chain ends at the first function outside of the standard library, or where nothing calls any further. It is
    empty if the module has no names.
    """
    sections = list(frames(content))
    names = function_names(content, sections)
    functions = [item for item in module.imports if item.kind == "function"]
    index = next((number for number, item in enumerate(functions) if f"{item.module}.{item.name}" == wanted), None)
    if index is None or not names:
        return ()
    bodies = list(_bodies(content, sections, imported=len(functions)))
    came_from: dict[int, int] = {}
    level = {index}
    for _step in range(_MOST_STEPS):
        found = _callers(content, bodies, level, known=came_from.keys() | {index})
        came_from |= found
        end = next((caller for caller in sorted(found) if _is_foreign(names.get(caller, ""))), None)
        if end is not None:
            return _names_from(index, end, came_from, names)
        if not found or len(found) > _MOST_CALLERS:
            break
        level = set(found)
    last = next(iter(level - {index}), None)
    return _names_from(index, last, came_from, names) if last is not None else ()


def with_callers(fault: Fault, content: bytes, module: Module) -> Fault:
    """A fault about imports that names, for the first few, the functions through which the plugin comes to them."""
    imports = fault.facts.get("imports", ()) if fault.id == "import-missing" else ()
    chains = {name: call_chain(content, module, wanted=name) for name in imports[:_MOST_EXPLAINED]}
    lines = [
        _("{name} is called through {chain}").format(name=name, chain=" > ".join(reversed(chain)))
        for name, chain in chains.items()
        if chain and package_of(chain[0]) != _RUNTIME
    ]
    if not lines:
        return fault
    callers = {name: list(reversed(chain)) for name, chain in chains.items()}
    return replace(fault, message="\n".join((fault.message, *lines)), facts={**fault.facts, "callers": callers})


def _bodies(content: bytes, sections: list[Frame], *, imported: int) -> Iterator[tuple[int, int, int]]:
    """Index, start and end of each function's body."""
    for frame in sections:
        if frame.id == CODE_SECTION:
            cursor = Cursor(content, frame.payload, frame.end)
            for number in range(cursor.u32()):
                size = cursor.u32()
                start = cursor.position
                cursor.skip(size)
                yield imported + number, start, cursor.position


def _callers(
    content: bytes, bodies: list[tuple[int, int, int]], wanted: set[int], *, known: AbstractSet[int]
) -> dict[int, int]:
    """The functions that call one of `wanted`, each with one that it calls; without those already `known`."""
    numbers = b"|".join(re.escape(encode_u32(index)) for index in sorted(wanted))
    suspect = re.compile(bytes([CALL]) + rb"(?:" + numbers + rb")", re.DOTALL)
    found: dict[int, int] = {}
    for index, start, end in bodies:
        if index in known or not suspect.search(content, start, end):
            continue
        cursor = Cursor(content, start, end)
        try:
            skip_locals(cursor)
            called = next((item.index for item in function_references(cursor) if item.index in wanted), None)
        except (MalformedError, UnknownInstructionError):
            continue
        if called is not None:
            found[index] = called
    return found


def _is_foreign(name: str) -> bool:
    """Whether a function is outside of Go's standard library: the first part of its package has a dot, or is main."""
    package = package_of(name)
    first = re.split(r"[/_]", package, maxsplit=1)[0]
    return package == "main" or "." in first


def _names_from(index: int, last: int, came_from: Mapping[int, int], names: Mapping[int, str]) -> tuple[str, ...]:
    chain, at = [], last
    while at != index:
        chain.append(names.get(at, f"#{at}"))
        at = came_from[at]
    return tuple(reversed(chain))
