"""What a plugin's source reveals about the Go modules that it was written for."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.go.registration import registering_functions
from higress_cli.go.syntax import GoFile, called_names, parse
from higress_cli.system.user_file import read_bytes


@dataclass(frozen=True, kw_only=True)
class Usage:
    """`calls` are the names of the functions that the plugin calls, `registers` those in which it registers itself.

    `main` and `init` are told apart there; the name is empty outside of a function and in a method.
    """

    calls: frozenset[str] = frozenset()
    registers: frozenset[str] = frozenset()

    @property
    def is_native(self) -> bool:
        """Whether the plugin registers only in `init`, as a plugin for native Go has to."""
        return self.registers == {"init"}


UNKNOWN: Final = Usage()


def usage_of(files: Iterable[GoFile]) -> Usage:
    """What these files reveal."""
    files = tuple(files)
    return Usage(calls=called_names(files), registers=registering_functions(files))


def package_files(directory: Path) -> tuple[GoFile, ...]:
    """The Go files of the folder itself, tests excluded, for whoever cannot ask the go command which it compiles.

    What cannot be read is left out: the go command says so.
    """
    files = []
    for path in sorted(directory.glob("*.go")):
        if not path.name.endswith("_test.go") and path.is_file():
            with contextlib.suppress(OSError):
                files.append(parse(path, read_bytes(path)))
    return tuple(files)
