"""The commands of hgw: one module per command, one package per group, imported when they are called."""

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Final, TypeVar

import typer

from higress_cli import __version__
from higress_cli.cli import shell_completion
from higress_cli.cli.command_names import COMMANDS
from higress_cli.cli.context import Invocation, command_id
from higress_cli.cli.options import command_parameters, group_parameters, setting_parameters
from higress_cli.cli.typer_seam import Command, Context, HgwCommand, HgwGroup, command_of
from higress_cli.cli.ui import Ui, ending_with, writing
from higress_cli.cli.usage import command_missing, no_such_command
from higress_cli.errors import ExitCode
from higress_cli.i18n import N_
from higress_cli.result import Result, envelope

__all__ = ["COMMANDS", "HgwCommand", "build_command", "finish", "invocation", "new_app", "new_group"]

R = TypeVar("R", bound=Result)
_PACKAGE: Final = "higress_cli.cli"


class Commands(HgwGroup):
    """A group whose commands are the modules `names` of the package `package`."""

    package: str = _PACKAGE
    names: tuple[str, ...] = COMMANDS

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 -- the signature is Typer's
        return list(self.names)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in self.names:
            return None
        path = command_id(f"{ctx.command_path} {cmd_name}")
        return _load(f"{self.package}.{cmd_name.replace('-', '_')}", cmd_name, path=path)

    def invoke(self, ctx: Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            # Typer would turn it into exit code 130, which could also come from a program that hgw ran.
            raise typer.Abort from interrupt

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, *rest = args
        command = self.get_command(ctx, name)
        if command is None:
            if ctx.resilient_parsing:
                return None, None, rest
            raise no_such_command(name, self.names, group=ctx.command_path)
        if isinstance(found := ctx.find_root().obj, Invocation):
            found.command = command_id(f"{ctx.command_path} {name}")
        return name, command, rest


def new_app() -> typer.Typer:
    """An app for one command: `app.command(...)` is the decorator of its function."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def new_group(*, help: str, epilog: str) -> typer.Typer:  # noqa: A002 -- as Typer calls it
    """An app for a group: a package that lists its modules in a tuple `COMMANDS`."""
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        invoke_without_command=True,
    )
    app.callback(help=help, epilog=epilog)(_without_command)
    return app


root = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
)


def build_command() -> Command:
    """The whole command tree, in the active language."""
    command = command_of(root)
    command.params += group_parameters()
    return command


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that a command runs in."""
    found = ctx.find_root().obj
    assert isinstance(found, Invocation)  # noqa: S101 -- main puts it there
    found.command = command_id(ctx.command_path)
    found.parsed()
    return found


def finish(ctx: typer.Context, result: R, show: Callable[[R, Ui], None]) -> None:
    """Print the result, `show(result, ui)` as text or its envelope as JSON, and end with its exit code."""
    call = invocation(ctx)
    with ending_with(int(result.exit_code)):
        if call.ui.output == "json":
            call.ui.document(envelope(call.command, result))
        else:
            show(result, call.ui)
            for warning in result.warnings:
                call.ui.warn(warning)
    if result.exit_code != ExitCode.OK:
        raise typer.Exit(int(result.exit_code))


def _load(module_name: str, name: str, *, path: str) -> Command:
    """The command or group that a module declares as `app`, with the options that every command takes."""
    module = import_module(module_name)
    command = command_of(module.app)
    command.name = name
    if isinstance(command, Commands):
        command.package, command.names = module_name, module.COMMANDS
        command.params += group_parameters()
    else:
        command.params = [*setting_parameters(path), *command.params, *command_parameters()]
    return command


def _without_command(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is not None:
        return
    if invocation(ctx).ui.output == "json":
        raise command_missing(ctx.command_path)
    typer.echo(ctx.get_help(), err=True)
    raise typer.Exit(int(ExitCode.USAGE))


def _print_version(value: bool) -> None:
    if value:
        with writing("stdout"):
            print(f"hgw {__version__}", flush=True)  # noqa: T201
        raise typer.Exit


@root.callback(
    help=N_("Install, scaffold, build, run and verify Higress gateway WASM plugins written in Go."),
    epilog="hgw quickstart\nhgw init my-plugin\nhgw -C my-plugin build --abi 0.2.100",
)
def _root(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 -- its callback acts
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, expose_value=False, help=N_("print hgw's version")
        ),
    ] = False,
    install_completion: Annotated[  # noqa: ARG001 -- its callback acts
        bool,
        typer.Option(
            "--install-completion",
            callback=shell_completion.install,
            expose_value=False,
            help=N_("install completion for the current shell"),
        ),
    ] = False,
    show_completion: Annotated[  # noqa: ARG001 -- its callback acts
        bool,
        typer.Option(
            "--show-completion",
            callback=shell_completion.show,
            expose_value=False,
            help=N_("print completion for the current shell, to copy or adapt it"),
        ),
    ] = False,
) -> None:
    _without_command(ctx)
