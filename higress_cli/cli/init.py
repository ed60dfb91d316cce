"""`hgw init`: parse, ask if interactive, call, show."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.context import Invocation
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, listed
from higress_cli.nearest import nearest
from higress_cli.session import Session
from higress_cli.settings.machine import LANG, TEMPLATE

if TYPE_CHECKING:
    from higress_cli.cli.init_wizard import Order
    from higress_cli.commands.init_answers import Wishes

app = new_app()


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
    ci: Annotated[
        str | None, typer.Option("--ci", metavar="github|gitlab", help=N_("add files for a CI system"))
    ] = None,
    editor: Annotated[
        str | None, typer.Option("--editor", metavar="vscode", help=N_("add settings for an editor"))
    ] = None,
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
    from higress_cli.cli.init_show import show_project, show_templates
    from higress_cli.commands import init as use_case
    from higress_cli.commands.init_answers import Wishes
    from higress_cli.commands.init_existing import init_existing

    call = invocation(ctx)
    session = call.session()
    if list_templates:
        finish(ctx, use_case.templates(lang=call.lang), show_templates)
        return
    additions = use_case.Additions(
        ci=_one_of(ci, "--ci", use_case.CI_SYSTEMS),
        editor=_one_of(editor, "--editor", use_case.EDITORS),
        devcontainer=devcontainer,
        git=bool(git),
    )
    wishes = Wishes(module=module, lang=call.lang, variables=dict(_pair(text) for text in variables or ()))
    asks = session.interactive and not (defaults or session.assume_yes or existing)
    directory = session.directory if existing and where is None else _folder(call, where, asks=asks)
    result: use_case.InitResult
    if existing:
        _refuse_together(session, force=force)
        result = init_existing(session, directory=directory, wishes=wishes, additions=additions, dry_run=dry_run)
    else:
        if asks:
            order = _completed(call, wishes, directory=directory, git=git)
            session, wishes = order.session, order.wishes
            additions = replace(additions, git=bool(order.git))
        result = use_case.init(
            session, directory=directory, wishes=wishes, additions=additions, force=force, dry_run=dry_run
        )
    finish(ctx, result, lambda shown, ui: show_project(shown, ui, here=call.session().directory))


def _folder(call: Invocation, where: Path | None, *, asks: bool) -> Path:
    """The folder of the new plugin: DIR, the current folder if it is empty, or the answer to a question."""
    from higress_cli.cli.init_wizard import ask_folder
    from higress_cli.commands.init import is_empty, not_empty

    session = call.session()
    if where is None and not is_empty(session.directory):
        if not asks:
            raise not_empty(session.directory)
        where = ask_folder(session, call.ui)
    directory = session.folder(where)
    return directory.resolve() if ".." in directory.parts else directory


def _completed(call: Invocation, wishes: "Wishes", *, directory: Path, git: bool | None) -> "Order":
    """What was asked for on the command line, completed with answers at the terminal."""
    from higress_cli.cli.init_wizard import Order, complete

    order = Order(session=call.session(), wishes=wishes, lang_given=call.choose(LANG).value is not None, git=git)
    return complete(order, ui=call.ui, directory=directory)


def _refuse_together(session: Session, *, force: bool) -> None:
    wrong = TEMPLATE.flag if session.given.get(TEMPLATE) else "--force" if force else None
    if wrong:
        raise UsageError(
            _("--from-existing cannot be combined with {option}: it only adds what is missing").format(option=wrong),
            code="options-conflict",
            hint="hgw init --from-existing",
        )


def _one_of(given: str | None, option: str, choices: Collection[str]) -> str | None:
    if given is not None and given not in choices:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=given, source=option, choices=listed(choices)
            ),
            code="choice-invalid",
            again=(option, *(nearest(given, choices) or list(choices))[:1]),
        )
    return given


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator:
        raise UsageError(
            _("`{given}` (from --set) is not NAME=VALUE").format(given=given), code="usage", hint="hgw init --help"
        )
    return name, value
