"""The layout of `--help`: usage, summary, arguments, options, global options, examples."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from higress_cli.cli.wrap import cells, wrap
from higress_cli.i18n import _

_FIRST_SENTENCE: Final = re.compile(r"(?<=\.)\s|(?<=。)")
_MOST_OF_A_LINE: Final = 0.4
_GAP: Final = 2


class Row(NamedTuple):
    """A name and what it means."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """The help of a command or a group; empty sections are left out."""

    usage: str
    text: str
    sections: Mapping[str, Sequence[Row]]
    examples: Sequence[str]


def first_sentence(text: str) -> str:
    """The first sentence of a command's help, which is its summary."""
    return _FIRST_SENTENCE.split(text)[0]


def render(page: Page, *, width: int) -> str:
    """The page in lines of at most `width` columns; an example is never broken."""
    return "\n".join(_lines(page, width))


def _lines(page: Page, width: int) -> Iterator[str]:
    usage = _("Usage: {usage}")
    below = cells(usage.format(usage=""))
    first, *rest = wrap(usage.format(usage=page.usage), width=width, hanging=below)
    yield first
    yield from (" " * below + line for line in rest)
    if page.text:
        yield ""
        yield from (f"  {line}" for line in wrap(page.text, width=width - 2))
    for heading, rows in page.sections.items():
        if rows:
            yield ""
            yield _("{heading}:").format(heading=heading)
            yield from _columns(rows, width)
    if page.examples:
        yield ""
        yield _("{heading}:").format(heading=_("Examples"))
        yield from (f"  {example}" for example in page.examples)


def _columns(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Names in one column, texts in another; if a name is too wide, its text goes below it."""
    most = int(width * _MOST_OF_A_LINE)
    column = max((cells(row.name) for row in rows if cells(row.name) <= most), default=0) + _GAP
    for row in rows:
        lines = wrap(row.text, width=width - 2 - column)
        if cells(row.name) + _GAP > column:
            yield f"  {row.name}"
        else:
            yield f"  {row.name}{' ' * (column - cells(row.name))}{lines.pop(0)}".rstrip()
        yield from (" " * (2 + column) + line for line in lines if line)
