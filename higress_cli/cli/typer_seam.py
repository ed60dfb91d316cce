"""Everything that hgw uses of Typer's private API: command classes, parameters, values, errors.

Typer 0.29 bundles its own Click, so Click's documented API is private here. No other module imports these names;
tests/unit/cli/test_typer_seam.py fails if one of them moves.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import typer
from typer._click import Command, Context
from typer._click.exceptions import BadOptionUsage, MissingParameter, NoSuchOption, UsageError
from typer._coercion import RuntimeParam
from typer._completion_classes import completion_init
from typer._completion_shared import Shells, _get_shell_name, get_completion_script, install
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption, _TyperParameter

from higress_cli.cli.help_page import Page, Row, first_sentence, render
from higress_cli.cli.wrap import terminal_width
from higress_cli.i18n import _

__all__ = [
    "COMPLETED_SHELLS",
    "BadOptionUsage",
    "Command",
    "Context",
    "HgwCommand",
    "HgwGroup",
    "MissingParameter",
    "NoSuchOption",
    "Parameter",
    "UsageError",
    "command_of",
    "completion_script",
    "detected_shell",
    "install_completion",
    "parameters_of",
]

GLOBAL_PANEL: Final = "global"
COMPLETED_SHELLS: Final = tuple(shell.value for shell in Shells)
_HELP_WIDTH: Final = 80
_PROGRAM: Final = "hgw"
Parameter = TyperArgument | TyperOption


def command_of(app: typer.Typer) -> Command:
    """The command or group that `app` declares, with its texts in the active language, and able to complete words."""
    completion_init()
    return _ready(typer.main.get_command(app))


def parameters_of(function: Callable[..., None]) -> list[Parameter]:
    """New parameter objects for the signature of `function`, to be added to a command."""
    holder = typer.Typer(add_completion=False)
    holder.command(cls=HgwCommand)(function)
    return list(_parameters(_ready(typer.main.get_command(holder))))


def detected_shell() -> str | None:
    """The name of the shell that started this process, such as `bash`; None if it cannot be told."""
    return _get_shell_name()


def completion_script(shell: str) -> str:
    """What makes one of `COMPLETED_SHELLS` complete hgw's words."""
    return get_completion_script(prog_name=_PROGRAM, complete_var=f"_{_PROGRAM.upper()}_COMPLETE", shell=shell)


def install_completion(shell: str) -> Path:
    """Write the script into the home folder, and what loads it into the shell's start-up file.

    Raises:
        OSError, UnicodeDecodeError: such a file cannot be written, or read.
    """
    return install(shell=shell, prog_name=_PROGRAM)[1]


def _ready(command: Command) -> Command:
    command.help = _(command.help) if command.help else command.help
    for param in _parameters(command):
        param.help = _(param.help) if param.help else param.help
        descriptor = param.type_descriptor
        param._runtime_param = PlainValue(  # noqa: SLF001 -- Typer has no public place for it
            parameter_info=descriptor.parameter_info, annotation=descriptor.annotation
        )
    return command


def _parameters(command: Command) -> Iterator[Parameter]:
    return (param for param in command.params if isinstance(param, Parameter))


# Values -------------------------------------------------------------------------------------------------------------


class PlainValue(RuntimeParam):
    """Converts what was typed without pydantic, whose import alone takes a tenth of a second.

    Typer builds a pydantic adapter for every parameter, given or not, and its messages are in English only.
    """

    def _coerce_value(self, value: object, param: _TyperParameter, ctx: Context) -> object:
        assert isinstance(param, Parameter)  # noqa: S101 -- Typer has no others
        if isinstance(value, (list, tuple)):
            return [_plain(item, self.annotation, param, ctx) for item in value]
        return _plain(value, self.annotation, param, ctx)


def _plain(value: object, annotation: object, param: Parameter, ctx: Context) -> object:
    if annotation in (str, list[str]):
        return str(value)
    if annotation in (Path, list[Path]):
        return Path(str(value))
    if annotation is bool and isinstance(value, bool):
        return value
    if annotation is int:
        return _whole_number(value, param, ctx)
    raise TypeError(f"{param.name}: hgw's command line has no values of the type {annotation}")


def _whole_number(value: object, param: Parameter, ctx: Context) -> int:
    try:
        number = int(str(value))
    except ValueError as error:
        raise typer.BadParameter(
            _("`{value}` is not a whole number").format(value=value), ctx=ctx, param=param
        ) from error
    if (param.min is not None and number < param.min) or (param.max is not None and number > param.max):
        problem = _("{value} is not between {least} and {most}")
        raise typer.BadParameter(problem.format(value=value, least=param.min, most=param.max), ctx=ctx, param=param)
    return number


# Commands -----------------------------------------------------------------------------------------------------------


class _WithPage(Command):
    """The help of commands and groups."""

    def get_help_option(self, ctx: Context) -> None:
        """None: hgw declares `--help` itself, among its global options."""

    def get_help(self, ctx: Context) -> str:
        page = Page(
            usage=" ".join([ctx.command_path, *self.usage_words(ctx)]),
            text=self.help or "",
            sections=dict(self.sections(ctx)),
            examples=tuple((self.epilog or "").splitlines()),
        )
        return render(page, width=terminal_width(most=_HELP_WIDTH))

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 -- the signature is Typer's
        """The text that shell completion shows for a command."""
        return first_sentence(self.help or "")

    def usage_words(self, ctx: Context) -> Iterator[str]:  # noqa: ARG002 -- a group needs the context
        yield "[OPTIONS]"
        yield from (_argument_usage(param) for param in _parameters(self) if param.param_type_name == "argument")

    def sections(self, ctx: Context) -> Iterator[tuple[str, list[Row]]]:  # noqa: ARG002 -- a group needs the context
        params = [param for param in _parameters(self) if not param.hidden]
        arguments = [param for param in params if param.param_type_name == "argument"]
        options = [param for param in params if isinstance(param, TyperOption)]
        yield _("Arguments"), [Row(_argument_name(param), param.help or "") for param in arguments]
        yield _("Options"), [_option_row(param) for param in options if not _is_global(param)]
        yield _("Global options"), [_option_row(param) for param in options if _is_global(param)]


class HgwCommand(_WithPage, TyperCommand):
    """A command; its epilog holds examples, one per line."""


class HgwGroup(_WithPage, TyperGroup):
    """A group of commands, which its help lists before its options."""

    def usage_words(self, ctx: Context) -> Iterator[str]:
        yield from super().usage_words(ctx)
        yield "COMMAND [ARGS]..."

    def sections(self, ctx: Context) -> Iterator[tuple[str, list[Row]]]:
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        yield _("Commands"), [Row(name, first_sentence(command.help or "")) for name, command in commands if command]
        yield from super().sections(ctx)


def _is_global(param: Parameter) -> bool:
    return bool(param.rich_help_panel == GLOBAL_PANEL)


def _argument_name(param: Parameter) -> str:
    return str(param.metavar or param.name.upper())


def _argument_usage(param: Parameter) -> str:
    name = _argument_name(param)
    name = name if param.required else f"[{name}]"
    return f"{name}..." if param.nargs == -1 else name


def _option_row(param: TyperOption) -> Row:
    # An option that only switches something off, such as --no-build, has no first names.
    names = " / ".join(filter(None, [", ".join(sorted(param.opts, key=len)), *param.secondary_opts]))
    takes_value = not param.is_flag and not param.count
    return Row(f"{names} {param.metavar or param.name.upper()}" if takes_value else names, param.help or "")
