"""The options that every command takes, before or after its name."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from higress_cli import i18n
from higress_cli.cli.context import COLORS, OUTPUTS, Invocation, command_id
from higress_cli.cli.typer_seam import GLOBAL_PANEL, parameters_of
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


def _show_help(ctx: typer.Context, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        typer.echo(ctx.get_help())
        raise typer.Exit


def _print_schema(ctx: typer.Context, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        name = f"{command_id(ctx.command_path).replace(' ', '-')}.json"
        typer.echo(resources.files("higress_cli.data").joinpath("schemas", name).read_text("utf-8").rstrip())
        raise typer.Exit


def _option(
    *names: str,
    help: str,  # noqa: A002 -- as Typer calls it
    metavar: str | None = None,
    callback: Any = _remember,
    is_eager: bool = False,
) -> Any:
    return typer.Option(
        *names,
        help=help,
        metavar=metavar,
        callback=callback,
        is_eager=is_eager,
        expose_value=False,
        rich_help_panel=GLOBAL_PANEL,
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
    help: Annotated[  # noqa: A002 -- the option is called so
        bool, _option("-h", "--help", help=N_("show this help and exit"), callback=_show_help, is_eager=True)
    ] = False,
) -> None:
    """Exists for its signature: Typer turns it into the parameters that every command and group gets."""


def _schema_option(
    json_schema: Annotated[
        bool,
        typer.Option(
            "--json-schema",
            is_eager=True,
            callback=_print_schema,
            expose_value=False,
            help=N_("print the JSON Schema of `data` and exit"),
        ),
    ] = False,
) -> None:
    """Exists for its signature: the option that every command gets, and no group."""


def group_parameters() -> list[Any]:
    """Fresh parameter objects of the options that every group takes."""
    return parameters_of(_global_options)


def command_parameters() -> list[Any]:
    """Fresh parameter objects of the options that every command takes."""
    return [*parameters_of(_schema_option), *parameters_of(_global_options)]
