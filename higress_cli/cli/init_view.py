"""The results of `hgw init` as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from higress_cli.cli import blocks
from higress_cli.cli.own_command import seen_from_here
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells
from higress_cli.commands.init import InitFile, InitResult, TemplatesResult
from higress_cli.i18n import N_, _, chained, joined, listed

_MARKS: Final = {
    "create": (N_("create"), "good"),
    "identical": (N_("identical"), "faint"),
    "conflict": (N_("conflict"), "bad"),
    "overwrite": (N_("overwrite"), "warning"),
    "keep": (N_("keep"), "faint"),
}
_UNCHANGED: Final = frozenset({"identical", "keep"})


def show_templates(result: TemplatesResult, ui: Ui) -> None:
    """Each template with its profiles and what it does."""
    for entry in result.templates:
        ui.marked(entry.name, blocks.remark(chained((listed(entry.profiles), f"ABI {listed(entry.abis)}"))), "strong")
        blocks.paragraph(ui, entry.description, indent=4)
        for variable in entry.variables:
            setting = f"--set {variable.name}={variable.default}"
            blocks.paragraph(ui, joined((setting, variable.help)) if variable.help else setting, indent=4)


def show_project(result: InitResult, ui: Ui) -> None:
    """The tree of files, what was done to each, and what to type next."""
    room = max(cells(_(mark)) for mark, _style in _MARKS.values())
    for action, text in tree_lines(result.directory, result.files):
        mark, style = _MARKS[action] if action else ("", "")
        word = _(mark) if mark else ""
        ui.marked(word + " " * (room - cells(word)), text, style)
    if result.dry_run:
        ui.line()
        ui.line(_("Nothing was written (--dry-run)."))
        return
    title = _("The plugin {name} is in {path}. Next:")
    if all(file.action in _UNCHANGED for file in result.files):
        title = _("Nothing had to be changed: the plugin {name} is in {path}. Next:")
    blocks.next_commands(
        ui,
        title.format(name=result.variables["name"], path=result.directory),
        (
            ("hgw build", _("compile it; offers to get compilers that are missing")),
            ("hgw verify", _("prove in a gateway that it does what it should")),
            ("hgw run", _("keep a gateway running: `curl http://127.0.0.1:10000/get`")),
        ),
        entered=(folder, "") if (folder := seen_from_here(result.directory)) else None,
    )
    if result.next_step and not ui.quiet:
        ui.line()
        blocks.paragraph(ui, _("Then: {step}").format(step=result.next_step), indent=0)


def tree_lines(directory: Path, files: Sequence[InitFile]) -> Iterator[tuple[str | None, str]]:
    """The files as an indented tree: the action for each (None for a folder) and its line."""
    open_folders: tuple[str, ...] = ()
    for file in sorted(files, key=lambda item: _tree_order(item.path.relative_to(directory))):
        *folders, name = file.path.relative_to(directory).parts
        for depth, folder in enumerate(folders):
            if open_folders[: depth + 1] != tuple(folders[: depth + 1]):
                yield None, f"{'  ' * depth}{folder}/"
        open_folders = tuple(folders)
        kept = "  " + _("(the old one is kept as {name})").format(name=file.copy.name) if file.copy else ""
        yield file.action, f"{'  ' * len(folders)}{name}{kept}"


def _tree_order(path: Path) -> tuple[tuple[bool, str], ...]:
    """A sort key that puts the files of a folder before its subfolders."""
    *folders, name = path.parts
    return (*((True, folder) for folder in folders), (False, name))
