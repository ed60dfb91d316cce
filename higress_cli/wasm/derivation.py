"""Make the module of one ABI from that of another, which differ only in the empty function that is the ABI's marker."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.wasm.binary import (
    CODE_SECTION,
    CUSTOM_SECTION,
    ELEMENT_SECTION,
    EXPORT_SECTION,
    FUNCTION_SECTION,
    GLOBAL_SECTION,
    HEADER_SIZE,
    START_SECTION,
    Cursor,
    Frame,
    MalformedError,
    encode_u32,
    frames,
)
from higress_cli.wasm.instructions import (
    REF_FUNC,
    UnknownInstructionError,
    function_references,
    skip_locals,
    skip_operands,
)
from higress_cli.wasm.module import read_module
from higress_cli.wasm.names import function_names

_FUNCTION_KIND: Final = 0
_END: Final = 0x0B
_EMPTY_BODY: Final = re.compile(rb"\0\x01*\x0b")
"""No local variables, `nop` or nothing, `end`."""
_PASSIVE: Final = 1
_OTHER_TABLE: Final = 2
_MOST_FLAGS: Final = 3
"""Element segments with higher flags hold expressions."""


class CannotDeriveError(ValueError):
    """The module lacks what is needed, or has what hgw cannot read; compile the other one instead."""


@dataclass(frozen=True, kw_only=True)
class _Change:
    """`moves` has the new index of each function that gets another one, `imported` counts the imported functions."""

    old: bytes
    new: bytes
    moves: Mapping[int, int]
    imported: int


def derive(content: bytes, *, old: str, new: str, package: str) -> bytes:
    """The module with the exported function `old` called `new`, in the place that a compiler gives it.

    `old` belongs to the Go package `package`, `new` to one that is compiled right after it. TinyGo emits functions in
    the order of packages, and wasm-opt keeps it among functions of equally many uses, so `new` comes behind the
    functions of `package` that follow `old`. All else but names and debugging information is what the compiler makes.

    Raises:
        CannotDeriveError: see there.
        InvalidInput: `wasm-invalid`.
    """
    imported = sum(1 for item in read_module(content, path=Path(old)).imports if item.kind == "function")
    try:
        sections = list(frames(content))
        moves = _moves(content, sections, old=old, package=package, imported=imported)
        change = _Change(old=old.encode(), new=new.encode(), moves=moves, imported=imported)
        return content[:HEADER_SIZE] + b"".join(_section(content, frame, change) for frame in sections)
    except (MalformedError, UnknownInstructionError) as error:
        raise CannotDeriveError(str(error)) from error


def _moves(content: bytes, sections: list[Frame], *, old: str, package: str, imported: int) -> Mapping[int, int]:
    index = _exported_function(content, sections, old)
    names = function_names(content, sections)
    if not _EMPTY_BODY.fullmatch(_body_of(content, sections, index - imported)):
        raise CannotDeriveError(f"{old} does something")
    if names.get(index) != old:
        raise CannotDeriveError("the module has no names of functions")
    last = index
    own = re.compile(rf"\(?\*?{re.escape(package)}[.)]")
    while own.match(names.get(last + 1, "")):
        last += 1
    return {index: last, **{later: later - 1 for later in range(index + 1, last + 1)}} if last > index else {}


def _exported_function(content: bytes, sections: list[Frame], name: str) -> int:
    frame = next((frame for frame in sections if frame.id == EXPORT_SECTION), None)
    if frame is not None:
        cursor = Cursor(content, frame.payload, frame.end)
        for _export in range(cursor.u32()):
            found, kind, index = cursor.name(), cursor.byte(), cursor.u32()
            if (found, kind) == (name, _FUNCTION_KIND):
                return index
    raise CannotDeriveError(f"the module does not export {name}")


def _body_of(content: bytes, sections: list[Frame], number: int) -> bytes:
    """The body of a defined function; empty if there is none of that number."""
    frame = next((frame for frame in sections if frame.id == CODE_SECTION), None)
    if frame is None or number < 0:
        return b""
    cursor = Cursor(content, frame.payload, frame.end)
    if number >= cursor.u32():
        return b""
    for _body in range(number):
        cursor.take(cursor.u32())
    return cursor.take(cursor.u32())


def _section(content: bytes, frame: Frame, change: _Change) -> bytes:
    """A section with its functions renumbered and the marker renamed."""
    cursor = Cursor(content, frame.payload, frame.end)
    if frame.id in _CHANGED:
        payload = _CHANGED[frame.id](cursor, change)
    elif frame.id == CUSTOM_SECTION and cursor.name() == "name":
        payload = content[frame.payload : cursor.position] + _name_subsections(cursor, change)
    else:
        return content[frame.start : frame.end]
    size = encode_u32(len(payload), width=frame.payload - frame.start - 1)
    return content[frame.start : frame.start + 1] + size + payload


def _renumbered(cursor: Cursor, change: _Change) -> bytes:
    """A function's index, in as many bytes as before if it fits."""
    start = cursor.position
    index = cursor.u32()
    return encode_u32(change.moves.get(index, index), width=cursor.position - start)


def _exports(cursor: Cursor, change: _Change) -> bytes:
    parts = [_count(cursor)]
    for _export in range(_number(parts[0])):
        name, kind = cursor.take(cursor.u32()), cursor.byte()
        start = cursor.position
        if kind == _FUNCTION_KIND:
            name, index = change.new if name == change.old else name, _renumbered(cursor, change)
        else:
            cursor.skip_leb()
            index = cursor.content[start : cursor.position]
        parts += [encode_u32(len(name)), name, bytes([kind]), index]
    return b"".join(parts)


def _functions(cursor: Cursor, change: _Change) -> bytes:
    count = _count(cursor)
    types: list[bytes] = []
    for _function in range(_number(count)):
        start = cursor.position
        cursor.skip_leb()
        types.append(cursor.content[start : cursor.position])
    return count + b"".join(_reordered(types, change))


def _code(cursor: Cursor, change: _Change) -> bytes:
    count = _count(cursor)
    # Most bodies name none of the functions that move: only those are decoded in which the bytes of one occur.
    numbers = b"|".join(re.escape(encode_u32(index)) for index in change.moves)
    suspect = re.compile(rb"[\x10\x12\xd2](?:" + numbers + rb")", re.DOTALL)
    bodies: list[bytes] = []
    for _body in range(_number(count)):
        start = cursor.position
        size = cursor.u32()
        body = cursor.position
        cursor.take(size)
        end = cursor.position
        if change.moves and suspect.search(cursor.content, body, end):
            changed = _body_with(Cursor(cursor.content, body, end), change)
            bodies.append(encode_u32(len(changed), width=body - start) + changed)
        else:
            bodies.append(cursor.content[start:end])
    return count + b"".join(_reordered(bodies, change))


def _body_with(cursor: Cursor, change: _Change) -> bytes:
    parts, done = [], cursor.position
    skip_locals(cursor)
    for found in function_references(cursor):
        if found.index in change.moves:
            number = encode_u32(change.moves[found.index], width=found.end - found.start)
            parts += [cursor.content[done : found.start], number]
            done = found.end
    return b"".join([*parts, cursor.content[done : cursor.end]])


def _reordered(items: list[bytes], change: _Change) -> list[bytes]:
    result = list(items)
    for old, new in change.moves.items():
        result[new - change.imported] = items[old - change.imported]
    return result


def _elements(cursor: Cursor, change: _Change) -> bytes:
    parts = [_count(cursor)]
    for _segment in range(_number(parts[0])):
        start = cursor.position
        flags = cursor.u32()
        if flags > _MOST_FLAGS:
            raise CannotDeriveError("an element segment holds expressions")
        if flags == _OTHER_TABLE:
            cursor.skip_leb()
        if not flags & _PASSIVE:
            _skip_offset(cursor)
        if flags:
            cursor.byte()
        count = cursor.u32()
        parts.append(cursor.content[start : cursor.position])
        parts += [_renumbered(cursor, change) for _element in range(count)]
    return b"".join(parts)


def _globals(cursor: Cursor, change: _Change) -> bytes:
    parts = [_count(cursor)]
    for _global in range(_number(parts[0])):
        start = cursor.position
        cursor.take(2)  # its type, and whether it can change
        while (opcode := cursor.byte()) != _END:
            if opcode == REF_FUNC:
                parts += [cursor.content[start : cursor.position], _renumbered(cursor, change)]
                start = cursor.position
            else:
                skip_operands(cursor, opcode)
        parts.append(cursor.content[start : cursor.position])
    return b"".join(parts)


def _skip_offset(cursor: Cursor) -> None:
    """A constant expression: one instruction and `end`."""
    opcode = cursor.byte()
    cursor.skip_leb()
    if opcode not in {0x23, 0x41, 0x42} or cursor.byte() != _END:  # global.get, i32.const, i64.const
        raise CannotDeriveError("an element segment has an offset of another kind")


def _name_subsections(cursor: Cursor, change: _Change) -> bytes:
    parts = []
    while not cursor.at_end:
        number, size = cursor.byte(), cursor.u32()
        start = cursor.position
        content = cursor.take(size)
        if number in _NAME_MAPS:
            entries = _NAME_MAPS[number](Cursor(cursor.content, start, cursor.position), change)
            moved = sorted((change.moves.get(index, index), value) for index, value in entries)
            content = encode_u32(len(moved)) + b"".join(encode_u32(index) + value for index, value in moved)
        parts += [bytes([number]), encode_u32(len(content)), content]
    return b"".join(parts)


def _named_functions(cursor: Cursor, change: _Change) -> Iterator[tuple[int, bytes]]:
    for _function in range(cursor.u32()):
        index, name = cursor.u32(), cursor.take(cursor.u32())
        name = change.new if name == change.old else name
        yield index, encode_u32(len(name)) + name


def _named_locals(cursor: Cursor, _change: _Change) -> Iterator[tuple[int, bytes]]:
    for _function in range(cursor.u32()):
        index, start = cursor.u32(), cursor.position
        for _local in range(cursor.u32()):
            cursor.skip_leb()
            cursor.take(cursor.u32())
        yield index, cursor.content[start : cursor.position]


def _count(cursor: Cursor) -> bytes:
    """The bytes of a vector's length."""
    start = cursor.position
    cursor.u32()
    return cursor.content[start : cursor.position]


def _number(leb: bytes) -> int:
    return Cursor(leb).u32()


_NAME_MAPS: Final = {1: _named_functions, 2: _named_locals}
"""The subsections of `name` that are maps by function."""
_CHANGED: Final = {
    FUNCTION_SECTION: _functions,
    EXPORT_SECTION: _exports,
    GLOBAL_SECTION: _globals,
    START_SECTION: _renumbered,
    ELEMENT_SECTION: _elements,
    CODE_SECTION: _code,
}
