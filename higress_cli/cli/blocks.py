"""The building blocks of results: columns, facts, paragraphs, steps, the commands to type next."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.choice import Source
from higress_cli.cli.own_command import quoted, typable
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells, is_command, terminal_width, wrap
from higress_cli.i18n import _

if TYPE_CHECKING:
    from higress_cli.scenarios.step import Step

_GAP: Final = "  "
_WIDEST: Final = 10_000
_INDENT: Final = 6
_NARROWEST: Final = 24
"""The fewest columns in which a text beside another one is still readable."""
_STEP_STYLES: Final = {"passed": "good", "failed": "bad", "skipped": "faint"}


def columns(ui: Ui, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns; on a terminal that is too narrow, the last cell of each row gets its own line.

    If that is not enough, so does each of the cells that have no room beside the first. Paths are never broken, so that
    they can be copied. `headings` may be empty.
    """
    table = [*([headings] if headings else []), *rows]
    widths = [max(cells(row[index]) for row in table) for index in range(len(rows[0]) - 1)] if rows else []
    room = terminal_width(most=_WIDEST, otherwise=_WIDEST)
    beside = len(widths)
    if any(cells(_front(row, widths)) + len(_GAP) + cells(row[-1]) > room for row in table):
        while beside > 1 and sum(widths[:beside]) + len(_GAP) * (beside - 1) > room:
            beside -= 1
    else:
        beside += 1
    for row in table:
        style = "strong" if row is headings else ""
        if beside > len(widths):
            ui.line(f"{_front(row, widths)}{_GAP}{row[-1]}".rstrip(), style)
            continue
        ui.line(_front(row, widths[:beside]).rstrip(), style)
        for cell in row[beside:] if row is not headings else ():
            lines = [cell] if "/" in cell or "\\" in cell else wrap(cell, width=room - 2 * len(_GAP))
            for line in filter(None, lines):
                ui.line(f"{_GAP * 2}{line}")


def facts(ui: Ui, rows: Iterable[tuple[str, str, str]]) -> None:
    """Names, values and remarks; values are never broken, and remarks go below them if there is no room.

    A text that may be broken is a remark without a value.
    """
    table = list(rows)
    column = max(cells(name) for name, _value, _remark in table) + len(_GAP)
    room = terminal_width()
    for name, value, remark in table:
        front = f"{name}{' ' * (column - cells(name))}{value}"
        if value and remark and cells(front) + len(_GAP) + cells(remark) <= room:
            ui.line(f"{front}{_GAP}{remark}".rstrip())
            continue
        if value:
            ui.line(front)
        for index, line in enumerate(wrap(remark, width=room - column) if remark else []):
            start = f"{name}{' ' * (column - cells(name))}" if not value and index == 0 else " " * column
            ui.line(start + line)


def paragraph(ui: Ui, text: str, *, indent: int = _INDENT, hanging: int = 0, style: str = "") -> None:
    """Prose that wraps at words; all lines but the first are indented by `hanging` more."""
    first, *rest = wrap(text, width=terminal_width() - indent, hanging=hanging)
    ui.line(" " * indent + first, style)
    for line in rest:
        ui.line(" " * (indent + hanging) + line, style)


def hint(ui: Ui, text: str, *, indent: int, folder: str | None = None) -> None:
    """What to do next: a command in one line, so that it can be copied, or prose.

    Its commands are for `folder`, or the folder that the command works in.
    """
    text = ui.typable(text, folder=folder)
    if is_command(text):
        ui.line(" " * indent + text, "hint")
    else:
        paragraph(ui, text, indent=indent, style="hint")


def item(ui: Ui, style: str, text: str, *, indent: int = 2) -> None:
    """A text after a mark; `style` is good, warning, bad or faint."""
    first, *rest = wrap(text, width=terminal_width() - indent - 2, hanging=2)
    ui.marked(" " * indent + ui.mark(style), first, style)
    for line in rest:
        ui.line(" " * (indent + 4) + line)


def steps(ui: Ui, taken: Iterable["Step"], *, answers: bool = False, live: bool = False) -> None:
    """The steps of a verification; failed ones with all that is known about them, with `answers` all with responses.

    `live` says that the gateway still runs, so that the requests can be sent again as they are.

    With -q only failed ones are shown.
    """
    for step in taken:
        if ui.quiet and step.ok:
            continue
        item(ui, _STEP_STYLES[step.status], step.name)
        if step.reason:
            paragraph(ui, step.reason, style="faint")
        if not step.ok:
            _failure(ui, step)
        if step.exchange is not None and (answers or not step.ok):
            sent = step.exchange.request
            text = f"$ {sent}" if live else _("sent: {request}").format(request=sent)
            ui.line(f"{' ' * _INDENT}{text}", "hint" if live else "faint")
            if not _shows_body(step, step.exchange.body or ""):
                _block(ui, step.exchange.body or "", indent=_INDENT)
        if step.log and not step.ok:
            paragraph(ui, _("the plugin's log:"))
            for said in step.log:
                _log_line(ui, said)


def next_commands(
    ui: Ui, title: str, commands: Iterable[tuple[str, str]], *, entered: tuple[str, str] | None = None
) -> None:
    """An empty line, then what to type next, each command with its purpose; nothing with -q.

    `hgw` at the start of a command becomes the command by which this hgw can be started, in the folder worked in.
    `entered` is another folder, where the commands are to be typed, and why it is to be entered.
    """
    if ui.quiet:
        return
    rows = [(ui.typable(command), purpose) for command, purpose in commands]
    if entered is not None:
        rows = list(_after_entering(ui, commands, *entered))
    ui.line()
    paragraph(ui, title, indent=0, style="strong")
    column = max(cells(command) for command, _purpose in rows) + len(_GAP)
    room = terminal_width() - len(_GAP)
    for command, purpose in rows:
        lines = wrap(purpose, width=room - column) if room - column >= _NARROWEST else []
        if lines and max(map(cells, lines)) <= room - column:
            ui.line(f"{_GAP}{_padded(command, column)}{lines[0]}".rstrip())
            for line in lines[1:]:
                ui.line(f"{_GAP}{' ' * column}{line}")
        else:
            ui.line(f"{_GAP}{command}")
            if purpose:
                paragraph(ui, purpose, indent=len(_GAP) * 3, style="faint")


def source(chosen_by: Source, here: Path) -> str:
    """Who chose a value, for somebody who works in the folder `here`."""
    return f"{near(Path(f'{chosen_by}'), here)}"


def remark(text: str) -> str:
    """A remark beside a value: `(text)`."""
    return _("({note})").format(note=text)


def near(path: Path, here: Path) -> Path:
    """A path as it is shown to somebody who works in the folder `here`."""
    return path.relative_to(here) if path.is_relative_to(here) else path


def tool_title(name: str) -> str:
    """What a table calls a tool: the name of its program if that is better known."""
    return "wasm-opt" if name == "binaryen" else name


def _front(row: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(_padded(cell, width) for cell, width in zip(row, widths, strict=False))


def _failure(ui: Ui, step: "Step") -> None:
    if step.file is not None:
        ui.line(f"{' ' * _INDENT}{step.file}:{step.line}", "faint")
    for cause in step.causes:
        paragraph(ui, _("cause: {text}").format(text=cause))
    for check in step.checks:
        if not check.ok:
            paragraph(ui, _("expected: {text}").format(text=check.expected))
            if check.difference is None:
                paragraph(ui, _("got: {text}").format(text=check.got))
            else:
                paragraph(ui, _("got: {text}").format(text="").rstrip())
                _block(ui, check.difference)


def _shows_body(step: "Step", body: str) -> bool:
    """Whether a failed check already shows the answer's body as a whole."""
    failed = (check for check in step.checks if not check.ok and check.key == "body")
    return any(check.difference is not None or body.strip() in check.got for check in failed)


def _log_line(ui: Ui, text: str, *, indent: int = _INDENT + len(_GAP)) -> None:
    """A line of the plugin's log, wrapped on a terminal so that it can be read; in a file it is one line."""
    width = terminal_width() - indent if ui.on_terminal else _WIDEST
    for line in text.splitlines():
        first, *rest = wrap(line, width=width, hanging=len(_GAP))
        for shown in (first, *(f"{_GAP}{more}" for more in rest)):
            ui.line(" " * indent + shown, "faint")


def _block(ui: Ui, text: str, *, indent: int = _INDENT + len(_GAP)) -> None:
    """Text from another program, with its lines unchanged."""
    for line in text.splitlines():
        ui.line(" " * indent + line, "faint")


def _after_entering(
    ui: Ui, commands: Iterable[tuple[str, str]], folder: str, purpose: str
) -> Iterator[tuple[str, str]]:
    if ui.obeys_cd:
        yield f"cd {quoted(folder)}", purpose
    for command, why in commands:
        yield typable(command, folder=None if ui.obeys_cd else folder), why


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
