"""Whole numbers in text that others wrote, who may write anything."""

from typing import Final

_MOST_DIGITS: Final = 18
"""As many as always fit into 64 bits; Python itself refuses more than 4,300."""


def whole_number(text: str) -> int | None:
    """The number that `text` consists of, in ASCII digits; None if it is something else or has too many of them."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
