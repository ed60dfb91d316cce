"""Text from outside for a terminal: characters that would act on the terminal are shown instead.

A tool's output, a server's reason, a name in a module or a body may hold escape sequences that move the cursor, change
colours or rename the window, and marks that reverse the order of what follows (Unicode Technical Report 36, 3.8.2).
"""

import re
from typing import Final

# C0 without tab and line feed, DEL, C1, separators that terminals treat as line ends, controls of writing direction
# (Unicode Standard Annex 9), tag characters, which are invisible, and half characters, which no encoding can write:
# Python has them for bytes that are not UTF-8, in file names and variables.
_ACTING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""`text` with each such character as its escape, such as `\x1b` or `\u202e`; tabs and line feeds stay."""
    return _ACTING.sub(lambda found: ascii(found[0])[1:-1], text)


def visible_json(text: str) -> str:
    """A JSON document with each such character in its strings as an escape of JSON, which means the same."""
    return _ACTING.sub(lambda found: _json_escape(found[0]), text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
