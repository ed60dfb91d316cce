"""`--show-completion` and `--install-completion`, for the shell that hgw was started from."""

from pathlib import Path
from typing import Final

import typer

from higress_cli.cli.context import Invocation
from higress_cli.cli.typer_seam import COMPLETED_SHELLS, completion_script, detected_shell, install_completion
from higress_cli.errors import UsageError
from higress_cli.i18n import _, listed
from higress_cli.system.os_errors import read_error, write_error

_START_FILES: Final = {"bash": ".bashrc", "zsh": ".zshrc"}
"""What Typer reads as text before it adds a line."""


def show(ctx: typer.Context, value: bool) -> None:
    """Print the script for the shell.

    Raises:
        UsageError: `shell-unsupported`.
    """
    if value and not ctx.resilient_parsing:
        _call(ctx).ui.data(completion_script(_shell("--show-completion")))
        raise typer.Exit


def install(ctx: typer.Context, value: bool) -> None:
    """Write the script for the shell to where the shell finds it.

    Raises:
        UsageError: `shell-unsupported`.
        HgwError: a start-up file of the shell cannot be read or written.
    """
    if not value or ctx.resilient_parsing:
        return
    ui, shell = _call(ctx).ui, _shell("--install-completion")
    try:
        path = install_completion(shell)
    except UnicodeDecodeError as error:
        raise read_error(Path.home() / _START_FILES.get(shell, ""), error) from error
    except OSError as error:
        raise write_error(error.filename or Path.home(), error) from error
    done = _("completion for {shell} is installed: {path}").format(shell=shell, path=path)
    ui.marked(ui.mark("good"), done, "good")
    ui.note(_("it works in each {shell} that is started from now on").format(shell=shell))
    raise typer.Exit


def _call(ctx: typer.Context) -> Invocation:
    found = ctx.find_root().obj
    assert isinstance(found, Invocation)  # noqa: S101 -- main puts it there
    return found


def _shell(option: str) -> str:
    shell = detected_shell()
    if shell in COMPLETED_SHELLS:
        return shell
    raise UsageError(
        _("hgw was started from the shell {shell}, which it has no completion for").format(shell=shell)
        if shell
        else _("hgw cannot tell which shell it was started from"),
        code="shell-unsupported",
        hint=_("start a shell that it has completion for ({shells}), then: {command}").format(
            shells=listed(COMPLETED_SHELLS), command=f"hgw {option}"
        ),
        details={"shell": shell, "shells": list(COMPLETED_SHELLS)},
    )
