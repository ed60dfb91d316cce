"""Lists of pairs as they cross the border between host and plugin (proxy-wasm-cpp-host, src/pairs_util.cc).

A 32-bit count, for each pair the sizes of key and value, then each key and value with a NUL behind it; little endian.
"""

import struct
from collections.abc import Iterable
from typing import Final

Pair = tuple[bytes, bytes]

_WORD: Final = 4


def encode(pairs: Iterable[Pair]) -> bytes:
    """The serialised form of the pairs: empty for no pairs."""
    listed = list(pairs)
    if not listed:
        return b""
    sizes = [size for key, value in listed for size in (len(key), len(value))]
    head = struct.pack(f"<{1 + len(sizes)}I", len(listed), *sizes)
    return head + b"".join(key + b"\0" + value + b"\0" for key, value in listed)


def decode(data: bytes) -> list[Pair]:
    """The pairs in `data`; empty where its size does not match its numbers exactly, as in the gateway's host."""
    if len(data) < _WORD:
        return []
    (count,) = struct.unpack_from("<I", data)
    position = _WORD + 2 * _WORD * count
    if position > len(data):
        return []
    sizes = struct.unpack_from(f"<{2 * count}I", data, _WORD)
    if position + sum(sizes) + len(sizes) != len(data):
        return []
    texts: list[bytes] = []
    for size in sizes:
        texts.append(data[position : position + size])
        position += size + 1
    return list(zip(texts[::2], texts[1::2], strict=True))
