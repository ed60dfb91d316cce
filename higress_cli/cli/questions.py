"""Questions to a person at the terminal: on stderr, answered on stdin."""

import sys
from collections.abc import Callable
from typing import Final, TypeVar

import typer

from higress_cli.cli.wrap import terminal_width, wrap
from higress_cli.errors import HgwError, UsageError
from higress_cli.i18n import _, chained, listed
from higress_cli.spelling import did_you_mean
from higress_cli.system.visible_text import visible

T = TypeVar("T")

# In every language: people answer `y` to a Chinese question, too.
_ANSWERS: Final = {
    **dict.fromkeys(("y", "yes", "是", "是的", "好", "好的"), True),
    **dict.fromkeys(("n", "no", "否", "不", "不是"), False),
}

_ROOM_TO_TYPE: Final = 4


def ask(question: str, *, default: str, accept: Callable[[str], T], warn: Callable[[str], None]) -> T:
    """Ask until `accept` takes the answer; an empty one means `default`, and `warn` says why one is refused.

    Raises:
        typer.Abort: stdin has ended.
    """
    while True:
        asked = visible(_("{question} [{default}]:").format(question=question, default=default))
        if sys.stderr.isatty():
            asked = "\n".join(wrap(asked, width=terminal_width(stream=sys.stderr) - _ROOM_TO_TYPE))
        try:
            sys.stderr.write(f"{asked} ")
            sys.stderr.flush()
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            # What comes next begins a line of its own, not behind the question.
            sys.stderr.write("\n")
            raise
        if not line:
            sys.stderr.write("\n")
            raise typer.Abort
        try:
            return accept(line.strip())
        except HgwError as error:
            warn(error.message)


def yes_or_no(question: str, *, default: bool, warn: Callable[[str], None]) -> bool:
    """Ask for a yes or a no, in any language of hgw; an empty answer is `default`."""

    def accept(text: str) -> bool:
        if not text:
            return default
        if text.lower() not in _ANSWERS:
            raise refused_choice(text, [_("yes"), _("no")])
        return _ANSWERS[text.lower()]

    return ask(question, default="Y/n" if default else "y/N", accept=accept, warn=warn)


def refused_choice(text: str, choices: list[str]) -> UsageError:
    """The error for an answer that is not one of `choices`; it names the nearest one, as nobody sees a hint."""
    problem = _("`{value}` is none of: {choices}").format(value=text, choices=listed(choices))
    return UsageError(chained(filter(None, (problem, did_you_mean(text, choices)))), code="choice-invalid")
