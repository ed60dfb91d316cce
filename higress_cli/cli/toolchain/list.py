"""`hgw toolchain list`: parse, call, show."""

from typing import TYPE_CHECKING

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _, joined
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands import toolchain as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "List the tools in hgw's store and on the PATH with version, source and size. A * marks the tools that a"
        " build in this folder uses; damaged ones are named below."
    ),
    epilog="hgw toolchain list\nhgw -C my-plugin toolchain list\nhgw toolchain list --output json",
)
def list_(ctx: typer.Context) -> None:
    from higress_cli.commands import toolchain as use_case

    finish(ctx, use_case.list_tools(invocation(ctx).session()), _show)


def _show(result: "use_case.ToolsResult", ui: Ui) -> None:
    blocks.columns(
        ui,
        ("", _("tool"), _("version"), _("source"), _("size"), _("where")),
        [
            (
                "*" if tool.used else "",
                blocks.tool_title(tool.name),
                tool.version or "?",
                tool.source,
                size(tool.bytes) if tool.bytes is not None else "",
                str(tool.path),
            )
            for tool in result.tools
        ],
    )
    for tool in result.tools:
        if tool.problem:
            ui.line()
            blocks.item(
                ui,
                "bad",
                joined((f"{blocks.tool_title(tool.name)} {tool.version or ''}".rstrip(), tool.problem)),
                indent=0,
            )
            if tool.bytes is not None:
                blocks.paragraph(ui, _("`hgw install` repairs what a build needs"), indent=4)
    ui.line()
    total = _("store: {path}, {size}").format(path=result.store, size=size(result.bytes))
    blocks.paragraph(ui, total, indent=0, style="faint")
