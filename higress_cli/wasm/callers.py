"""Which functions of a module lead to an import of it, found by its direct calls and the names of its functions."""

import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import MappingProxyType
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
"""Go's runtime is in every plugin, so a chain of calls that begins in it does not help to avoid an import."""
_MOST_EXPLAINED: Final = 4
_LEAST_WAY: Final = 2
"""A way of one package is the standard library's: every plugin comes to that."""
_ABOUT_IMPORTS: Final = frozenset({"import-missing", "import-unknown"})
_NOTHING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
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


def with_callers(
    fault: Fault,
    content: bytes,
    module: Module,
    *,
    pulled: Mapping[str, tuple[str, ...]] = _NOTHING,
    way_to: Callable[[str], tuple[str, ...]] | None = None,
) -> Fault:
    """A fault about imports that says, for the first few, how the plugin comes to them.

    It names the functions that lead there, and the packages. `pulled` has the way of packages to an import, as far as
    that is known without the names of functions; `way_to` finds the way to a package.
    """
    if fault.id not in _ABOUT_IMPORTS:
        return fault
    lines: list[str] = []
    callers: dict[str, list[str]] = {}
    packages: dict[str, list[str]] = {}
    for name in fault.facts.get("imports", ())[:_MOST_EXPLAINED]:
        chain = call_chain(content, module, wanted=name)
        callers |= {name: list(reversed(chain))} if chain else {}
        way = pulled.get(name, ())
        if len(way) < _LEAST_WAY and way_to and chain and _is_foreign(chain[-1]):
            way = way_to(package_of(chain[-1]))
        packages |= {name: list(way)} if way else {}
        if chain and package_of(chain[0]) != _RUNTIME:
            text = _("{name} is called through {chain}")
            lines.append(text.format(name=name, chain=" > ".join(reversed(chain))))
        if len(way) >= _LEAST_WAY:
            text = _("{package} is imported through {way}")
            lines.append(text.format(package=way[-1], way=" > ".join(way)))
    if not lines:
        return fault
    facts = {**fault.facts, "callers": callers, "packages": packages}
    return replace(fault, message="\n".join((fault.message, *dict.fromkeys(lines))), facts=facts)


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
