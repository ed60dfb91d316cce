"""Run the compiler in a scratch folder, so that a failed or interrupted run leaves the old module alone."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from higress_cli.compile.recipe import Recipe
from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.reporter import Reporter
from higress_cli.system import process
from higress_cli.system.os_errors import home_error
from higress_cli.system.staging import abandoned_folders, staging_folder

_TEMPORARY: Final = ("TMPDIR", "TMP", "TEMP", "GOTMPDIR")


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


def compile_module(  # noqa: PLR0913 -- the inputs of a compilation
    recipe: Recipe,
    *,
    directory: Path,
    variables: Mapping[str, str],
    scratch: Path,
    reporter: Reporter,
    while_waiting: Callable[[], None] | None = None,
) -> Compiled:
    """Run the recipe in `directory` with the environment `variables`, writing to a temporary folder below `scratch`.

    The module's bytes do not depend on the path that it is written to. `while_waiting` is called again and again; what
    it raises ends the compiler.

    Raises:
        RefusedError: the compiler failed; the reporter has received its output.
        ConflictError: `folder-missing`; somebody removed the temporary folder meanwhile.
    """
    with contextlib.ExitStack() as stack:
        folder = _scratch_folder(scratch, stack)
        output = folder / Path(recipe.output).name
        command = replace(recipe, output=str(output)).argv
        # A compiler that is interrupted leaves its temporary files behind: here they go with the folder.
        temporary = folder / "tmp"
        temporary.mkdir()
        own = {**variables, **dict.fromkeys(_TEMPORARY, str(temporary))}
        completed = process.run(
            command, variables=own, cwd=directory, on_line=reporter.child_line, while_waiting=while_waiting
        )
        if completed.returncode or not output.is_file():
            if not folder.is_dir():
                raise _scratch_gone(folder)
            reporter.child_failed(completed.output)
            raise RefusedError(completed.output, completed.returncode)
        return Compiled(content=output.read_bytes(), seconds=completed.seconds)


def _scratch_gone(folder: Path) -> ConflictError:
    return ConflictError(
        _("{path}, where the compiler writes to, was removed while it ran").format(path=folder),
        code="folder-missing",
        hint="hgw build",
        details={"path": folder},
    )


def _scratch_folder(scratch: Path, stack: contextlib.ExitStack) -> Path:
    """A temporary folder for this build; also removes those that were left behind when hgw was killed."""
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        with abandoned_folders(scratch):
            pass
        folder = stack.enter_context(staging_folder(scratch / "any module"))
    except OSError as error:
        raise home_error(scratch, error) from error
    return folder
