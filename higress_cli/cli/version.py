"""`hgw version`: parse, call, show."""

import platform
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from higress_cli import __version__
from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_
from higress_cli.system.host import this_host

if TYPE_CHECKING:
    from higress_cli.commands.help_and_version import VersionResult

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Print hgw's version; with -v also what runs it and where it is."),
    epilog="hgw version\nhgw version -v\nhgw version --output json",
)
def version(ctx: typer.Context) -> None:
    from higress_cli.commands.help_and_version import VersionResult

    result = VersionResult(
        version=__version__,
        python=platform.python_version(),
        platform=this_host().platform,
        path=Path(__file__).absolute().parents[1],
    )
    finish(ctx, result, _show)


def _show(result: "VersionResult", ui: Ui) -> None:
    if not ui.verbose:
        ui.line(f"hgw {result.version}")
        return
    blocks.columns(
        ui, (), [("hgw", f"{result.version}  {result.path}"), ("Python", result.python), ("", result.platform)]
    )
