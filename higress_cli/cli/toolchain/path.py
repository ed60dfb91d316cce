"""`hgw toolchain path`: parse, call, show."""

from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_

if TYPE_CHECKING:
    from higress_cli.commands import toolchain as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Print the paths of the tools that a build in this folder uses, or of TOOL alone."),
    epilog='hgw toolchain path\n"$(hgw toolchain path go)" env GOROOT',
)
def path(
    ctx: typer.Context,
    tool: Annotated[
        str | None, typer.Argument(metavar="TOOL", show_default=False, help=N_("go, tinygo or wasm-opt"))
    ] = None,
) -> None:
    from higress_cli.commands import toolchain as use_case

    result = use_case.tool_paths(invocation(ctx).session(), tool=tool)
    finish(ctx, result, _show_alone if tool else _show)


def _show(result: "use_case.PathsResult", ui: Ui) -> None:
    blocks.columns(ui, (), [(blocks.tool_title(tool.name), tool.version, str(tool.path)) for tool in result.tools])


def _show_alone(result: "use_case.PathsResult", ui: Ui) -> None:
    ui.data(str(result.tools[0].path))
