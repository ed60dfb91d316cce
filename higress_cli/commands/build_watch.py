"""`hgw build --watch`: build again whenever a file changes that counts, and go on after errors."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

from higress_cli.commands.build import build
from higress_cli.commands.build_plan import Wishes
from higress_cli.commands.build_result import BuildResult
from higress_cli.errors import HgwError, InvalidInput
from higress_cli.go.mod import read_go_mod
from higress_cli.i18n import _
from higress_cli.session import Session

_STEP_MILLISECONDS: Final = 50
"""How long nothing may happen before a build starts: editors write a file in several steps."""
_LONGEST_MILLISECONDS: Final = 1000
_NOT_WATCHED: Final = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", "dist"})


def build_and_watch(
    session: Session,
    *,
    directories: Sequence[Path],
    wishes: Wishes,
    on_built: Callable[[BuildResult], None],
    on_error: Callable[[HgwError], None],
) -> None:
    """Build the plugins, then again after each change until Ctrl-C. Whether a change counts is judged by content.

    `on_built` gets each result in which something was compiled, and the first; `on_error` gets what ended a build.
    """
    for number, _changed in enumerate(_moments(directories)):
        again = wishes if number == 0 else Wishes(arguments=wishes.arguments, debug=wishes.debug, tidy=wishes.tidy)
        try:
            result = build(session, directories=directories, wishes=again)
        except HgwError as error:
            on_error(error)
        else:
            if number == 0 or result.failures or not all(artifact.up_to_date for artifact in result.artifacts):
                on_built(result)
        if number == 0:
            session.reporter.note(_("Watching for changes; Ctrl-C ends."))


def _moments(directories: Sequence[Path]) -> Iterator[None]:
    """Now, and each time that something has changed and is at rest. What changes during a build counts for the next."""
    roots = _watched(directories)

    def is_watched(_change: Change, path: str) -> bool:
        root = next((folder for folder in roots if Path(path).is_relative_to(folder)), Path(path).parent)
        below = Path(path).relative_to(root).parts
        return not _NOT_WATCHED.intersection(below) and not path.endswith((".wasm", ".partial", "~"))

    watcher = watch(
        *roots,
        watch_filter=is_watched,
        debounce=_LONGEST_MILLISECONDS,
        step=_STEP_MILLISECONDS,
        rust_timeout=100,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    # The watcher has to be there before the first build, or a change during that would be lost.
    changes = next(watcher)
    yield
    while True:
        if changes:
            yield
        changes = next(watcher)


def _watched(directories: Sequence[Path]) -> tuple[Path, ...]:
    """The plugins, and the local folders that replace Go modules of theirs."""
    found = list(directories)
    for directory in directories:
        try:
            found += [folder for folder in read_go_mod(directory / "go.mod").local_modules() if folder.is_dir()]
        except InvalidInput:
            continue
    return tuple(dict.fromkeys(found))
