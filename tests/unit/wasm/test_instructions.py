"""Where function bodies name functions: after each kind of instruction, the next one is found."""

import pytest

from higress_cli.wasm.binary import Cursor, MalformedError
from higress_cli.wasm.instructions import UnknownInstructionError, function_references, skip_locals

CALL_7 = b"\x10\x07"


def named(body: bytes) -> list[int]:
    return [found.index for found in function_references(Cursor(body, 0, len(body)))]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"\x01", id="nop"),
        pytest.param(b"\x02\x40", id="block"),
        pytest.param(b"\x0e\x02\x00\x01\x80\x01", id="br_table"),
        pytest.param(b"\x11\x90\x01\x00", id="call_indirect"),
        pytest.param(b"\x13\x10\x00", id="return_call_indirect"),
        pytest.param(b"\x1c\x02\x7f\x10", id="select with types"),
        pytest.param(b"\x20\x90\x01", id="local.get"),
        pytest.param(b"\x28\x02\x90\x01", id="i32.load"),
        pytest.param(b"\x41\x90\x7f", id="i32.const"),
        pytest.param(b"\x42\x90\x90\x7f", id="i64.const"),
        pytest.param(b"\x43\x10\x07\x10\x07", id="f32.const"),
        pytest.param(b"\x44\x10\x07\x10\x07\x10\x07\x10\x07", id="f64.const"),
        pytest.param(b"\x6a", id="i32.add"),
        pytest.param(b"\xd0\x70", id="ref.null"),
        pytest.param(b"\xd1", id="ref.is_null"),
        pytest.param(b"\xfc\x00", id="i32.trunc_sat_f32_s"),
        pytest.param(b"\xfc\x0a\x00\x00", id="memory.copy"),
        pytest.param(b"\xfc\x09\x10", id="data.drop"),
    ],
)
def test_what_follows_an_instruction_is_read(before: bytes) -> None:
    assert named(before + CALL_7) == [7]


@pytest.mark.parametrize(
    ("opcode", "index"),
    [
        pytest.param(b"\x10", 7, id="call"),
        pytest.param(b"\x12", 7, id="return_call"),
        pytest.param(b"\xd2", 7, id="ref.func"),
    ],
)
def test_the_three_instructions_that_name_a_function(opcode: bytes, index: int) -> None:
    assert named(opcode + bytes([index])) == [index]


@pytest.mark.parametrize(
    "body", [pytest.param(b"\xfd\x0c" + bytes(16), id="vector"), pytest.param(b"\xfc\x63", id="unknown bulk operation")]
)
def test_what_follows_an_unknown_instruction_is_not_guessed(body: bytes) -> None:
    with pytest.raises(UnknownInstructionError):
        named(body + CALL_7)


@pytest.mark.parametrize(
    "body", [pytest.param(b"\x44\x00", id="constant"), pytest.param(b"\x41" + b"\x80" * 11 + b"\x00", id="number")]
)
def test_an_instruction_without_its_end_is_an_error(body: bytes) -> None:
    with pytest.raises(MalformedError):
        named(body)


def test_a_local_of_a_type_that_hgw_does_not_know_is_an_error() -> None:
    plain = Cursor(b"\x01\x02\x7f" + CALL_7, 0, 5)
    skip_locals(plain)
    assert plain.position == 3

    with pytest.raises(MalformedError):
        skip_locals(Cursor(b"\x01\x01\x63\x00", 0, 4))
