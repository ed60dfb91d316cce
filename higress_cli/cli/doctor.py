"""`hgw doctor`: parse, call, show."""

from dataclasses import replace
from typing import Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.i18n import N_

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Check the machine and the project: problems, their causes and their fixes."),
    epilog="hgw doctor\nhgw doctor go tinygo\nhgw doctor --fix\nhgw doctor --output json --strict",
)
def doctor(
    ctx: typer.Context,
    checks: Annotated[
        list[str] | None,
        typer.Argument(metavar="CHECK", show_default=False, help=N_("checks to run; default: all")),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help=N_("fix what hgw can; asks before changing your files"))] = False,
    strict: Annotated[bool, typer.Option("--strict", help=N_("warnings count as errors"))] = False,
    list_checks: Annotated[bool, typer.Option("--list-checks", help=N_("list the checks and exit"))] = False,
) -> None:
    from higress_cli.cli import doctor_view
    from higress_cli.commands import doctor as use_case
    from higress_cli.project.project import plugin_here  # noqa: PLC0415 -- with the use-case

    if list_checks:
        finish(ctx, use_case.list_checks(), doctor_view.show_list)
        return
    call = invocation(ctx)
    session = call.session()
    session = replace(session, directory=call.works_in(plugin_here(session.directory)))
    finish(
        ctx,
        use_case.doctor(session, wanted=checks or (), fix=fix, strict=strict),
        lambda shown, ui: doctor_view.show(shown, ui, fixes=fix),
    )
