"""What Go's own parser says of source files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from higress_cli.system import process


def parser_errors(files: Sequence[Path], *, directory: Path, variables: Mapping[str, str]) -> tuple[str, ...] | None:
    """The lines that `gofmt -e` writes about files that it cannot parse; None if there is no gofmt.

    `files` are relative to `directory`. Nothing is changed.
    """
    program = process.find_program("gofmt", variables)
    if program is None:
        return None
    if not files:
        return ()
    done = process.run(["gofmt", "-e", "-l", *map(str, files)], variables=variables, cwd=directory)
    return tuple(done.stderr.splitlines()) if done.returncode else ()
