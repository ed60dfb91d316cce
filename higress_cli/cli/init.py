"""`hgw init`: parse, ask if interactive, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.context import Invocation
from higress_cli.cli.options import word_option
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _
from higress_cli.session import Session
from higress_cli.settings.machine import LANG, TEMPLATE

if TYPE_CHECKING:
    from higress_cli.cli.init_wizard import Order
    from higress_cli.commands.init import InitResult
    from higress_cli.commands.init_answers import Wishes

app = new_app()
Ci = Annotated[str | None, word_option("--ci", ("github", "gitlab"), help=N_("add files for a CI system"))]
Editor = Annotated[str | None, word_option("--editor", ("vscode",), help=N_("add settings for an editor"))]


@app.command(
    cls=HgwCommand,
    help=N_("Create a plugin project from a template, in DIR or in an empty current folder."),
    epilog="hgw init my-plugin\n"
    "hgw init my-plugin --template http-call --profile go --defaults\n"
    "hgw init --list-templates\n"
    "hgw init . --dry-run\n"
    "hgw init --from-existing --ci github --editor vscode",
)
def init(
    ctx: typer.Context,
    where: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            show_default=False,
            help=N_("folder of the plugin; default: the current folder, if it is empty"),
        ),
    ] = None,
    module: Annotated[
        str | None, typer.Option("--module", metavar="PATH", help=N_("the Go module path; default: the name"))
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help=N_("an answer to one of the template's questions")),
    ] = None,
    ci: Ci = None,
    editor: Editor = None,
    devcontainer: Annotated[bool, typer.Option("--devcontainer", help=N_("add a devcontainer"))] = False,
    git: Annotated[bool | None, typer.Option("--git/--no-git", help=N_("initialize a git repository"))] = None,
    existing: Annotated[
        bool, typer.Option("--from-existing", help=N_("add the missing files to existing Go code"))
    ] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help=N_("ask no questions, use the defaults"))] = False,
    force: Annotated[
        bool, typer.Option("--force", help=N_("overwrite files that are different; copies are kept"))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("show what would be written, write nothing"))] = False,
    list_templates: Annotated[bool, typer.Option("--list-templates", help=N_("list the templates and exit"))] = False,
) -> None:
    from higress_cli.cli.init_view import show_project
    from higress_cli.commands.init_answers import Additions, Wishes

    call = invocation(ctx)
    if list_templates:
        _list_templates(ctx)
        return
    additions = Additions(ci=ci, editor=editor, devcontainer=devcontainer, git=git)
    answers = dict(_pair(text) for text in variables or ())
    wishes = Wishes(module=module, lang=call.lang, variables=answers, additions=additions)
    if existing:
        result = _complete(call, where, wishes, force=force, dry_run=dry_run)
    else:
        result = _create(_order(call, where, wishes, asks=not defaults), force=force, dry_run=dry_run)
    finish(ctx, result, show_project)


def _list_templates(ctx: typer.Context) -> None:
    from higress_cli.cli.init_view import show_templates
    from higress_cli.commands import init as use_case

    finish(ctx, use_case.templates(lang=invocation(ctx).lang), show_templates)


def _order(call: Invocation, where: Path | None, wishes: "Wishes", *, asks: bool) -> "Order":
    """A new plugin in DIR or in an empty current folder; what is still open is asked for, where somebody can answer."""
    from higress_cli.cli import init_wizard
    from higress_cli.commands import init as use_case

    session = call.session()
    asks = asks and session.interactive and not session.assume_yes
    if asks:
        use_case.check_typed(session, directory=session.folder(where), wishes=wishes)
    if where is None and not use_case.is_empty(session.directory):
        if not asks:
            raise use_case.not_empty(session.directory, additions=wishes.additions)
        where = init_wizard.ask_folder(session, call.ui)
    elif asks and where is not None and (plugin := use_case.plugin_above(session.folder(where))):
        where = init_wizard.ask_folder_beside(plugin, session.folder(where), call.ui)
    order = init_wizard.Order(
        session=session,
        directory=session.folder(where),
        wishes=wishes,
        lang_given=call.choose(LANG).value is not None,
    )
    return init_wizard.complete(order, ui=call.ui) if asks else order


def _create(order: "Order", *, force: bool, dry_run: bool) -> "InitResult":
    from higress_cli.commands.init import init as create

    return create(order.session, directory=order.directory, wishes=order.wishes, force=force, dry_run=dry_run)


def _complete(call: Invocation, where: Path | None, wishes: "Wishes", *, force: bool, dry_run: bool) -> "InitResult":
    """What the plugin in DIR, or in the current folder, lacks."""
    from higress_cli.commands.init_existing import init_existing

    session = call.session()
    _refuse_together(session, force=force)
    return init_existing(session, directory=session.folder(where), wishes=wishes, dry_run=dry_run)


def _refuse_together(session: Session, *, force: bool) -> None:
    wrong = TEMPLATE.flag if session.given.get(TEMPLATE) else "--force" if force else None
    if wrong:
        raise UsageError(
            _("--from-existing cannot be combined with {option}: it only adds what is missing").format(option=wrong),
            code="options-conflict",
            hint="hgw init --from-existing",
        )


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator:
        raise UsageError(
            _("`{given}` (from --set) is not NAME=VALUE").format(given=given), code="usage", hint="hgw init --help"
        )
    return name, value
