"""The options that every command takes, before or after its name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from higress_cli import i18n
from higress_cli.cli.context import COLORS, OUTPUTS, Invocation
from higress_cli.cli.help import GLOBAL_PANEL
from higress_cli.i18n import N_, _


def _remember(ctx: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
    """Keep what was typed in the invocation; the last place that says something wins."""
    invocation = ctx.find_root().obj
    if isinstance(invocation, Invocation) and value not in (None, False):
        invocation.options[str(param.name)] = value
        invocation.configure()
    return value


def _one_of(*choices: str) -> Any:
    def check(ctx: typer.Context, param: typer.CallbackParam, value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise typer.BadParameter(
                _("`{value}` is none of: {choices}").format(value=value, choices=", ".join(choices))
            )
        _remember(ctx, param, value)
        return value

    return check


def _option(*names: str, help: str, metavar: str | None = None, callback: Any = _remember) -> Any:  # noqa: A002
    return typer.Option(
        *names, help=help, metavar=metavar, callback=callback, expose_value=False, rich_help_panel=GLOBAL_PANEL
    )


def _global_options(
    directory: Annotated[
        Path | None, _option("-C", "--directory", metavar="DIR", help=N_("work as if started in DIR"))
    ] = None,
    output: Annotated[
        str | None,
        _option(
            "--output",
            metavar="text|json",
            help=N_("result as text, or one JSON document on stdout"),
            callback=_one_of(*OUTPUTS),
        ),
    ] = None,
    lang: Annotated[
        str | None,
        _option(
            "--lang",
            metavar="en|zh",
            help=N_("language; default from the locale"),
            callback=_one_of(*i18n.LANGUAGES),
        ),
    ] = None,
    color: Annotated[
        str | None,
        _option("--color", metavar="auto|always|never", help=N_("when to use colour"), callback=_one_of(*COLORS)),
    ] = None,
    quiet: Annotated[bool, _option("-q", "--quiet", help=N_("only results and errors"))] = False,
    verbose: Annotated[bool, _option("-v", "--verbose", help=N_("also the commands that are run"))] = False,
    debug: Annotated[bool, _option("--debug", help=N_("also tracebacks and all that child programs print"))] = False,
    offline: Annotated[bool, _option("--offline", help=N_("never use the network"))] = False,
    yes: Annotated[bool, _option("-y", "--yes", help=N_("agree to what would be asked"))] = False,
) -> None:
    """Exists for its signature: Typer turns it into the parameters that every command gets."""


def global_parameters() -> list[Any]:
    """Fresh parameter objects of the global options, to be added to a command."""
    holder = typer.Typer(add_completion=False)
    holder.command()(_global_options)
    return [param for param in typer.main.get_command(holder).params if param.name != "help"]
