"""`hgw inspect`: parse, call, show."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.gateway_options import module_here
from higress_cli.i18n import N_
from higress_cli.settings.project import GATEWAY

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "Show what is in a WebAssembly module, whatever language it was written in, and whether a gateway accepts it."
    ),
    epilog="hgw inspect\nhgw inspect main.wasm --gateway v2.0.7\nhgw inspect main.wasm --diff old.wasm\n"
    "hgw inspect oci://registry.example.com/my-plugin:1.0.0",
)
def inspect(
    ctx: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|URL|oci://IMAGE|-",
            show_default=False,
            help=N_("the module; default: that of the plugin here; - reads standard input"),
        ),
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option("--gateway", metavar="VERSION", help=N_("exit with 1 if this gateway would refuse the module")),
    ] = None,
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="FILE|URL|oci://IMAGE", help=N_("show what differs from this module")),
    ] = None,
) -> None:
    from higress_cli.cli.inspect_view import show
    from higress_cli.commands import inspect as use_case

    call = invocation(ctx)
    session = call.session().typed({GATEWAY: gateway} if gateway else {})
    named, warnings = (address, ()) if address else module_here(call)
    result = use_case.inspect(session, str(named), other=diff, stdin=sys.stdin.buffer.read)
    finish(
        ctx,
        replace(result, warnings=(*warnings, *result.warnings)),
        lambda shown, ui: show(shown, ui, session.directory),
    )
