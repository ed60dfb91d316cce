"""Wraps Chinese and English prose for the terminal, without breaking paths and commands, which users copy."""

import contextlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from typing import Final, TextIO

NO_BREAK: Final = "\u00a0"
"""A space at which `wrap` does not break a line; it is printed as a plain one."""
_WIDE: Final = frozenset({"W", "F"})
# Chinese has no spaces: a line may end after any character, but closing punctuation must not begin a line, nor opening
# punctuation end one.
_OPENING: Final = "\uff08\u3008\u300a\u300c\u300e\u3010"
_CLOSING: Final = "\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
# A path is one piece, even with Chinese in it; `/` between Chinese words, as in a list of them, begins none.
_PATH: Final = rf"(?:~|\.{{1,2}})?/(?![\u2e80-\u9fff])[^\s`{_OPENING}{_CLOSING}]+"
_PIECES: Final = re.compile(
    rf"[^\S{NO_BREAK}]+"
    rf"|{_PATH}[{_CLOSING}]*"
    rf"|[{_OPENING}]*(?:[\u2e80-\u9fff\uff00-\uffef]|(?:`[^`]+`|{NO_BREAK}|[^\s\u2e80-\u9fff\uff00-\uffef])+)[{_CLOSING}]*"
)

# What is a command to type must not be wrapped.
_COMMAND: Final = re.compile(
    r"""(?:\w+=\S+ )*["']?(?:\S*[/\\])?"""
    r"""(?:hgw|pip|pipx|uv|python[\d.]*|sudo|apt-get|docker|git|echo|ulimit|unset|rmdir"""
    r"""|go(?= (?:env|get|mod|work)\b)|export(?= \w+=))(?:\.exe)?["']? """
)


def is_command(text: str) -> bool:
    """Whether a text is a command to type and not prose."""
    return _COMMAND.match(text) is not None


def terminal_width(*, most: int = 100, otherwise: int = 80, stream: TextIO | None = None) -> int:
    """The columns of the terminal or of the variable COLUMNS, but at most `most`; `otherwise` if there is neither.

    The terminal is that of stdout, else that of `stream`.
    """
    columns = shutil.get_terminal_size((0, 0)).columns
    if not columns and stream is not None:
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(stream.fileno()).columns
    return min(columns or otherwise, most)


def cells(text: str) -> int:
    """How many columns a terminal needs for `text`."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in _WIDE else 1 for char in text
    )


def wrap(text: str, *, width: int, hanging: int = 0) -> list[str]:
    """`text` in lines of at most `width` columns, all but the first shorter by `hanging`.

    Line ends stay. Anything longer (a path, a `command`) gets a line of its own; other words in backticks are broken at
    spaces then.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, width=width - hanging):
        if "\n" in piece and line.strip():
            lines.append(line.rstrip())
            line = ""
        elif piece.isspace():
            line += " " if line else ""
        elif not line.strip() or cells(line) + cells(piece) <= width - (hanging if lines else 0):
            line += piece
        else:
            lines.append(line.rstrip())
            line = piece
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return [found.replace(NO_BREAK, " ") for found in lines]


def _pieces(text: str, *, width: int) -> Iterator[str]:
    for piece in _PIECES.findall(text):
        if cells(piece) > width and "`" in piece and not is_command(piece.lstrip(f"{_OPENING}`")):
            yield from re.findall(r" +|[^ ]+", piece)
        else:
            yield piece
