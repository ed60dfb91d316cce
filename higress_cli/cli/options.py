"""The options of commands: those of settings, made from the table, and those that every command takes."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Final

import typer

from higress_cli.cli.context import Invocation, command_id
from higress_cli.cli.typer_seam import GLOBAL_PANEL, Parameter, parameters_of
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, chained, language, listed
from higress_cli.settings.kinds import Switch
from higress_cli.settings.resolver import GivenValue
from higress_cli.settings.setting import EVERY_COMMAND, Setting
from higress_cli.settings.table import SETTINGS
from higress_cli.spelling import nearest

_SETTINGS_FILE: Final = "hgw.yaml"


def word_option(flag: str, words: Sequence[str], *, help: str) -> object:  # noqa: A002 -- as Typer calls it
    """An option that takes one of `words` and is no setting; anything else is `choice-invalid`."""

    def check(value: str | None) -> str | None:
        if value is not None and value not in words:
            message = _("`{value}` (from {source}) is none of: {choices}")
            raise UsageError(
                message.format(value=value, source=flag, choices=listed(words)),
                code="choice-invalid",
                again=(flag, *(nearest(value, words) or words)[:1]),
            )
        return value

    return typer.Option(flag, metavar="|".join(words), show_default=False, callback=check, help=help)


def setting_parameters(command: str) -> list[Parameter]:
    """New parameter objects for the settings that the command with this id takes, without the global ones."""
    own = [item for item in SETTINGS if item.flag and item.commands != EVERY_COMMAND and item.counts_in(command)]
    return _parameters(own, command)


def group_parameters() -> list[Parameter]:
    """The parameter objects for the options that every group takes."""
    return list(_group_parameters(language()))


def command_parameters() -> list[Parameter]:
    """The parameter objects for the options that every command takes."""
    return [*parameters_of(_schema_option), *group_parameters()]


@cache
def _group_parameters(_language: str) -> list[Parameter]:
    """The root, a group and a command share them: they are made once in a call of hgw."""
    settings = (setting for setting in SETTINGS if setting.flag and setting.commands == EVERY_COMMAND)
    return [*_parameters(settings), *parameters_of(_common_options)]


def _parameters(settings: Iterable[Setting[object]], command: str = "") -> list[Parameter]:
    def holder() -> None:
        """Exists only for its signature, which Typer turns into parameters."""

    parameters = [_parameter(setting, command) for setting in settings]
    holder.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # functions take any attribute
    holder.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return parameters_of(holder)


def _parameter(setting: Setting[object], command: str) -> inspect.Parameter:
    is_switch = isinstance(setting.kind, Switch)
    kind: object = bool if is_switch else list[str] | None if setting.kind.repeatable else str | None
    option = typer.Option(
        *filter(None, (setting.short, setting.flag)),
        help=_about(setting),
        metavar=None if is_switch else setting.metavars.get(command, setting.kind.metavar),
        callback=_remembering(setting),
        expose_value=False,
        rich_help_panel=GLOBAL_PANEL if setting.commands == EVERY_COMMAND else None,
    )
    return inspect.Parameter(
        setting.flag.removeprefix("--").replace("-", "_"),
        inspect.Parameter.KEYWORD_ONLY,
        default=False if is_switch else None,
        annotation=Annotated[kind, option],
    )


def _about(setting: Setting[object]) -> str:
    default = (_("default: {value}").format(value=setting.shown_default),) if setting.has_default else ()
    return _("{help} ({notes})").format(help=_(setting.help), notes=chained((setting.variable, *default)))


def _remembering(setting: Setting[object]) -> Callable[[typer.Context, GivenValue], GivenValue]:
    def remember(ctx: typer.Context, value: GivenValue) -> GivenValue:
        """Validate and keep the typed value; the last occurrence wins."""
        invocation = ctx.find_root().obj
        if isinstance(invocation, Invocation) and value not in (None, False, []):
            invocation.given[setting] = value
            invocation.configure()
            invocation.choose(setting)
        return value

    return remember


def _show_help(ctx: typer.Context, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        typer.echo(ctx.get_help())
        raise typer.Exit


def _print_schema(ctx: typer.Context, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        command = command_id(ctx.command_path)
        found = ctx.find_root().obj
        if command == "help" and isinstance(found, Invocation) and _SETTINGS_FILE in found.argv:
            from higress_cli.project.file_schema import file_schema_text  # noqa: PLC0415 -- when it is asked for

            typer.echo(file_schema_text().rstrip())
        else:
            name = f"{command.replace(' ', '-')}.json"
            typer.echo(resources.files("higress_cli.data").joinpath("schemas", name).read_text("utf-8").rstrip())
        raise typer.Exit


def _common_options(
    help: Annotated[  # noqa: A002 -- the option is called so
        bool,
        typer.Option(
            "-h",
            "--help",
            help=N_("show this help and exit"),
            callback=_show_help,
            is_eager=True,
            expose_value=False,
            rich_help_panel=GLOBAL_PANEL,
        ),
    ] = False,
) -> None:
    """Exists only for its signature: the option that every command and group has besides the settings."""


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
    """Exists only for its signature: the option that every command has, but no group."""
