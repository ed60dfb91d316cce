"""`hgw install`: parse, call, show."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

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
    _columns(
        ui,
        (_("tool"), _("version"), _("source"), _("where")),
        [(_title(tool.name), tool.version, tool.source, str(tool.path)) for tool in result.tools],
    )
    passed_over = [(tool, item) for tool in result.tools for item in tool.tried]
    if passed_over:
        ui.line()
        ui.line(_("Sources that were passed over:"), "faint")
    for tool, item in passed_over:
        ui.line(f"  {_title(tool.name)}: {item.source}: {item.reason}", "faint")
    if result.toolset is not None:
        ui.line()
        ui.line(_("Ready. Next: `hgw init my-plugin` makes a plugin, `hgw build` compiles the one in this folder."))


def _columns(ui: Ui, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns whose last one is never folded: a path has to survive being copied."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[index]) for row in (headings, *rows)) for index in range(len(headings) - 1)]
    for row in (headings, *rows):
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row[:-1], widths, strict=True)]
        ui.line("  ".join([*padded, row[-1]]), "strong" if row is headings else "")


def _title(name: str) -> str:
    return "wasm-opt" if name == "binaryen" else name
