"""The binary format of WebAssembly modules: numbers, names and sections (core specification, chapter 5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from higress_cli.i18n import _

MAGIC: Final = b"\0asm"
VERSION: Final = b"\x01\0\0\0"
HEADER_SIZE: Final = len(MAGIC) + len(VERSION)
CUSTOM_SECTION: Final = 0
TYPE_SECTION: Final = 1
IMPORT_SECTION: Final = 2
FUNCTION_SECTION: Final = 3
GLOBAL_SECTION: Final = 6
EXPORT_SECTION: Final = 7
START_SECTION: Final = 8
ELEMENT_SECTION: Final = 9
CODE_SECTION: Final = 10
DATA_SECTION: Final = 11
_CONTINUES: Final = 0x80
_U32_BITS: Final = 32
_MOST_LEB_BYTES: Final = 10


class MalformedError(ValueError):
    """The bytes are not a WebAssembly module; the message says where and why, in English, for use as a `reason`."""


class Cursor:
    """A position in a byte string that advances as values are read, up to `end`."""

    def __init__(self, content: bytes, position: int = 0, end: int | None = None) -> None:
        self.content = content
        self.position = position
        self.end = len(content) if end is None else end

    @property
    def at_end(self) -> bool:
        return self.position >= self.end

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        start = self.position
        self.skip(count)
        return self.content[start : self.position]

    def skip(self, count: int) -> None:
        """Move past `count` bytes."""
        if self.position + count > self.end:
            raise MalformedError(
                _("cut off at byte {end}: {count} more expected at byte {position}").format(
                    end=self.end, count=count, position=self.position
                )
            )
        self.position += count

    def u32(self) -> int:
        """Read an unsigned LEB128 number below 2**32."""
        start, value, shift = self.position, 0, 0
        while True:
            byte = self.byte()
            value |= (byte & ~_CONTINUES) << shift
            shift += 7
            if not byte & _CONTINUES:
                break
            if shift >= _U32_BITS + 3:
                raise MalformedError(_("number too long at byte {start}").format(start=start))
        if value >> _U32_BITS:
            raise MalformedError(_("number too large at byte {start}").format(start=start))
        return value

    def skip_leb(self) -> None:
        """Skip a LEB128 number, which may be signed and have up to 64 bits."""
        for _count in range(_MOST_LEB_BYTES):
            if not self.byte() & _CONTINUES:
                return
        raise MalformedError(_("number too long before byte {position}").format(position=self.position))

    def name(self) -> str:
        start = self.position
        try:
            return self.take(self.u32()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError(_("name that is not UTF-8 at byte {start}").format(start=start)) from error


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a section is: its id at `start`, its size field at `start + 1`, its payload from `payload` to `end`."""

    id: int
    start: int
    payload: int
    end: int


def frames(content: bytes) -> Iterator[Frame]:
    """The sections of a module in order.

    Raises:
        MalformedError: the header is not that of a core module, or a section extends past the end.
    """
    if content[: len(MAGIC)] != MAGIC:
        raise MalformedError(_("it does not start with the magic number of WebAssembly"))
    if content[len(MAGIC) : HEADER_SIZE] != VERSION:
        raise MalformedError(_("it is not a core module of version 1"))
    cursor = Cursor(content, HEADER_SIZE)
    while not cursor.at_end:
        start = cursor.position
        identifier = cursor.byte()
        size = cursor.u32()
        payload = cursor.position
        cursor.skip(size)
        yield Frame(id=identifier, start=start, payload=payload, end=cursor.position)


def encode_u32(value: int, *, width: int = 1) -> bytes:
    """Encode as LEB128 in at least `width` bytes, to keep the width of a number that a linker padded."""
    encoded = bytearray()
    while True:
        value, low = value >> 7, value & ~_CONTINUES & 0xFF
        last = value == 0 and len(encoded) + 1 >= width
        encoded.append(low if last else low | _CONTINUES)
        if last:
            return bytes(encoded)
