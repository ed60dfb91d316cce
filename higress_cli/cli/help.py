"""`hgw help`: the help of a command, as its `--help` prints it."""

import shlex
from typing import TYPE_CHECKING, Annotated, Final

import typer

from higress_cli.cli.app import Commands, HgwCommand, finish, invocation, new_app
from higress_cli.cli.typer_seam import Context
from higress_cli.cli.ui import Ui
from higress_cli.cli.usage import no_such_command
from higress_cli.errors import UsageError
from higress_cli.i18n import N_

if TYPE_CHECKING:
    from higress_cli.commands.help_and_version import HelpResult

app = new_app()
SETTINGS_TOPIC: Final = "settings"
FILE_TOPIC: Final = "hgw.yaml"


@app.command(
    cls=HgwCommand,
    help=N_(
        "Print the help of a command or of hgw as a whole. `settings`: every setting and what it is now; `hgw.yaml`: "
        "every key of that file (`--json-schema`: for editors)."
    ),
    epilog="hgw help\nhgw help build\nhgw help settings\nhgw help settings run\nhgw help hgw.yaml\n"
    "hgw help hgw.yaml expect\nhgw help hgw.yaml --json-schema > hgw.schema.json",
)
def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND|settings|hgw.yaml", show_default=False, help=N_("the command; default: hgw as a whole")
        ),
    ] = None,
) -> None:
    match words:
        case [topic, *names] if topic == SETTINGS_TOPIC:
            _help_settings(ctx, names)
        case [topic, *names] if topic == FILE_TOPIC:
            _help_file(ctx, names)
        case _:
            _help_command(ctx, words or [])


def _help_settings(ctx: typer.Context, names: list[str]) -> None:
    from higress_cli.cli.help_settings import show_settings
    from higress_cli.commands.help_settings import help_settings

    # It explains what is invalid, so it works all the same.
    session = invocation(ctx).session(tolerant=True)
    finish(ctx, help_settings(session, names=names), show_settings)


def _help_file(ctx: typer.Context, names: list[str]) -> None:
    from higress_cli.cli.help_file import show_reference
    from higress_cli.commands.help_file import help_file

    finish(ctx, help_file(names=names), show_reference)


def _help_command(ctx: typer.Context, words: list[str]) -> None:
    from higress_cli.commands.help_and_version import HelpResult

    about = _context_of(ctx, words)
    finish(ctx, HelpResult(topic=" ".join(words or ["hgw"]), text=about.get_help()), _show)


def _context_of(ctx: typer.Context, words: list[str]) -> Context:
    """The context in which the command named by these words would run.

    Raises:
        UsageError: `usage` if there is no such command; the hint is the nearest one.
    """
    found: Context = ctx.find_root()
    for word in words:
        group = found.command
        command = group.get_command(found, word) if isinstance(group, Commands) else None
        if command is None:
            known = group.names if isinstance(group, Commands) else ()
            if found.parent is None:
                known = (*known, SETTINGS_TOPIC, FILE_TOPIC)
            error = no_such_command(word, known, group=found.command_path, asked="hgw help")
            if found.parent is None and _is_key(word):
                error.hint = f"hgw help {FILE_TOPIC} {shlex.quote(word)}"
            raise error
        found = typer.Context(command, info_name=word, parent=found)
    return found


def _is_key(word: str) -> bool:
    """Whether hgw.yaml has such a key."""
    from higress_cli.commands.help_file import help_file

    try:
        help_file(names=[word])
    except UsageError:
        return False
    return True


def _show(result: "HelpResult", ui: Ui) -> None:
    for line in result.text.splitlines():
        ui.line(line)
