"""`hgw toolchain exec`: run a program in this terminal with hgw's tools on its PATH."""

from typing import Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.i18n import N_

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "Run a program with the compilers of this folder on its PATH. It gets the terminal, and hgw returns its exit"
        " code. With --output json its output goes to stderr."
    ),
    epilog="hgw toolchain exec -- tinygo version\nhgw -C my-plugin toolchain exec -- go vet ./...",
    context_settings={"allow_interspersed_args": False},
)
def exec_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- PROGRAM [ARGS]", show_default=False, help=N_("the program and its arguments")),
    ] = None,
) -> None:
    from higress_cli.commands import toolchain as use_case

    call = invocation(ctx)
    result = use_case.execute(call.session(), argv=words or (), keep_stdout=call.ui.output == "json")
    finish(ctx, result, lambda _result, _ui: None)
