"""The terminal: data on stdout, conversation on stderr, readable with and without colour at any width."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, TextIO

from higress_cli.cli.own_command import typable
from higress_cli.cli.questions import yes_or_no
from higress_cli.cli.wrap import cells, is_command, terminal_width, wrap
from higress_cli.document import JsonObject
from higress_cli.errors import ConflictError, ExitCode, HgwError
from higress_cli.i18n import _, joined
from higress_cli.reporter import Activity, SilentActivity
from higress_cli.system.os_errors import is_full, refused
from higress_cli.system.urls import shown
from higress_cli.system.visible_text import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_STYLES: Final = {
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
    "hint": "cyan",
    "strong": "bold",
    "faint": "dim",
    "": "",
}
_MARKS: Final = {
    "good": ("\N{CHECK MARK}", "+"),
    "warning": ("!", "!"),
    "bad": ("\N{BALLOT X}", "x"),
    "faint": ("-", "-"),
}
_LEVELS: Final = {
    "trace": "faint",
    "debug": "faint",
    "warn": "warning",
    "error": "bad",
    "critical": "bad",
}
# The full-width bracket of a Chinese remark brings its own space.
_WITH_OWN_GAP: Final = "（"
SLOW_SECONDS: Final = 1.0
# The columns that the parts of a progress line take, with the gap before or after each.
_CLOCK_ROOM: Final = len("⠏ ") + len(" 0:00:00")
_AMOUNT_ROOM: Final = len(" 1023.9/1023.9 MB")
_BAR_ROOM: Final = 20
_WITH_BAR: Final = 70


class OutputError(ConflictError):
    """A result could not be written to stdout, for example because a disk is full."""


class ReaderGoneError(Exception):
    """The reader of stdout (`| head`) has closed it. Not an OSError, which Typer would turn into an exit code.

    `exit_code` is that of the command: a pipeline must not take a failure for a success because its output was cut off.
    """

    exit_code: int = int(ExitCode.OK)


@contextmanager
def ending_with(exit_code: int) -> Iterator[None]:
    """Print what a command that ends with this exit code has to say: it also holds if nobody reads all of it."""
    try:
        yield
    except ReaderGoneError as gone:
        gone.exit_code = exit_code
        raise


def other_disk() -> str:
    """What to do if the disk is full that the output goes to."""
    return _("free some space there, or write to another disk")


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Ignore write failures on stderr; raise if a result cannot be written."""
    try:
        yield
    except OSError as error:
        if name == "stderr":
            return
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError from error
        raise OutputError(
            _("the result cannot be written to stdout: {reason}").format(reason=refused(error).reason),
            code="disk-full" if is_full(error) else "output-unwritable",
            hint=other_disk() if is_full(error) else None,
        ) from error


class Ui:
    """Implements `higress_cli.reporter.Reporter` for people, and prints results and errors."""

    def __init__(self, *, output: str, color: str, allows_color: bool, quiet: bool, verbose: bool) -> None:
        self.output = output
        self.quiet = quiet
        self.verbose = verbose
        self._color = color if allows_color or color != "auto" else "never"
        self._consoles: dict[str, Console] = {}
        self._busy: Progress | None = None
        self._warned: set[str] = set()
        self._has_document = False
        self.folder: str | None = None
        """The folder that the command works in, as the user calls it; None if the user stands in it."""
        self.obeys_cd = True
        """Whether the next hgw works in the folder that it is started in: a variable may say otherwise."""

    def typable(self, hint: str, *, folder: str | None = None) -> str:
        """A hint with commands that can be typed where the user stands, for `folder` or the one that is worked in."""
        place = folder or self.folder
        # A folder that does not exist yet, or that the hint names, is what the hint is about.
        needed = place is not None and os.path.isdir(place) and os.path.abspath(place) not in hint  # noqa: PTH100, PTH112
        return typable(hint, folder=place if needed else None)

    def console(self, name: str) -> "Console":
        """The console on `stdout` or `stderr`, created at first use because importing rich is slow."""
        if name not in self._consoles:
            from rich.console import Console

            stream: TextIO = getattr(sys, name)
            self._consoles[name] = Console(
                file=stream,
                markup=False,
                highlight=False,
                emoji=False,
                soft_wrap=False,
                no_color=self._color == "never",
                force_terminal={"always": True, "never": None, "auto": None}[self._color],
                legacy_windows=False,
            )
        return self._consoles[name]

    def _colored(self, stream: TextIO) -> bool:
        if self._color == "auto":
            return stream.isatty()
        return self._color == "always"

    def _write(self, name: str, text: str, style: str) -> None:
        """One line that hgw neither breaks nor crops, so that a path or a command can be copied."""
        stream: TextIO = getattr(sys, name)
        text = visible(shown(text) if name == "stderr" else text)
        with writing(name):
            if not style or not self._colored(stream):
                if self._busy is not None:
                    self.console(name).print(text, soft_wrap=True)
                else:
                    print(text, file=stream, flush=True)
                return
            from rich.text import Text

            self.console(name).print(Text(text, _STYLES[style]), soft_wrap=True)
            stream.flush()

    def _say(self, text: str, style: str, *, hanging: int = 0) -> None:
        """Prose for a person, wrapped between words on a terminal, unchanged elsewhere.

        `hanging` is the additional indentation of wrapped lines in columns.
        """
        width = terminal_width(stream=sys.stderr)
        for line in text.split("\n"):
            if not sys.stderr.isatty() or cells(line) <= width:
                self._write("stderr", line, style)
                continue
            indent = line[: len(line) - len(line.lstrip())]
            first, *rest = wrap(line, width=width - len(indent), hanging=hanging)
            self._write("stderr", indent + first, style)
            for part in rest:
                self._write("stderr", indent + " " * hanging + part, style)

    @property
    def on_terminal(self) -> bool:
        """Whether stdout is a terminal."""
        return sys.stdout.isatty()

    # Results, on stdout -------------------------------------------------------------------------------------

    def line(self, text: str = "", style: str = "") -> None:
        """A line of a result; `style` is one of good, bad, warning, hint, strong, faint."""
        self._write("stdout", text, style)

    def data(self, text: str) -> None:
        """A line for another program: exactly as it is, but on a terminal."""
        with writing("stdout"):
            print(visible(text) if self.on_terminal else text, flush=True)  # noqa: T201

    def mark(self, style: str) -> str:
        """The mark for a style (good, warning, bad, faint), in ASCII if stdout cannot encode it."""
        sign, plain = _MARKS[style]
        try:
            sign.encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return plain
        return sign

    def marked(self, mark: str, text: str, style: str) -> None:
        """A line in which only `mark` is coloured, such as the state of a check."""
        stream = sys.stdout
        gap = "" if text.startswith(_WITH_OWN_GAP) else " "
        if not self._colored(stream):
            self._write("stdout", f"{mark}{gap}{text}", "")
            return
        from rich.text import Text

        line = Text().append(mark, _STYLES[style]).append(f"{gap}{visible(text)}")
        self.console("stdout").print(line, soft_wrap=True)

    @property
    def owes_document(self) -> bool:
        """Whether JSON was asked for and its one document is still to come."""
        return self.output == "json" and not self._has_document

    def document(self, content: JsonObject) -> None:
        """The one JSON document of this call."""
        self._has_document = True
        text = visible_json(json.dumps(content, ensure_ascii=False, indent=2))
        with writing("stdout"):
            print(text, flush=True)  # noqa: T201

    # Conversation, on stderr ---------------------------------------------------------------------------------

    def error(self, error: HgwError) -> None:
        """Print what failed, then the next command to type."""
        self._say(_("error: {message}").format(message=error.message), "bad")
        if error.hint:
            self._advise(error.hint)

    def interrupted(self) -> None:
        """Print that the user interrupted hgw."""
        self._say(_("interrupted"), "faint")

    def end_line(self) -> None:
        """End the line in which a terminal has shown `^C`, so that the next prompt begins one of its own."""
        if sys.stderr.isatty():
            self._say("", "")

    def note(self, text: str) -> None:
        if not self.quiet:
            self._say(text, "")

    def warn(self, text: str, *, once: bool = False) -> None:
        if once and text in self._warned:
            return
        self._warned.add(text)
        self._say(_("warning: {message}").format(message=text), "warning")

    def advise(self, hint: str) -> None:
        if not self.quiet:
            self._advise(self.typable(hint))

    def _advise(self, hint: str) -> None:
        text = _("hint: {hint}").format(hint=hint)
        if is_command(hint):
            self._write("stderr", text, "hint")
        else:
            self._say(text, "hint")

    def annotation(self, text: str) -> None:
        """A line on stderr for a program that reads it, such as GitHub's."""
        self._write("stderr", text, "")

    def event(self, text: str, *, at: datetime, level: str = "info") -> None:
        if not self.quiet:
            stamp = f"{at.astimezone():%H:%M:%S} "
            # Further lines are not at the margin: they cannot pass for something that hgw says.
            text = text.rstrip("\n").replace("\n", "\n" + " " * len(stamp))
            self._say(stamp + text, _LEVELS.get(level, ""), hanging=len(stamp))

    def child_line(self, line: str) -> None:
        if not self.quiet:
            self._write("stderr", line, "")

    def child_failed(self, output: str) -> None:
        if self.quiet:
            for line in output.splitlines():
                self._write("stderr", line, "")

    def detail(self, text: str) -> None:
        if self.verbose:
            self._write("stderr", text, "faint")

    def confirm(self, question: str) -> bool:
        return yes_or_no(question, default=False, warn=self.warn)

    @contextmanager
    def activity(self, title: str) -> Iterator[Activity]:
        """On a terminal, a live progress line; elsewhere a line at the start and one at the end."""
        started = time.monotonic()
        if self.quiet:
            yield SilentActivity()
            return
        if self._colored(sys.stderr) and sys.stderr.isatty() and self._busy is None:
            with self._live(title) as activity:
                yield activity
        else:
            self.note(_("{title} ...").format(title=title))
            yield SilentActivity()
        seconds = time.monotonic() - started
        if seconds >= SLOW_SECONDS:
            done = _("{title}: done in {seconds:.1f} s").format(title=title, seconds=seconds)
            self._say(done, "faint")

    @contextmanager
    def _live(self, title: str) -> Iterator[Activity]:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.table import Column

        console = self.console("stderr")
        # Where there is little room, the title gets shorter: the others show that something goes on.
        of_title = Column(overflow="ellipsis", no_wrap=True, max_width=max(1, console.width - _CLOCK_ROOM))
        title_column = TextColumn("{task.description}", markup=False, table_column=of_title)
        with Progress(SpinnerColumn(), title_column, TimeElapsedColumn(), console=console, transient=True) as progress:
            task = progress.add_task(_on_one_line(title), total=None)
            self._busy = progress

            class Live:
                def advance(self, completed: int, total: int | None) -> None:
                    if len(progress.columns) == 3:  # noqa: PLR2004 -- grow a bar at the first byte
                        bar = (BarColumn(_BAR_ROOM),) if console.width > _WITH_BAR else ()
                        progress.columns = (*progress.columns, *bar, DownloadColumn())
                        taken = _CLOCK_ROOM + _AMOUNT_ROOM + (_BAR_ROOM + 1 if bar else 0)
                        of_title.max_width = max(1, console.width - taken)
                    progress.update(task, completed=completed, total=total)

                def describe(self, text: str) -> None:
                    progress.update(task, description=_on_one_line(joined((title, text))))

            try:
                yield Live()
            finally:
                self._busy = None


def _on_one_line(text: str) -> str:
    return visible(shown(" ".join(text.split())))
