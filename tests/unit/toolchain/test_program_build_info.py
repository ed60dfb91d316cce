"""The Go that compiled a program, as debug/buildinfo describes where it stands."""

from pathlib import Path

import pytest

from higress_cli.toolchain.program_build_info import go_that_compiled

MAGIC = b"\xff Go buildinf:"


def header(flags: int) -> bytes:
    return (MAGIC + bytes((8, flags))).ljust(32, b"\0")


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (b"\x7fELF" + bytes(100) + header(2) + b"\x09go1.20.14\x00path", "1.20.14"),
        (header(2) + b"\x06go1.22", "1.22"),
        (header(0) + b"\x09go1.20.14", None),  # before Go 1.18: an address instead of the text
        (header(2) + b"\x05devel", None),
        (MAGIC, None),
        (b"#!/bin/sh\n", None),
        (b"", None),
    ],
)
def test_a_program_says_which_go_compiled_it(tmp_path: Path, content: bytes, version: str | None) -> None:
    program = tmp_path / "tinygo"
    program.write_bytes(content)

    assert go_that_compiled(program) == version


def test_a_program_that_is_gone_says_nothing(tmp_path: Path) -> None:
    assert go_that_compiled(tmp_path / "tinygo") is None
