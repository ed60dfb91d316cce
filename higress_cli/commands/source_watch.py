"""Whether the source of a running plugin has changed since its module was built, asked again and again."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

from higress_cli.commands.plugin_module import module_standing
from higress_cli.compile.inputs import contents, scope_of_folder, signature
from higress_cli.compile.record import Record, read_record, record_path
from higress_cli.errors import HgwError
from higress_cli.project.project import open_project
from higress_cli.project.settings import FILE_NAME
from higress_cli.session import Session


class SourceWatch:
    """Looks at the times of files and folders, and judges by their contents only when one of these has changed."""

    def __init__(self, session: Session, directory: Path) -> None:
        self._session = session
        self._directory = directory
        self._seen: object = None
        self._stale = False
        self._module: object = None
        self._at_first: dict[str, str] = {}

    def is_stale(self, module: Path) -> bool:
        """Whether `module` is not what a build would make now.

        One that hgw has not built counts as fresh until its source changes.
        """
        record = read_record(record_path(self._session.dirs.cache, module))
        seen = signature(self._paths(module, record))
        if seen != self._seen:
            self._seen = seen
            with contextlib.suppress(HgwError, OSError):
                self._stale = self._judged(module, record)
        return self._stale

    def _paths(self, module: Path, record: Record | None) -> Iterable[Path]:
        yield from (module, self._directory / FILE_NAME, self._directory / ".buildrc")
        yield from (parent / FILE_NAME for parent in self._directory.parents)
        scope = record.scope if record else scope_of_folder(self._directory)
        yield from (*scope.folders, *scope.files, *map(Path, record.contents if record else contents(scope)))

    def _judged(self, module: Path, record: Record | None) -> bool:
        project = open_project(self._directory, needs_source=False)
        if not project.has_source:
            return False
        if record is not None:
            return not module_standing(self._session, project).freshness.fresh
        now = contents(scope_of_folder(self._directory))
        built = signature([module])
        if built != self._module:
            self._module, self._at_first = built, now
        return now != self._at_first
