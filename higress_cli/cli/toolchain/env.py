"""`hgw toolchain env`: parse, call, show."""

from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_

if TYPE_CHECKING:
    from higress_cli.commands import toolchain as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Print the environment variables that make a shell run the compilers as hgw does."),
    epilog='eval "$(hgw toolchain env)"\n'
    "hgw toolchain env --shell fish | source\n"
    "hgw toolchain env --shell powershell | Out-String | Invoke-Expression\n"
    "hgw toolchain env --shell cmd > tools.cmd && call tools.cmd\n"
    'hgw toolchain env --shell github >> "$GITHUB_ENV"',
)
def env(
    ctx: typer.Context,
    shell: Annotated[
        str | None,
        typer.Option(
            "--shell",
            metavar="sh|fish|powershell|cmd|github",
            help=N_("the shell to print for; default: the one that started hgw"),
        ),
    ] = None,
) -> None:
    from higress_cli.commands import toolchain as use_case

    finish(ctx, use_case.environment(invocation(ctx).session(), shell=shell), _show)


def _show(result: "use_case.EnvironmentResult", ui: Ui) -> None:
    for line in result.lines:
        ui.data(line)
