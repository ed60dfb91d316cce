"""`hgw init`: parse, ask where a person is there, call, show."""

from pathlib import Path
from typing import Annotated

import typer

from higress_cli import i18n
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.commands import init as use_case
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Make a plugin project from a template, in DIR or in the current folder."),
    epilog="hgw init my-plugin\nhgw init my-plugin --profile go\nhgw init --list-templates\nhgw init . --dry-run",
)
def init(
    ctx: typer.Context,
    where: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", show_default=False, help=N_("where; default: the current folder"))
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", "-t", help=N_("a template's name, or its folder"))
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help=N_("the plugin's name; default: that of the folder"))
    ] = None,
    module: Annotated[str | None, typer.Option("--module", help=N_("the Go module path; default: the name"))] = None,
    profile: Annotated[str | None, typer.Option("--profile", metavar="tinygo|go", help=N_("the compiler"))] = None,
    abi: Annotated[
        str | None, typer.Option("--abi", metavar="0.2.1|0.2.100|all", help=N_("the ABI to build for"))
    ] = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", metavar="VERSION", help=N_("the gateway it is for"))
    ] = None,
    variables: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=N_("an answer to a template's own question"))
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=N_("overwrite files that are different"))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("show what would be written, write nothing"))] = False,
    list_templates: Annotated[bool, typer.Option("--list-templates", help=N_("list the templates"))] = False,
) -> None:
    call = invocation(ctx)
    session = call.session()
    lang = call.option("lang", "HGW_LANG", i18n.LANGUAGES) or i18n.language_of_locale(call.variables)
    if list_templates:
        finish(ctx, use_case.templates(lang=lang), _show_templates)
        return
    result = use_case.init(
        session,
        directory=session.path(where) if where else session.directory,
        template=template,
        name=name,
        module=module,
        profile=profile,
        abi=abi,
        gateway=gateway,
        lang=lang,
        variables=dict(_pair(given) for given in variables or ()),
        force=force,
        dry_run=dry_run,
    )
    finish(ctx, result, lambda shown, ui: _show(shown, ui, session.directory))


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator:
        raise UsageError(
            _("`{given}` (from --set) is not NAME=VALUE").format(given=given), code="usage", hint="hgw init --help"
        )
    return name, value


def _show_templates(result: use_case.TemplatesResult, ui: Ui) -> None:
    for entry in result.templates:
        ui.line(entry.name, "strong")
        ui.line(f"    {entry.title} ({', '.join(entry.profiles)}; ABI {', '.join(entry.abis)})")


def _show(result: use_case.InitResult, ui: Ui, here: Path) -> None:
    for file in result.files:
        mark, style = _MARKS[file.action]
        ui.marked(f"{_(mark):>9}", file.path.relative_to(result.directory).as_posix(), style)
    if result.dry_run:
        ui.line(_("nothing was written (--dry-run)"))
        return
    ui.line()
    ui.line(
        _("The plugin {name} is in {path}. Next:").format(name=result.variables["name"], path=result.directory),
        "strong",
    )
    if result.directory != here:
        target = result.directory.relative_to(here) if result.directory.is_relative_to(here) else result.directory
        ui.line(f"  cd {_quoted(str(target))}")
    ui.line(f"  hgw build       {_('compile it')}")
    ui.line(f"  hgw verify      {_('prove in a gateway that it works')}")
    ui.line(f"  hgw run         {_('try it: curl http://127.0.0.1:10000/get')}")
    if result.next_step:
        ui.line()
        ui.line(result.next_step)


def _quoted(path: str) -> str:
    return f'"{path}"' if any(character.isspace() for character in path) else path


_MARKS = {
    "create": (N_("create"), "good"),
    "identical": (N_("identical"), "faint"),
    "conflict": (N_("conflict"), "bad"),
    "overwrite": (N_("overwrite"), "warning"),
    "keep": (N_("keep"), "faint"),
}
