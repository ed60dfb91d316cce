"""gzip without compression: the one form of which every zlib gives the same bytes.

Which bytes compression gives depends on the library that a Python was built with (zlib, zlib-ng), so the digest of an
image would depend on the machine that it was made on (RATIONALE.md, Images).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

# RFC 1952, 2.3: magic, deflate, no flags, no time, no extra flags, unknown system.
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# RFC 1951, 3.2.4: the length of a stored block has 16 bits.
_LONGEST_BLOCK: Final = 0xFFFF


def stored_gzip(content: bytes) -> bytes:
    """A gzip stream that holds `content` in stored blocks; larger than `content` by 5 bytes for each 64 KiB."""
    trailer = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((_HEADER, *_blocks(content), trailer))


def _blocks(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    starts = range(0, len(content), _LONGEST_BLOCK) or (0,)
    for start in starts:
        block = view[start : start + _LONGEST_BLOCK]
        is_last = start + _LONGEST_BLOCK >= len(content)
        yield struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF)
        yield bytes(block)
