"""The commands of hgw, each in a module of its own that is imported when it is called."""

from importlib import import_module, resources
from typing import Annotated, Any, Final, NoReturn

import typer

from higress_cli import __version__
from higress_cli.cli.context import Invocation
from higress_cli.cli.help import HgwCommand, HgwGroup, in_active_language
from higress_cli.cli.options import global_parameters
from higress_cli.cli.plain_values import with_plain_values
from higress_cli.cli.usage import no_such_command
from higress_cli.errors import ExitCode
from higress_cli.i18n import N_, _
from higress_cli.result import Result, envelope

# In the order of a plugin's life: that is how help lists them.
__all__ = ["COMMANDS", "HgwCommand", "build_command", "finish", "invocation", "new_app"]

COMMANDS: Final = ("quickstart", "install", "doctor", "init", "build", "run", "verify")
_PACKAGE: Final = "higress_cli.cli"


class Commands(HgwGroup):
    """The root group. It imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- the signature is Typer's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None if ctx.resilient_parsing else self._unknown(cmd_name)
        module = import_module(f"{_PACKAGE}.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.params = [*command.params, _schema_parameter(), *global_parameters()]
        return in_active_language(with_plain_values(command))

    def _unknown(self, name: str) -> NoReturn:
        if name.startswith("-"):
            raise typer.BadParameter(_("no such option: {option}").format(option=name))
        raise no_such_command(name, COMMANDS)


def new_app() -> typer.Typer:
    """An app for one command: `app.command(...)` is the decorator of its function."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


root = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"hgw {__version__}")
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
) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(int(ExitCode.USAGE))


def build_command() -> Any:
    """The whole command tree, in the active language."""
    command = typer.main.get_command(root)
    command.params = [*command.params, *global_parameters()]
    return in_active_language(with_plain_values(command))


def _print_schema(ctx: typer.Context, value: bool) -> None:
    if value:
        name = f"{ctx.info_name}.json"
        typer.echo(resources.files("higress_cli.data").joinpath("schemas", name).read_text("utf-8").rstrip())
        raise typer.Exit


def _schema_parameter() -> Any:
    def holder(
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
        pass

    app = typer.Typer(add_completion=False)
    app.command()(holder)
    return next(param for param in typer.main.get_command(app).params if param.name == "json_schema")


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that a command runs in."""
    found = ctx.find_root().obj
    assert isinstance(found, Invocation)  # noqa: S101 -- main puts it there
    found.command = str(ctx.info_name)
    return found


def finish(ctx: typer.Context, result: Result, show: Any) -> None:
    """Print the result, `show(result, ui)` as text or its envelope as JSON, and end with its exit code."""
    call = invocation(ctx)
    if call.ui.output == "json":
        call.ui.document(envelope(call.command, result))
    else:
        show(result, call.ui)
        for warning in result.warnings:
            call.ui.warn(warning)
    if result.exit_code is not ExitCode.OK:
        raise typer.Exit(int(result.exit_code))
