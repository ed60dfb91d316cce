"""Redis's own protocol (RESP 2): where a value ends, and how one is written."""

from collections.abc import Sequence
from typing import Final

CRLF: Final = b"\r\n"
_BULK: Final = b"$"
_ARRAY: Final = b"*"


class RespError(ValueError):
    """The bytes are not RESP."""


def end_of_value(content: bytes | bytearray, start: int = 0) -> int | None:
    """The position after the value that begins at `start`, None if the value is not complete yet.

    Raises:
        RespError: no value begins there.
    """
    line_end = content.find(CRLF, start)
    if line_end < 0:
        return None
    kind = bytes(content[start : start + 1])
    after = line_end + len(CRLF)
    if kind in (b"+", b"-", b":"):
        return after
    count = _number(content[start + 1 : line_end])
    if kind == _BULK:
        end = after if count < 0 else after + count + len(CRLF)
        return end if end <= len(content) else None
    if kind == _ARRAY:
        position: int | None = after
        for _element in range(max(count, 0)):
            position = end_of_value(content, position or 0)
            if position is None:
                return None
        return position
    raise RespError(f"no value begins with {kind!r}")


def command(*words: str | bytes) -> bytes:
    """A command as a client sends it."""
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def words_of(query: bytes) -> list[bytes]:
    """The words of a command: name and arguments.

    Raises:
        RespError: it is not an array of texts, or not complete.
    """
    if not query.startswith(_ARRAY) or end_of_value(query) != len(query):
        raise RespError("a command is an array of texts")
    position = query.index(CRLF) + len(CRLF)
    words: list[bytes] = []
    while position < len(query):
        if query[position : position + 1] != _BULK:
            raise RespError("a command is an array of texts")
        line_end = query.index(CRLF, position)
        size = _number(query[position + 1 : line_end])
        at = line_end + len(CRLF)
        words.append(query[at : at + size])
        position = at + size + len(CRLF)
    return words


Reply = None | int | bytes | str | Exception | Sequence["Reply"]
"""A reply before it is written: text is a simple string, bytes a bulk string, an exception an error, None is nil."""


def encode(reply: Reply) -> bytes:
    """The reply in RESP."""
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, Exception):
        return b"-" + str(reply).encode() + CRLF
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, str):
        return b"+" + reply.encode() + CRLF
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    return b"*%d\r\n" % len(reply) + b"".join(encode(element) for element in reply)


def _number(text: bytes | bytearray) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise RespError(f"{bytes(text)!r} is not a number") from error
