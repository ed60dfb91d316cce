"""A verification as annotations that GitHub shows beside the lines of a file.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from higress_cli.errors import HgwError
from higress_cli.scenarios.step import Step, wanted_and_got


def annotations(steps: Sequence[Step], *, root: Path, error: HgwError | None = None) -> Iterator[str]:
    """A workflow command for each failed step, and for an error; files are named relative to `root`, the repository."""
    for step in steps:
        if step.ok:
            continue
        wrong = ["\n".join(wanted_and_got(check)) for check in step.checks if not check.ok]
        place = {"file": _shown(step.file, root), "line": str(step.line)} if step.file else {}
        title = " ".join(part for part in (step.name, step.engine, step.abi) if part)
        yield _command("\n".join([*wrong, *step.causes]), **place, title=title)
    if error is not None:
        yield _command("\n".join(filter(None, (error.message, error.hint))), title=error.code)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _command(message: str, **properties: str) -> str:
    named = ",".join(
        f"{key}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for key, value in properties.items()
    )
    return f"::error {named}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
