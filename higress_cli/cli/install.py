"""`hgw install`: parse, call, show."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _, joined, listed, noted
from higress_cli.settings.machine import MIRROR_GITHUB
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands import install as use_case

app = new_app()
_ARCHIVE: Final = "archive"


@app.command(
    cls=HgwCommand,
    help=N_(
        "Get a set of tools that work together: Go, TinyGo and wasm-opt. Tools of this machine that fit are used as"
        " they are; others go into hgw's own store. Nothing else is changed without your consent,"
        " which only wasm-opt from dnf, pacman, Homebrew or Scoop needs."
    ),
    epilog=(
        "hgw install\n"
        "hgw install --dry-run\n"
        "hgw install --profile go\n"
        "hgw install go@1.20.14 tinygo@0.29.0 --source archive\n"
        "hgw install tinygo --archive ./tinygo.tar.gz --sha256 46efb5...\n"
        f"{MIRROR_GITHUB.variable}=https://mirror.example/github hgw install"
    ),
)
def install(
    ctx: typer.Context,
    tools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOOL[@VERSION]",
            show_default=False,
            help=N_("go, tinygo or wasm-opt; default: all that the project here needs"),
        ),
    ] = None,
    archive: Annotated[
        str | None, typer.Option("--archive", metavar="PATH|URL", help=N_("install TOOL from this archive"))
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", metavar="HEX", help=N_("the digest that --archive must have"))
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help=N_("show what would be fetched, from where and how large it is; change nothing")
        ),
    ] = False,
) -> None:
    from higress_cli.commands import install as use_case

    wishes = use_case.Wishes(tools=tools or (), archive=archive, sha256=sha256)
    result = use_case.install(invocation(ctx).session(), wishes, dry_run=dry_run)
    finish(ctx, result, _show)


def _show(result: "use_case.InstallResult", ui: Ui) -> None:
    if result.tools:
        blocks.columns(
            ui,
            (_("tool"), _("version"), _("source"), _("where")),
            [(blocks.tool_title(tool.name), tool.version, tool.source, str(tool.path)) for tool in result.tools],
        )
    if result.planned:
        _show_planned(result, ui)
    passed_over = [(tool.name, tried) for tool in result.tools for tried in tool.tried]
    passed_over += [(tool.name, tried) for tool in result.planned for tried in tool.tried]
    if passed_over:
        ui.line()
        ui.line(_("Sources that were skipped:"), "faint")
    for name, tried in passed_over:
        blocks.paragraph(ui, joined((blocks.tool_title(name), tried.source, tried.reason)), indent=2, style="faint")
    if result.dry_run:
        ui.line()
        blocks.paragraph(ui, _dry_run_summary(result), indent=0)
    elif result.toolset is not None:
        blocks.next_commands(
            ui,
            _("Ready. Next:"),
            (
                ("hgw init my-plugin", _("make a plugin")),
                ("hgw build", _("compile the one in this folder")),
            ),
        )


def _show_planned(result: "use_case.InstallResult", ui: Ui) -> None:
    if result.tools:
        ui.line()
    ui.line(_("Would be fetched:"), "strong")
    for tool in result.planned:
        named = f"{blocks.tool_title(tool.name)} {tool.version or ''}".rstrip()
        ui.line(f"  {noted(named, listed((tool.source, _size(tool.bytes))))}")
        for download in tool.downloads:
            amount = _("kept from an earlier download") if download.kept else _size(download.bytes)
            # If a client such as apt decides, its own name for the download says more than an address.
            ui.line(f"    {download.url if tool.source == _ARCHIVE else download.name}  {amount}")
        if tool.consent is not None:
            ui.line("    " + _("needs consent, since it changes the system: `{command}`").format(command=tool.consent))
        if tool.path is not None:
            ui.line(f"    -> {tool.path}")


def _dry_run_summary(result: "use_case.InstallResult") -> str:
    if not result.planned:
        return _("Everything is already here; `hgw install` would fetch nothing.")
    sizes = [tool.bytes for tool in result.planned]
    known = size(sum(one for one in sizes if one is not None))
    if None in sizes:
        return _("{size} in total, plus downloads of unknown size. Nothing was changed.").format(size=known)
    return _("{size} in total. Nothing was changed.").format(size=known)


def _size(count: int | None) -> str:
    return _("size unknown") if count is None else size(count)
