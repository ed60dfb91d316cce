"""`main(argv) -> int`: the whole program as a function, with the one error boundary."""

import os
import signal
import sys
import traceback
from typing import Any, Final

import typer

from higress_cli.cli.app import COMMANDS, build_command
from higress_cli.cli.context import Invocation, new_invocation
from higress_cli.cli.usage import usage_error
from higress_cli.errors import ExitCode, HgwError
from higress_cli.i18n import _
from higress_cli.result import error_envelope, failure_envelope

_REPORT_AT: Final = "https://github.com/alibaba/higress/issues"


def prepare_process() -> None:
    """Make this process fit for a command line: a polite end is like Ctrl-C, and no text can break a stream."""
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        # A file name or a compiler's word that the terminal cannot show must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _interrupt(*_args: Any) -> None:
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    """Run hgw with `argv` (without the program's name) and return the exit code. Prints, never exits."""
    call = new_invocation(argv)
    call.command = next((word for word in argv if word in COMMANDS), "hgw")
    try:
        code = build_command().main(args=list(argv), prog_name="hgw", standalone_mode=False, obj=call)
    except HgwError as error:
        return _expected(call, error)
    except typer.exceptions.TyperException as error:
        return _expected(call, usage_error(error))
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted(call)
    except BrokenPipeError:
        # The reader of stdout (`| head`) has gone: there is nobody left to tell, and nothing left to flush.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 -- lives as long as the process
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001 -- the boundary: a bug keeps its traceback and says where to report it
        traceback.print_exc()
        message = _("this is a bug in hgw: {error}").format(error=f"{type(error).__name__}: {error}")
        hint = _("please report it, with the lines above, at {url}").format(url=_REPORT_AT)
        return _unexpected(call, ExitCode.BUG, "bug", message, hint)
    # Typer makes an exit code of a Ctrl-C before anybody else sees it.
    return _interrupted(call) if code == ExitCode.INTERRUPTED else int(code or ExitCode.OK)


def _interrupted(call: Invocation) -> int:
    return _unexpected(call, ExitCode.INTERRUPTED, "interrupted", _("interrupted"))


def _expected(call: Invocation, error: HgwError) -> int:
    if call.debug:
        traceback.print_exception(error)
    if call.ui.output == "json":
        call.ui.document(error_envelope(call.command, error))
    else:
        call.ui.error(error)
    return int(error.exit_code)


def _unexpected(call: Invocation, exit_code: ExitCode, code: str, message: str, hint: str | None = None) -> int:
    if call.ui.output == "json":
        call.ui.document(failure_envelope(call.command, exit_code, code=code, message=message, hint=hint))
    else:
        call.ui.error(HgwError(message, code=code, hint=hint))
    return int(exit_code)
