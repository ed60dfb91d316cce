"""What every error goes through before it is shown: a hint that can be typed, and no secrets."""

from higress_cli.cli.command_line import typed_again
from higress_cli.cli.context import Invocation
from higress_cli.cli.own_command import typable
from higress_cli.errors import HgwError
from higress_cli.system.host import this_host
from higress_cli.system.urls import without_secrets


def show_error(call: Invocation, error: HgwError) -> None:
    """Print an error on stderr, after the warnings that its command had collected."""
    error = presentable(call, error)
    for warning in error.warnings:
        call.ui.warn(warning)
    call.ui.error(error)


def presentable(call: Invocation, error: HgwError) -> HgwError:
    """The error without secrets and with a hint that can be typed as it stands.

    The hint is the same command with other words, the error's own, or the catalogue's advice.
    """
    again = typed_again(call.argv, error.again, command=call.command) if error.again else None
    if again is not None:
        error.hint = typable(again)
        return without_secrets(error)
    if error.hint is None:
        from higress_cli.knowledge.catalogue import advice  # noqa: PLC0415 -- only for an error

        error.hint = advice(error.code, system=this_host().system)
    if error.hint is not None:
        error.hint = call.ui.typable(error.hint)
    return without_secrets(error)
