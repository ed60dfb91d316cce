"""Whether a module is what a build would make now. It is judged by contents; times of files say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.compile.inputs import contents
from higress_cli.compile.record import Record, Setup, is_as_built, read_record, record_path
from higress_cli.i18n import _, listed

_MOST_NAMED: Final = 3


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """`record` is what hgw knows of the module's build; `reason` says why the module is stale, None if it is not.

    `only_files` says that nothing but files has changed, and that the compiler may read none of them.
    """

    record: Record | None = None
    reason: str | None = None
    only_files: bool = False

    @property
    def fresh(self) -> bool:
        return self.reason is None


def judge(cache: Path, module: Path, *, directory: Path, setup: Setup | None) -> Freshness:
    """Compare the record of `module`, a plugin in `directory`, with what is there now.

    `setup` is how a build would compile it; None if there are no tools to tell, and then only files are compared.
    """
    record = read_record(record_path(cache, module))
    if not module.is_file():
        return Freshness(record=record, reason=_("it does not exist"))
    if record is None:
        return Freshness(reason=_("hgw has no record of building it"))
    if not is_as_built(record, module):
        return Freshness(record=record, reason=_("it is not what hgw built there"))
    if setup is not None and (reason := _other_setup(record.setup, setup)) is not None:
        return Freshness(record=record, reason=reason)
    changed = changed_files(record.contents, contents(record.scope), directory=directory)
    if changed is None:
        return Freshness(record=record)
    reason = _("{files} changed since it was built").format(files=changed)
    return Freshness(record=record, reason=reason, only_files=True)


def changed_files(before: Mapping[str, str], now: Mapping[str, str], *, directory: Path) -> str | None:
    """The names of the files that differ, as far as there are few, relative to `directory`; None if there are none."""
    changed = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    names = [
        Path(path).relative_to(directory).as_posix() if Path(path).is_relative_to(directory) else path
        for path in changed
    ]
    more = f" (+{len(names) - _MOST_NAMED})" if len(names) > _MOST_NAMED else ""
    return listed(names[:_MOST_NAMED]) + more if names else None


def _other_setup(built: Setup, now: Setup) -> str | None:
    if built.recipe != now.recipe:
        return _("it was built with another command")
    if built.tools != now.tools:
        return _("it was built with other tools")
    names = sorted(
        name
        for name in built.variables.keys() | now.variables.keys()
        if built.variables.get(name) != now.variables.get(name)
    )
    return _("it was built with another {variables}").format(variables=listed(names)) if names else None
