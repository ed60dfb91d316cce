"""`hgw init`: parse, ask where a person is there, call, show."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli import i18n
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _
from higress_cli.session import Session

if TYPE_CHECKING:
    from higress_cli.cli.init_wizard import Order
    from higress_cli.commands import init as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Make a plugin project from a template, in DIR or in the current folder."),
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
        typer.Argument(metavar="DIR", show_default=False, help=N_("folder of the plugin; default: the current folder")),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option("--template", "-t", metavar="NAME|DIR", help=N_("a template's name, or a folder that is one")),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help=N_("the plugin's name; default: that of the folder"))
    ] = None,
    module: Annotated[
        str | None, typer.Option("--module", metavar="PATH", help=N_("the Go module path; default: the name"))
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", metavar="tinygo|go", help=N_("the compiler"))] = None,
    abi: Annotated[
        str | None, typer.Option("--abi", metavar="0.2.1|0.2.100|all", help=N_("the ABI to build for"))
    ] = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", metavar="VERSION", help=N_("the gateway it is for, such as v2.0.7"))
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help=N_("an answer to one of the template's own questions")),
    ] = None,
    ci: Annotated[
        str | None, typer.Option("--ci", metavar="github|gitlab", help=N_("also files for a CI system"))
    ] = None,
    editor: Annotated[
        str | None, typer.Option("--editor", metavar="vscode", help=N_("also settings for an editor"))
    ] = None,
    devcontainer: Annotated[bool, typer.Option("--devcontainer", help=N_("also a devcontainer"))] = False,
    git: Annotated[bool | None, typer.Option("--git/--no-git", help=N_("make a git repository of it"))] = None,
    existing: Annotated[
        bool, typer.Option("--from-existing", help=N_("add what a plugin lacks that has its Go code already"))
    ] = False,
    defaults: Annotated[bool, typer.Option("--defaults", help=N_("ask nothing, take the defaults"))] = False,
    force: Annotated[bool, typer.Option("--force", help=N_("overwrite files that are different"))] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("show what would be written, write nothing"))] = False,
    list_templates: Annotated[bool, typer.Option("--list-templates", help=N_("list the templates and end"))] = False,
) -> None:
    from higress_cli.cli.init_show import show_project, show_templates
    from higress_cli.cli.init_wizard import Order, complete
    from higress_cli.commands import init as use_case

    call = invocation(ctx)
    session = call.session()
    given = call.option("lang", "HGW_LANG", i18n.LANGUAGES)
    lang = given or i18n.language_of_locale(call.variables)
    if list_templates:
        finish(ctx, use_case.templates(lang=lang), show_templates)
        return
    directory = session.path(where.expanduser()) if where else session.directory
    if ".." in directory.parts:
        directory = directory.resolve()
    order = Order(
        template=template,
        name=name,
        module=module,
        profile=profile,
        abi=abi,
        gateway=gateway,
        lang=lang,
        lang_given=given is not None,
        git=git,
        variables=dict(_pair(text) for text in variables or ()),
    )
    if existing:
        _refuse_together(template=template, force=force)
    elif session.interactive and not (defaults or session.assume_yes):
        order = complete(order, session=session, ui=call.ui, directory=directory)
    additions = use_case.Additions(
        ci=_one_of(ci, "--ci", use_case.CI_SYSTEMS),
        editor=_one_of(editor, "--editor", use_case.EDITORS),
        devcontainer=devcontainer,
        git=bool(order.git),
    )
    result = (
        _fill_up(session, directory, order, additions, dry_run=dry_run)
        if existing
        else _make(session, directory, order, additions, force=force, dry_run=dry_run)
    )
    finish(ctx, result, lambda shown, ui: show_project(shown, ui, here=session.directory))


def _make(
    session: Session, directory: Path, order: "Order", additions: "use_case.Additions", *, force: bool, dry_run: bool
) -> "use_case.InitResult":
    from higress_cli.commands import init as use_case

    return use_case.init(
        session,
        directory=directory,
        template=order.template,
        name=order.name,
        module=order.module,
        profile=order.profile,
        abi=order.abi,
        gateway=order.gateway,
        lang=order.lang,
        variables=order.variables,
        additions=additions,
        force=force,
        dry_run=dry_run,
    )


def _fill_up(
    session: Session, directory: Path, order: "Order", additions: "use_case.Additions", *, dry_run: bool
) -> "use_case.InitResult":
    from higress_cli.commands.init_existing import init_existing

    return init_existing(
        session, directory=directory, wishes=order.wishes, lang=order.lang, additions=additions, dry_run=dry_run
    )


def _refuse_together(*, template: str | None, force: bool) -> None:
    wrong = "--template" if template else "--force" if force else None
    if wrong:
        raise UsageError(
            _("--from-existing does not go with {option}: it only adds what is missing").format(option=wrong),
            code="options-conflict",
            hint="hgw init --from-existing",
        )


def _one_of(given: str | None, option: str, choices: Collection[str]) -> str | None:
    if given is not None and given not in choices:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=given, source=option, choices=", ".join(choices)
            ),
            code="choice-invalid",
            hint=f"{option} {next(iter(choices))}",
        )
    return given


def _pair(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator:
        raise UsageError(
            _("`{given}` (from --set) is not NAME=VALUE").format(given=given), code="usage", hint="hgw init --help"
        )
    return name, value
