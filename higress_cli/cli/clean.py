"""`hgw clean`: parse, call, show."""

from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands import clean as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Show how much space runs, caches and records take, and remove them. Installed tools stay."),
    epilog="hgw clean\nhgw clean --cache\nhgw clean --all --dry-run\nhgw clean --all",
)
def clean(
    ctx: typer.Context,
    runs: Annotated[
        bool, typer.Option("--runs", help=N_("remove the folders of runs that have ended, and records"))
    ] = False,
    cache: Annotated[bool, typer.Option("--cache", help=N_("remove what hgw can make or fetch again"))] = False,
    every: Annotated[bool, typer.Option("--all", help=N_("remove both"))] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=N_("show what would be removed, and remove nothing"))
    ] = False,
) -> None:
    from higress_cli.commands import clean as use_case

    wanted = {use_case.Group.RUNS: runs or every, use_case.Group.CACHE: cache or every}
    groups = frozenset(group for group, is_wanted in wanted.items() if is_wanted)
    result = use_case.clean(invocation(ctx).session(), groups=groups, dry_run=dry_run)
    finish(ctx, result, lambda shown, ui: _show(shown, ui, removes=bool(groups)))


def _show(result: "use_case.CleanResult", ui: Ui, *, removes: bool) -> None:
    if result.removed_bytes:
        (_show_what_would_go if result.dry_run else _show_removed)(result, ui)
        return
    if removes:
        ui.line(_("There is nothing to remove."))
        return
    rows = [(size(item.bytes), item.title, str(item.path)) for item in result.kept]
    blocks.columns(ui, (_("size"), _("what"), _("folder")), rows)
    ui.line()
    ui.line(_("{size} in all").format(size=size(result.bytes)))
    if result.bytes:
        blocks.next_commands(
            ui,
            _("To remove it:"),
            (
                ("hgw clean --runs", _("runs that have ended, and records")),
                ("hgw clean --cache", _("what hgw can make or fetch again; the next build then compiles again")),
                ("hgw clean --all", _("both")),
            ),
        )


def _show_what_would_go(result: "use_case.CleanResult", ui: Ui) -> None:
    rows = [(size(item.removed_bytes), item.title, str(item.path)) for item in result.kept if item.removed_bytes]
    blocks.columns(ui, (_("size"), _("what"), _("folder")), rows)
    ui.line()
    ui.line(_("would remove {size}").format(size=size(result.removed_bytes)))


def _show_removed(result: "use_case.CleanResult", ui: Ui) -> None:
    """What was removed of each folder and what is left there, and what follows for the next build."""
    rows = [(size(item.removed_bytes), size(item.bytes), item.title, str(item.path)) for item in result.kept]
    blocks.columns(ui, (_("removed"), _("left"), _("what"), _("folder")), rows)
    ui.line()
    removed, left = size(result.removed_bytes), size(result.bytes)
    ui.line(_("removed {size}, {left} left").format(size=removed, left=left), "good")
    if result.forgets_builds:
        gone = _("With the records of builds gone, the next build of each plugin compiles again.")
        blocks.paragraph(ui, gone, indent=0)
