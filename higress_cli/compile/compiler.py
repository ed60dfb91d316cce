"""Run the compiler in a scratch folder, so that a failed or interrupted run leaves the old module alone."""

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from higress_cli.compile.recipe import Recipe
from higress_cli.reporter import Reporter
from higress_cli.system import process
from higress_cli.system.fs import remove_tree
from higress_cli.system.writing import home_error

_ABANDONED_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The module that a compiler wrote; `seconds` is its run time."""

    content: bytes
    seconds: float


class RefusedError(Exception):
    """A compiler failed: what it printed, and its exit status."""

    def __init__(self, output: str, status: int) -> None:
        super().__init__(output)
        self.output = output
        self.status = status


def compile_module(
    recipe: Recipe, *, directory: Path, variables: Mapping[str, str], scratch: Path, reporter: Reporter
) -> Compiled:
    """Run the recipe in `directory` with the environment `variables`, writing to a temporary folder below `scratch`.

    The module's bytes do not depend on the path that it is written to.

    Raises:
        RefusedError: the compiler failed; the reporter has received its output.
    """
    with _scratch_folder(scratch) as folder:
        output = folder / Path(recipe.output).name
        command = replace(recipe, output=str(output)).argv
        completed = process.run(command, variables=variables, cwd=directory, on_line=reporter.child_line)
        if completed.returncode or not output.is_file():
            reporter.child_failed(completed.output)
            raise RefusedError(completed.output, completed.returncode)
        return Compiled(content=output.read_bytes(), seconds=completed.seconds)


@contextlib.contextmanager
def _scratch_folder(scratch: Path) -> Iterator[Path]:
    """A temporary folder for this build; also removes those over a day old, left behind when hgw was killed."""
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        for old in scratch.glob(".staging-*"):
            if time.time() - old.stat().st_mtime > _ABANDONED_SECONDS:
                remove_tree(old)
        folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=scratch))
    except OSError as error:
        raise home_error(scratch, error) from error
    try:
        yield folder
    finally:
        remove_tree(folder)
