"""Every command of hgw, by its path."""

from collections.abc import Iterator
from typing import Any

import typer

from higress_cli.cli.app import Commands, build_command


def _below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    for name in command.list_commands(typer.Context(command)):
        found = command.get_command(typer.Context(command), name)
        path = (*words, name)
        yield " ".join(path), isinstance(found, Commands)
        if isinstance(found, Commands):
            yield from _below(found, path)


_ALL = tuple(_below(build_command(), ()))
COMMANDS = tuple(path for path, is_group in _ALL if not is_group)
"""The paths of all commands: `build`, `toolchain list`."""
GROUPS = tuple(path for path, is_group in _ALL if is_group)
