"""The instructions of function bodies, as far as one has to know them to find those that name functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from higress_cli.wasm.binary import Cursor, MalformedError

CALL: Final = 0x10
REF_FUNC: Final = 0xD2
_RETURN_CALL: Final = 0x12
_NAMING: Final = frozenset({CALL, _RETURN_CALL, REF_FUNC})


class UnknownInstructionError(ValueError):
    """An instruction of a proposal that hgw does not know; what follows it cannot be read."""


@dataclass(frozen=True)
class FunctionReference:
    """Where an instruction names a function: from `start` to `end` stands the LEB128 number of its `index`."""

    start: int
    end: int
    index: int


def function_references(cursor: Cursor) -> Iterator[FunctionReference]:
    """The references to functions in the instructions from the cursor's position to its end.

    The instructions are those of the core specification 2.0 without vectors, and of tail calls.

    Raises:
        UnknownInstructionError: another instruction.
        MalformedError: the bytes end in the middle of one.
    """
    while not cursor.at_end:
        opcode = cursor.byte()
        if opcode in _NAMING:
            start = cursor.position
            index = cursor.u32()
            yield FunctionReference(start, cursor.position, index)
        else:
            skip_operands(cursor, opcode)


def skip_operands(cursor: Cursor, opcode: int) -> None:  # noqa: C901, PLR0912 -- a table of opcodes
    """Move past what follows an opcode.

    Raises:
        UnknownInstructionError, MalformedError: see `function_references`.
    """
    match opcode:
        case (
            0x00 | 0x01 | 0x05 | 0x0B | 0x0F | 0x1A | 0x1B | 0xD1
        ):  # unreachable nop else end return drop select is_null
            pass
        case 0x02 | 0x03 | 0x04 | 0x0C | 0x0D | 0x3F | 0x40:  # block loop if br br_if memory.size memory.grow
            cursor.skip_leb()
        case 0x0E:  # br_table
            for _target in range(cursor.u32() + 1):
                cursor.skip_leb()
        case 0x11 | 0x13:  # call_indirect return_call_indirect
            cursor.skip_leb()
            cursor.skip_leb()
        case 0x1C:  # select with types
            cursor.take(cursor.u32())
        case 0x41 | 0x42:  # i32.const i64.const
            cursor.skip_leb()
        case 0x43:
            cursor.take(4)
        case 0x44:
            cursor.take(8)
        case 0xD0:  # ref.null
            cursor.skip_leb()
        case 0xFC:
            _skip_prefixed(cursor)
        case _ if 0x20 <= opcode <= 0x26:  # variables and tables  # noqa: PLR2004
            cursor.skip_leb()
        case _ if 0x28 <= opcode <= 0x3E:  # loads and stores  # noqa: PLR2004
            cursor.skip_leb()
            cursor.skip_leb()
        case _ if 0x45 <= opcode <= 0xC4:  # numbers  # noqa: PLR2004
            pass
        case _:
            raise UnknownInstructionError(f"0x{opcode:02x} at byte {cursor.position - 1}")


def skip_locals(cursor: Cursor) -> None:
    """Move past the declarations of local variables at the start of a function's body."""
    for _group in range(cursor.u32()):
        cursor.u32()
        if cursor.byte() in {0x63, 0x64}:
            raise MalformedError(f"typed reference before byte {cursor.position}")


def _skip_prefixed(cursor: Cursor) -> None:
    """What follows 0xFC: saturating conversions, and bulk operations on memories and tables."""
    operands = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}
    number = cursor.u32()
    if number > max(operands):
        raise UnknownInstructionError(f"0xfc {number} at byte {cursor.position}")
    for _operand in range(operands.get(number, 0)):
        cursor.skip_leb()
