"""The output of `hgw help settings`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from higress_cli.choice import DEFAULT, SourceKind
from higress_cli.cli import blocks
from higress_cli.cli.ui import Ui
from higress_cli.commands.help_settings import SettingEntry, SettingsResult
from higress_cli.i18n import N_, _, chained, joined
from higress_cli.settings.setting import Scope

_HEADINGS: Final = {
    Scope.PROJECT: N_("Settings of a project; the keys are those of hgw.yaml:"),
    Scope.MACHINE: N_("Settings of this machine:"),
}


def show_settings(result: SettingsResult, ui: Ui) -> None:
    """Show each setting in its own paragraph: its value and source, what it means, how to set it."""
    for scope, heading in _HEADINGS.items():
        entries = [entry for entry in result.settings if entry.scope is scope]
        if not entries:
            continue
        blocks.paragraph(ui, _(heading), indent=0, style="strong")
        for entry in entries:
            ui.line()
            _show_entry(entry, ui, here=Path(result.directory))
        ui.line()
    blocks.paragraph(
        ui,
        _(
            "The first of these that says something wins: option, variable, hgw.yaml, .buildrc (build tags), the "
            "hgw.yaml of a parent folder, what the project's own files imply, the default."
        ),
        indent=0,
    )


def _show_entry(entry: SettingEntry, ui: Ui, *, here: Path) -> None:
    if entry.problem is not None:
        now, style = entry.problem, "bad"
    elif entry.value is None:
        now, style = _("not set"), "hint"
    else:
        now = _("{value} (from {source})").format(value=entry.value, source=_near(entry, here))
        style = "hint" if entry.source_kind is SourceKind.DEFAULT else "good"
    blocks.paragraph(ui, joined((entry.key, now)), indent=0, style=style)
    blocks.paragraph(ui, entry.help, indent=4)
    notes = (*_made_by(entry), _("default: {value}").format(value=entry.default))
    blocks.paragraph(ui, chained(notes), indent=4, style="faint")


def _made_by(entry: SettingEntry) -> Iterator[str]:
    """The option and the variable; the first is followed by the form of its value."""
    if entry.flag:
        yield f"{entry.flag} {entry.form}".rstrip()
    if entry.variable:
        yield entry.variable if entry.flag else f"{entry.variable}={entry.form}"
    if not entry.flag and not entry.variable:
        yield entry.form


def _near(entry: SettingEntry, here: Path) -> str:
    """The source; a file in the current folder by its name only."""
    if entry.source == str(DEFAULT):
        return f"{DEFAULT}"
    path = Path(entry.source)
    return path.name if path.parent == here else entry.source
