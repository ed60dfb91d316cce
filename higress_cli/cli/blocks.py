"""What results are made of, drawn once: columns, paragraphs, sizes."""

from collections.abc import Sequence
from typing import Final

from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells, terminal_width, wrap

_GAP: Final = "  "
_MEGABYTE: Final = 1e6
_WIDEST: Final = 10_000


def columns(ui: Ui, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns; on a terminal that is too narrow for them, the last cell of each row gets a line of its own.

    The last cells are never broken: a path has to survive being copied. `headings` may be empty.
    """
    table = [*([headings] if headings else []), *rows]
    widths = [max(cells(row[index]) for row in table) for index in range(len(rows[0]) - 1)] if rows else []
    fronts = [_GAP.join(_padded(cell, width) for cell, width in zip(row, widths, strict=False)) for row in table]
    room = terminal_width(most=_WIDEST) if ui.on_terminal else _WIDEST
    below = any(cells(front) + len(_GAP) + cells(row[-1]) > room for front, row in zip(fronts, table, strict=True))
    for front, row in zip(fronts, table, strict=True):
        style = "strong" if row is headings else ""
        if not below:
            ui.line(f"{front}{_GAP}{row[-1]}".rstrip(), style)
            continue
        ui.line(front.rstrip(), style)
        if row is not headings:
            ui.line(f"{_GAP * 2}{row[-1]}")


def paragraph(ui: Ui, text: str, *, indent: int = 6, style: str = "", mark: str = "") -> None:
    """Prose that wraps at words; `mark` (good, warning, bad, faint) puts the sign of a state before it."""
    if mark:
        first, *rest = wrap(text, width=terminal_width() - 2)
        ui.marked(ui.mark(mark), first, mark)
        indent = 2
    else:
        rest = wrap(text, width=terminal_width() - indent)
    for line in rest:
        ui.line(" " * indent + line, style)


def size(count: int) -> str:
    """Bytes for people: `0.34 MB`."""
    return f"{count / _MEGABYTE:.2f} MB" if count < 100 * _MEGABYTE else f"{count / _MEGABYTE:.0f} MB"


def tool_title(name: str) -> str:
    """What a table calls a tool: by its program, where it is known for that."""
    return "wasm-opt" if name == "binaryen" else name


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
