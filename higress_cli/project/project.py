"""A plugin's folder, its hgw.yaml files and its .buildrc."""

import os
import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.go.mod import GO_MOD
from higress_cli.i18n import _, listed
from higress_cli.project.parents import is_in_repository, nearest_above, settings_above
from higress_cli.project.settings import FILE_NAME, Settings, read_settings
from higress_cli.spelling import nearest
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_bytes

DEEPEST_LOOK: Final = 3
"""How many levels below a folder are searched for plugins that may be meant: it may be a large home folder."""
_NO_PLUGINS: Final = frozenset({"vendor", "testdata", "node_modules"})
# The kernel's own folders, tens of thousands of them, and the Go module cache, where other people's plugins are.
_ELSEWHERE: Final = frozenset(map(Path, ("/proc", "/sys", "/dev")))
_MODULE_CACHE: Final = ("pkg", "mod")
# The SDK, its forks, and the wrapper under its old and new path. A program that uses none of them is not a plugin.
_REQUIRES_SDK: Final = re.compile(r"^\s*(?:require\s+)?\S+/(?:proxy-wasm-go-sdk|wasm-go)\s+v", re.MULTILINE)
_SERVES_PLUGINS: Final = re.compile(
    rf"{_REQUIRES_SDK.pattern}|^module\s+\S+/(?:proxy-wasm-go-sdk|wasm-go)\b", re.MULTILINE
)
_MODULE: Final = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_IMPORTS_SDK: Final = re.compile(r'"[^"\s]+/(?:proxy-wasm-go-sdk|wasm-go/pkg)/[^"\s]+"')


@dataclass(frozen=True, kw_only=True)
class Project:
    """A plugin's folder; `inherited` is the nearest hgw.yaml of a parent folder; `extra_tags` is from .buildrc.

    `passed_over` are those hgw.yaml files of parent folders that belong to somebody else and do not count.
    """

    directory: Path
    own: Settings | None = None
    inherited: Settings | None = None
    passed_over: tuple[Path, ...] = ()
    extra_tags: tuple[str, ...] = ()

    @cached_property
    def go_mod(self) -> Path:
        """The plugin's own go.mod, or that of the larger Go module whose package it is."""
        return _go_mod_above(self.directory) or self.directory / GO_MOD

    @property
    def has_source(self) -> bool:
        """Whether there is Go code to build here."""
        return self.missing is None

    @property
    def missing(self) -> str | None:
        """What a Go plugin has and this has not; None if there is Go code to build here."""
        if not self.go_mod.is_file():
            return _("no go.mod")
        return None if self._has_go else _("no Go file of package main in the folder")

    @property
    def has_part_of_source(self) -> bool:
        """Whether a go.mod stands here without Go files, or the other way round: it was a plugin, or will be one."""
        return self.go_mod.is_file() != self._has_go

    @property
    def _has_go(self) -> bool:
        return any(self.directory.glob("*.go"))


def open_project(directory: Path, *, needs_source: bool = True) -> Project:
    """The project in `directory`.

    Raises:
        InvalidInput: `no-project` if the folder is missing, is a file, or (with `needs_source`) holds no Go plugin;
            whatever `read_settings` raises.
    """
    if not directory.is_dir():
        raise no_folder(directory)
    own_file = directory / FILE_NAME
    inherited_file, passed_over = settings_above(directory, FILE_NAME)
    project = Project(
        directory=directory,
        # What is called so is meant so: a folder, a pipe or a link to nothing is refused, not passed over.
        own=read_settings(own_file) if os.path.lexists(own_file) else None,
        inherited=read_settings(inherited_file) if inherited_file else None,
        passed_over=passed_over,
        extra_tags=_buildrc_tags(directory / ".buildrc"),
    )
    if needs_source and not project.has_source:
        raise InvalidInput(
            _("{path} holds no Go plugin: {missing}").format(path=directory, missing=project.missing),
            code="no-project",
            hint=hint_without_plugin(directory),
            details={"path": directory},
        )
    return project


def no_folder(path: Path, *, hint: str | None = None) -> InvalidInput:
    """The error for a plugin's folder that is missing or is a file; without a `hint`, with one for the likely slip."""
    what = _("{path} is a file, not a folder") if path.exists() else _("the folder {path} does not exist")
    return InvalidInput(
        what.format(path=path), code="no-project", hint=hint or _hint_without_folder(path), details={"path": path}
    )


def folder_like(path: Path) -> Path | None:
    """The folder that a missing one probably stands for; None if nothing beside it resembles it."""
    missing = path
    while not missing.parent.exists():
        missing = missing.parent
    try:
        beside = [folder.name for folder in missing.parent.iterdir() if folder.is_dir()]
    except OSError:
        return None
    for name in nearest(missing.name, beside):
        found = missing.with_name(name) / path.relative_to(missing)
        if found.is_dir():
            return found
    return None


def hint_without_plugin(directory: Path) -> str:
    """What to type where a plugin's files, or some of them, are missing."""
    above = None if (directory / GO_MOD).is_file() else larger_module(directory)
    if above is None and any(directory.glob("*.go")):
        return f"hgw init --from-existing {shlex.quote(str(directory))}"
    below = plugins_below(above.parent if above else directory, deepest=DEEPEST_LOOK)
    if below:
        return f"hgw -C {shlex.quote(str(below[0]))} build"
    if (directory / GO_MOD).is_file() and (directory / FILE_NAME).is_file():
        place = shlex.quote(str(directory))
        if not is_in_repository(directory):
            return _(
                "bring back the Go file with func main; `hgw init {place} --defaults` makes it as the template has it"
            ).format(place=place)
        # Alone, the latter would be refused where the other files are no longer those of the template.
        return _(
            "bring back the Go file with func main: `git -C {place} checkout -- main.go`, or "
            "`hgw init {place} --defaults` if it was as the template makes it"
        ).format(place=place)
    if (directory / GO_MOD).is_file():
        return f"hgw init {shlex.quote(str(directory))} --defaults"
    return _("`hgw init` makes a plugin there, `hgw -C DIR` goes to one elsewhere")


def plugin_here(directory: Path) -> Path:
    """The plugin that `directory` is or is in, with source or without; `directory` itself if it is in none."""
    return _plugin_around(directory) or directory


def plugin_to_use(directory: Path) -> Path:
    """The same, for what needs a plugin.

    Raises:
        InvalidInput: `no-project` if `directory` is in none but there are plugins below it, which the error names.
    """
    found = _plugin_around(directory)
    if found is None and (below := plugins_below(directory, deepest=DEEPEST_LOOK)):
        raise only_below(directory, below)
    return found or directory


def only_below(directory: Path, plugins: Sequence[Path]) -> InvalidInput:
    """The error for a folder that is no plugin and has these below it; `plugins_in` gives them back."""
    return InvalidInput(
        _("{path} is not a plugin, but there are plugins below it: {names}").format(
            path=directory, names=listed(str(folder.relative_to(directory)) for folder in plugins)
        ),
        code="no-project",
        again=("--directory", str(plugins[0])),
        details={"path": directory, "plugins": tuple(plugins)},
    )


def plugins_in(error: InvalidInput) -> Sequence[Path]:
    """The plugins that an error of `only_below` names; empty for another error."""
    found = error.details.get("plugins", ())
    return tuple(path for path in found if isinstance(path, Path)) if isinstance(found, tuple) else ()


def larger_module(folder: Path) -> Path | None:
    """The go.mod of the Go module that a folder without one belongs to, if it requires an SDK or is one.

    Any other go.mod above is not meant for plugins: in such a folder a plugin has none yet.
    """
    above = nearest_above(folder, GO_MOD)
    return above if above is not None and _SERVES_PLUGINS.search(_text(above)) else None


def plugins_below(top: Path, *, deepest: int | None = None) -> tuple[Path, ...]:
    """The folders in `top` and below that hold a Go program which uses an SDK, sorted.

    `deepest` is how many levels below `top` are searched; None means all.
    """
    found = []
    for root, folders, names in os.walk(top):
        folder = Path(root)
        is_last = deepest is not None and len(folder.relative_to(top).parts) >= deepest
        folders[:] = [] if is_last else [name for name in folders if _may_hold_plugins(folder, name)]
        if is_plugin(folder, names):
            found.append(folder)
    return tuple(sorted(found))


def is_plugin(folder: Path, names: Collection[str]) -> bool:
    """Whether a folder, which has entries of these `names`, holds a Go program that uses an SDK.

    Its go.mod is its own or, as for the go command, that of a folder above it.
    """
    if GO_MOD in names:
        return _is_program(folder) and _uses_sdk(folder)
    return any(name.endswith(".go") for name in names) and _go_mod_above(folder) is not None


def _plugin_around(directory: Path) -> Path | None:
    """The plugin that `directory` is or is in: as with the go command, it reaches down to the next go.mod."""
    if (directory / FILE_NAME).is_file() or any(directory.glob("*.wasm")):
        return directory
    top = directory / GO_MOD if (directory / GO_MOD).is_file() else nearest_above(directory, GO_MOD)
    if top is None:
        return None
    inside = [directory, *directory.parents]
    inside = inside[: inside.index(top.parent) + 1]
    return next((folder for folder in inside if is_plugin(folder, {path.name for path in folder.iterdir()})), None)


def _go_mod_above(folder: Path) -> Path | None:
    """The go.mod above a plugin that has none, as a package of a larger Go module."""
    if (folder / GO_MOD).is_file() or not _is_program(folder):
        return None
    above = larger_module(folder)
    return above if above is not None and _reaches_sdk(folder, above) else None


def _reaches_sdk(folder: Path, go_mod: Path) -> bool:
    """Whether the package in `folder`, or one of the same Go module that it is built from, imports an SDK."""
    module = _MODULE.search(_text(go_mod))
    inner = re.compile(rf'"{re.escape(module[1])}/([^"\s]+)"') if module else None
    folders, seen = [folder], {folder}
    while folders:
        for path in folders.pop().glob("*.go"):
            source = "" if path.name.endswith("_test.go") else _text(path)
            if _IMPORTS_SDK.search(source):
                return True
            new = {go_mod.parent / name for name in inner.findall(source)} - seen if inner else set()
            folders += new
            seen |= new
    return False


def _hint_without_folder(path: Path) -> str:
    if path.exists():
        if path.suffix == ".wasm":
            return f"hgw inspect {shlex.quote(str(path))}"
        return _("did you mean `{near}`?").format(near=path.parent)
    near = folder_like(path)
    if near is not None:
        return _("did you mean `{near}`?").format(near=near)
    return f"hgw init {shlex.quote(str(path))}"


def _may_hold_plugins(folder: Path, name: str) -> bool:
    if name[0] in "._" or name in _NO_PLUGINS:
        return False
    return (folder.name, name) != _MODULE_CACHE and folder / name not in _ELSEWHERE


def _is_program(folder: Path) -> bool:
    return any(
        re.search(r"^package main\b", _text(path), re.MULTILINE)
        for path in folder.glob("*.go")
        if not path.name.endswith("_test.go")
    )


def _uses_sdk(folder: Path) -> bool:
    """Whether go.mod requires an SDK or, in case it is not tidy yet, a file of the Go module imports one."""
    return _REQUIRES_SDK.search(_text(folder / GO_MOD)) is not None or _imports_sdk(folder)


def _imports_sdk(folder: Path) -> bool:
    """Whether a file in the folder or below it, other Go modules left out, imports an SDK."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _NO_PLUGINS and not Path(root, name, GO_MOD).exists()]
        if any(_IMPORTS_SDK.search(_text(Path(root, name))) for name in names if name.endswith(".go")):
            return True
    return False


def _text(path: Path) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        return read_bytes(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _buildrc_tags(path: Path) -> tuple[str, ...]:
    """`EXTRA_TAGS=` of a .buildrc, the convention of Higress's own plugins (plugins/wasm-go/Makefile)."""
    if not path.is_file():
        return ()
    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except OSError as error:
        raise read_error(path, error, is_fixed=True) from error
    tags: tuple[str, ...] = ()
    for line in text.splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and name.strip() == "EXTRA_TAGS":
            # As in a shell, the last assignment wins, and a space followed by # starts a comment.
            bare = value.strip().partition(" #")[0].strip()
            tags = tuple(bare.strip("\"'").replace(",", " ").split())
    return tags
