"""A go.work above a plugin, below which Go builds only the modules that it lists (go.dev/ref/mod, "Workspaces")."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault
from higress_cli.go.mod import go_mod_at, statements
from higress_cli.i18n import _
from higress_cli.system.user_file import read_text

FILE_NAME: Final = "go.work"


def find_go_work(directory: Path, variables: Mapping[str, str]) -> Path | None:
    """The go.work that Go would use in `directory`: that of GOWORK, else the nearest in it or above it, if any."""
    named = variables.get("GOWORK", "")
    if named == "off":
        return None
    if named:
        return Path(named)
    return next((found for folder in (directory, *directory.parents) if (found := folder / FILE_NAME).is_file()), None)


def listed_folders(path: Path) -> tuple[Path, ...]:
    """The folders in a go.work's `use` lines; none if it cannot be read, which Go reports itself."""
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(
        (path.parent / folder).resolve()
        for _line, words in statements(text)
        for folder in words[1:2]
        if words[0] == "use"
    )


def work_faults(directory: Path, *, go_work: Path | None) -> tuple[Fault, ...]:
    """The fault of a go.work in use that does not list the plugin in `directory`."""
    module = go_mod_at(directory).parent
    if go_work is None or not go_work.is_file() or module.resolve() in listed_folders(go_work):
        return ()
    return (
        Fault(
            id="go-work-excludes",
            message=_("{file} does not list {folder}, and Go builds nothing below it that it does not list").format(
                file=go_work, folder=module
            ),
            found=str(go_work),
            expected=f"use {module.name}",
            hint=_("add the plugin to it with `go work use {folder}`, or leave it out: GOWORK=off hgw build").format(
                folder=Path(os.path.relpath(module, directory)).as_posix()
            ),
            facts={"path": go_work, "directory": module},
            error=InvalidInput,
        ),
    )
