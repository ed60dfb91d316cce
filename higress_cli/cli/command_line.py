"""The command that was typed, with other words: what a hint shows, so that nothing typed before is lost."""

import shlex
from collections.abc import Sequence
from typing import Final

from higress_cli.settings.table import SETTINGS

_END: Final = "--"


def typed_again(argv: Sequence[str], words: Sequence[str], *, command: str) -> str | None:
    """`hgw` with `argv` and `words`: options with their values, which replace those in `argv`, and arguments.

    The last word may also be an option that takes no value.

    None if the command with this id, such as `run`, does not take one of the options.
    """
    options, arguments = _divided(words)
    names = {name: _names(name, command) for name in options}
    if not all(names.values()):
        return None
    end = argv.index(_END) if _END in argv else len(argv)
    kept = list(_without(argv[:end], {name for found in names.values() for name in found}))
    added = [word for name, value in options.items() for word in (name, value)]
    return shlex.join(["hgw", *kept, *arguments, *added, *argv[end:]])


def _divided(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and the other words."""
    options: dict[str, str] = {}
    arguments: list[str] = []
    remaining = iter(words)
    for word in remaining:
        value = next(remaining, None) if word.startswith("--") else None
        if value is None:
            arguments.append(word)
        else:
            options[word] = value
    return options, arguments


def _names(option: str, command: str) -> tuple[str, ...]:
    """The option and its short name; empty if the command does not take it."""
    setting = next((setting for setting in SETTINGS if setting.flag == option), None)
    if setting is None:
        return (option,)
    return tuple(filter(None, (setting.flag, setting.short))) if setting.counts_in(command) else ()


def _without(argv: Sequence[str], names: set[str]) -> list[str]:
    """The words without these options and their values."""
    kept: list[str] = []
    remaining = iter(argv)
    for word in remaining:
        if word in names:
            next(remaining, None)
        elif word.partition("=")[0] not in names and not _is_short_with_value(word, names):
            kept.append(word)
    return kept


def _is_short_with_value(word: str, names: set[str]) -> bool:
    """Whether it is like `-p8080`."""
    return word[:2] in names and not word.startswith("--")
