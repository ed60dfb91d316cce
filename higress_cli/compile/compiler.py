"""Running the compiler: it writes beside the old module, and only what it finished is taken."""

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from higress_cli.compile.recipe import Recipe
from higress_cli.errors import CompileError, HgwError
from higress_cli.i18n import _
from higress_cli.knowledge.catalogue import recognise
from higress_cli.reporter import Reporter
from higress_cli.system import process
from higress_cli.system.fs import remove_tree
from higress_cli.system.writing import home_error

_TAIL_LINES: Final = 100
_ABANDONED_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What a compiler wrote; `seconds` is how long it took."""

    content: bytes
    seconds: float


def compile_module(
    recipe: Recipe, *, directory: Path, variables: Mapping[str, str], scratch: Path, reporter: Reporter
) -> Compiled:
    """Run the recipe in `directory` with the environment `variables`; its output goes to a folder below `scratch`.

    Neither the name nor the folder of its output changes a module's bytes, so the old module is not touched.

    Raises:
        HgwError: `compile-failed`, or the known error that the compiler printed; its own words went to the reporter
            as they came.
    """
    with _scratch_folder(scratch) as folder:
        output = folder / Path(recipe.output).name
        command = replace(recipe, output=str(output)).argv
        completed = process.run(command, variables=variables, cwd=directory, on_line=reporter.child_line)
        if completed.returncode or not output.is_file():
            reporter.child_failed(completed.output)
            raise compile_failure(completed.output, recipe=recipe, directory=directory, returncode=completed.returncode)
        return Compiled(content=output.read_bytes(), seconds=completed.seconds)


def compile_failure(output: str, *, recipe: Recipe, directory: Path, returncode: int) -> HgwError:
    """The error for a compiler that gave up: with cause and fix where its words are known."""
    matches = recognise(output)
    tail = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
    message = _("{compiler} refused {path} (ABI {abi}, exit status {status})").format(
        compiler=recipe.profile.compiler, path=directory, abi=recipe.abi, status=returncode
    )
    details = {
        "directory": directory,
        "abi": recipe.abi,
        "argv": list(recipe.argv),
        "status": returncode,
        "output": tail,
        "id": matches[0].id if matches else None,
        "matches": [
            {"id": match.id, "title": match.title, "cause": match.cause, "fix": match.fix, "line": match.line}
            for match in matches
        ],
    }
    if not matches:
        hint = _("fix what the compiler names above, then: hgw build")
        return CompileError(message, code="compile-failed", hint=hint, details=details)
    known = matches[0]
    message = _("{message}: {title}: {cause}").format(message=message, title=known.title, cause=known.cause)
    return known.as_error(message, details=details)


@contextlib.contextmanager
def _scratch_folder(scratch: Path) -> Iterator[Path]:
    """A folder of this build's own; what a killed hgw left behind a day ago or more goes on this occasion."""
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
