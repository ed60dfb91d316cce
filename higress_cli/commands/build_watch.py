"""`hgw build --watch`: build again whenever a file changes that counts, and go on after errors."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchfiles import watch
from watchfiles.main import FileChange

from higress_cli.commands.build import build
from higress_cli.commands.build_plan import Wishes
from higress_cli.commands.build_result import BuildResult
from higress_cli.compile.inputs import signature
from higress_cli.compile.module_failure import UNREACHABLE
from higress_cli.compile.record import read_record, record_path
from higress_cli.errors import ExitCode, HgwError, InvalidInput
from higress_cli.go.mod import go_mod_at, read_go_mod
from higress_cli.go.work import FILE_NAME as GO_WORK
from higress_cli.go.work import find_go_work, listed_folders
from higress_cli.i18n import _
from higress_cli.project.settings import FILE_NAME
from higress_cli.session import Session

_STEP_MILLISECONDS: Final = 50
"""How long nothing may happen before a build starts: editors write a file in several steps."""
_LONGEST_MILLISECONDS: Final = 1000
_TICK_MILLISECONDS: Final = 100
"""How often to look at what the system does not report."""
_NOT_WATCHED: Final = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", "dist"})
_NO_PLUGIN: Final = "no-project"
_NO_INPUTS: Final = (".wasm", ".partial", "~")


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
    Returns after the first result if none of several plugins could begin and no change of their files would help.

    Raises:
        HgwError: the same of a single plugin.
    """
    outputs: dict[Path, tuple[Path, ...]] = {}
    told = ""
    for number, is_same in enumerate(_moments(lambda: _watched(session, directories, outputs))):
        again = wishes if number == 0 else Wishes(arguments=wishes.arguments, debug=wishes.debug, tidy=wishes.tidy)
        try:
            result = build(session, directories=directories, wishes=again)
        except HgwError as error:
            if number == 0 and not _a_change_may_help(error.code, error.exit_code):
                raise
            if not is_same or error.message != told:
                on_error(error)
            told = error.message
        else:
            for directory in directories:
                made = tuple(artifact.path for artifact in result.artifacts if artifact.directory == directory)
                outputs[directory] = made or outputs.get(directory, ())
            if number == 0 or result.failures or not all(artifact.up_to_date for artifact in result.artifacts):
                on_built(result)
            if number == 0 and not result.artifacts and _all_are_beyond_help(result):
                return
        if number == 0:
            session.reporter.note(_("Watching for changes; Ctrl-C ends."))


def _a_change_may_help(code: str, exit_code: int) -> bool:
    """Whether a build that failed may succeed after a change of the plugin's files.

    Nothing in them makes a folder a plugin that is none, changes an option or a variable, or installs tools. Go modules
    that cannot be fetched may have been misspelt.
    """
    if exit_code == ExitCode.DOWNLOAD:
        return code == UNREACHABLE
    return code != _NO_PLUGIN and exit_code not in {ExitCode.USAGE, ExitCode.TOOL, ExitCode.CONSENT}


def _all_are_beyond_help(result: BuildResult) -> bool:
    failed = result.failures
    return bool(failed) and not any(_a_change_may_help(each.code, each.exit_code) for each in failed)


@dataclass(frozen=True, kw_only=True)
class _Watched:
    """What a change may be in. The system reports changes below `folders`; `files` elsewhere are looked at.

    `known` are the files that the modules were built from.
    """

    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    known: frozenset[Path]

    def may_count(self, path: Path) -> bool:
        """Whether a build has to look at a change of `path`."""
        if path in self.known:
            return True
        if path.name.endswith(_NO_INPUTS):
            return False
        root = next((folder for folder in self.folders if path.is_relative_to(folder)), path.parent)
        left_out = [
            place for place in (path, *path.parents) if place.is_relative_to(root) and place.name in _NOT_WATCHED
        ]
        return all(any(known.is_relative_to(place) for known in self.known) for place in left_out if place != root)

    def seen(self) -> dict[Path, object]:
        """What is there: of files times and sizes, of folders which they are, for one may be replaced."""
        return dict(zip(self.files, signature(self.files), strict=True)) | self.identities()

    def identities(self) -> dict[Path, object]:
        return {folder: _identity(folder) for folder in self.folders}


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        facts = folder.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _moments(find: Callable[[], _Watched]) -> Iterator[bool]:
    """Now, and each time that something has changed and is at rest. What changes during a build counts for the next.

    `find` says what to watch. It is asked again after each build, which may have brought other folders: then there is
    another moment, which is true, as what changed before their watch began is not reported.
    """
    reports = _Reports(find())
    again = False
    while True:
        seen = reports.watched.seen()
        yield again
        again = reports.turn_to(find())
        seen = {path: seen.get(path, now) for path, now in reports.watched.seen().items()}
        while not again and not reports.came() and reports.watched.seen() == seen:
            pass


class _Reports:
    """The system's reports of changes. They are there from the start, so that none during a build is lost."""

    def __init__(self, watched: _Watched) -> None:
        self.watched = watched
        self._identities = watched.identities()
        self._watcher = self._started()

    def turn_to(self, watched: _Watched) -> bool:
        """Watch this from now on; whether the folders are others, or others of the same name."""
        before, self.watched = self._identities, watched
        self._identities = watched.identities()
        if self._identities == before:
            return False
        self._watcher.close()
        self._watcher = self._started()
        return True

    def came(self) -> bool:
        """Whether something was reported that may count; waits for a tenth of a second."""
        if not self.watched.folders:
            time.sleep(_TICK_MILLISECONDS / 1000)
            return False
        return bool(next(self._watcher))

    def _started(self) -> Generator[set[FileChange], None, None]:
        watcher = watch(
            *self.watched.folders,
            watch_filter=lambda _change, path: self.watched.may_count(Path(path)),
            debounce=_LONGEST_MILLISECONDS,
            step=_STEP_MILLISECONDS,
            rust_timeout=_TICK_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        if self.watched.folders:
            next(watcher)
        return watcher


def _watched(session: Session, directories: Sequence[Path], outputs: Mapping[Path, Sequence[Path]]) -> _Watched:
    """The plugins, and what they were built from or would be from now on: also folders and files that are not there."""
    folders, files, known = list(directories), list[Path](), set[Path]()
    for directory in directories:
        with contextlib.suppress(InvalidInput):
            folders += read_go_mod(go_mod_at(directory)).local_modules()
        if (go_work := find_go_work(directory, session.variables)) is not None:
            folders += listed_folders(go_work)
        files += [parent / name for parent in directory.parents for name in (FILE_NAME, GO_WORK)]
        for output in outputs.get(directory, ()):
            if (record := read_record(record_path(session.dirs.cache, output))) is not None:
                folders += (*record.scope.folders, *record.scope.trees)
                files += record.scope.files
                known |= set(map(Path, record.contents))
    there = sorted({folder for folder in folders if folder.is_dir()})
    tops = tuple(folder for folder in there if not any(folder != top and folder.is_relative_to(top) for top in there))
    missing = (folder for folder in folders if not folder.is_dir())
    elsewhere = {file for file in (*files, *missing) if not any(file.is_relative_to(top) for top in tops)}
    return _Watched(folders=tops, files=tuple(sorted(elsewhere)), known=frozenset(known))
