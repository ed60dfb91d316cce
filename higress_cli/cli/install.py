"""`hgw install`: parse, call, show."""

from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _

if TYPE_CHECKING:
    from higress_cli.commands import install as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "Get a set of tools that work together: Go, TinyGo and wasm-opt. Tools of this machine that fit are used as"
        " they are; others go into hgw's own store, and nothing else is changed."
    ),
    epilog=(
        "hgw install\n"
        "hgw install --profile go\n"
        "hgw install go@1.20.14 tinygo@0.29.0 --source archive\n"
        "hgw install tinygo --archive ./tinygo.tar.gz --sha256 46efb5...\n"
        "HGW_MIRROR_GITHUB=https://mirror.example/github hgw install"
    ),
)
def install(
    ctx: typer.Context,
    tools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOOL[@VERSION]",
            show_default=False,
            help=N_("go, tinygo or binaryen; default: all that the project here needs"),
        ),
    ] = None,
    archive: Annotated[
        str | None, typer.Option("--archive", metavar="PATH|URL", help=N_("install TOOL from this archive"))
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help=N_("the digest that --archive must have"))
    ] = None,
) -> None:
    from higress_cli.commands import install as use_case

    result = use_case.install(
        invocation(ctx).session(),
        tools=tools or (),
        archive=archive,
        sha256=sha256,
    )
    finish(ctx, result, _show)


def _show(result: "use_case.InstallResult", ui: Ui) -> None:
    blocks.columns(
        ui,
        (_("tool"), _("version"), _("source"), _("where")),
        [(blocks.tool_title(tool.name), tool.version, tool.source, str(tool.path)) for tool in result.tools],
    )
    passed_over = [(tool, tried) for tool in result.tools for tried in tool.tried]
    if passed_over:
        ui.line()
        ui.line(_("Sources that were passed over:"), "faint")
    for tool, tried in passed_over:
        blocks.paragraph(ui, f"{blocks.tool_title(tool.name)}: {tried.source}: {tried.reason}", indent=2, style="faint")
    if result.toolset is not None:
        blocks.next_commands(
            ui,
            _("Ready. Next:"),
            (
                ("hgw init my-plugin", _("make a plugin")),
                ("hgw build", _("compile the one in this folder")),
            ),
        )
