"""What a child prints: passed on line by line, and kept up to a bound."""

import codecs
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Final

from higress_cli.i18n import _

# The beginning is kept for who parses it, the end for who asks why a child failed.
_MOST_AT_THE_BEGINNING: Final = 48 << 20
_MOST_AT_THE_END: Final = 16 << 20
# What a kept piece takes besides its text, so that short lines do not take more than they should.
_PIECE_BYTES: Final = 100
_LONGEST_PIECE: Final = 1 << 16


class ChildOutput:
    """The lines of two streams in the order in which they arrive. Very long lines are passed on in pieces.

    Of an output that does not end, the beginning and the end are kept, about 64 MiB with what the interpreter adds,
    and a line between them says how much was left out.
    """

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._beginning: list[tuple[str, str]] = []
        self._end: deque[tuple[str, str]] = deque()
        self._taken = {"beginning": 0, "end": 0}
        self._left_out: dict[str, int] = {}
        self._lock = threading.Lock()
        self._error: Exception | None = None

    def listen(self, name: str, stream: IO[bytes]) -> None:
        """Read `stream` to its end; its lines are those of `name`."""
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        with stream:
            while raw := stream.readline(_LONGEST_PIECE):
                text = decode(raw)
                with self._lock:
                    self._keep(name, text)
                    self._pass_on(text.rstrip("\r\n"))
            if rest := decode(b"", final=True):
                with self._lock:
                    self._keep(name, rest)

    def _keep(self, name: str, text: str) -> None:
        size = len(text) + _PIECE_BYTES
        if not self._end and self._taken["beginning"] + size <= _MOST_AT_THE_BEGINNING:
            self._beginning.append((name, text))
            self._taken["beginning"] += size
            return
        self._end.append((name, text))
        self._taken["end"] += size
        while self._taken["end"] > _MOST_AT_THE_END:
            stream, old = self._end.popleft()
            self._taken["end"] -= len(old) + _PIECE_BYTES
            self._left_out[stream] = self._left_out.get(stream, 0) + len(old)

    def _pass_on(self, line: str) -> None:
        if self._on_line is None or self._error is not None:
            return
        try:
            self._on_line(line)
        except Exception as error:  # noqa: BLE001 -- for `raise_error`: a child whose pipe nobody reads would never end
            self._error = error

    def raise_error(self) -> None:
        """Raise what `on_line` raised."""
        if self._error is not None:
            raise self._error

    def text(self, *names: str) -> str:
        """What was printed on these streams."""
        with self._lock:
            left_out = sum(self._left_out.get(name, 0) for name in names)
            beginning = "".join(text for name, text in self._beginning if name in names)
            end = "".join(text for name, text in self._end if name in names)
        if not left_out:
            return beginning + end
        note = _("[{count} characters were left out here: the program printed too much]").format(count=left_out)
        return f"{beginning}\n{note}\n{end}"
