"""`main(argv) -> int`: the whole program as a function, with the one error boundary."""

import os
import signal
import sys
import traceback

import typer

from higress_cli.cli.app import build_command
from higress_cli.cli.context import Invocation, new_invocation
from higress_cli.cli.error_view import presentable, show_error
from higress_cli.cli.ui import OutputError, ReaderGoneError, ending_with, other_disk
from higress_cli.cli.usage import usage_error
from higress_cli.errors import REPORT_AT, ExitCode, HgwError
from higress_cli.i18n import _
from higress_cli.result import error_envelope
from higress_cli.system import programs
from higress_cli.system.os_errors import is_full, system_error
from higress_cli.system.urls import shown
from higress_cli.system.visible_text import visible


def prepare_process() -> None:
    """Treat SIGTERM and SIGHUP like Ctrl-C, and never fail on text that a stream cannot encode."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _interrupt)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the caller: `hgw ... >&-`
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 -- lives as long as hgw
    for stream in (sys.stdout, sys.stderr):
        # A file name or compiler output that the terminal cannot show must not end the program.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def main(argv: list[str]) -> int:
    """Run hgw with `argv` (without the program's name) and return the exit code. Prints, never exits."""
    call = new_invocation(argv)
    try:
        with programs.of_one_call():
            return _run(call)
    except ReaderGoneError as gone:
        _forget_stdout()
        return gone.exit_code
    except SystemExit as end:
        # Raised by Typer after it has answered a shell's completion request.
        return end.code if isinstance(end.code, int) else int(ExitCode.OK)
    except OutputError as error:
        _forget_stdout()
        show_error(call, error)
        return int(error.exit_code)


def _interrupt(*_args: object) -> None:
    programs.current().dismiss()
    raise KeyboardInterrupt


def _run(call: Invocation) -> int:
    if call.missing_texts is not None:
        call.ui.warn(f"this hgw speaks English only, {call.missing_texts} is missing: install it again")
    try:
        code = build_command().main(args=list(call.argv), prog_name="hgw", standalone_mode=False, obj=call)
    except (OutputError, ReaderGoneError):
        raise
    except HgwError as error:
        return _expected(call, error)
    except typer.exceptions.TyperException as error:
        return _expected(call, usage_error(error, command=call.path))
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted(call)
    except Exception as error:  # noqa: BLE001 -- the boundary: a bug keeps its traceback and says where to report it
        if (known := _of_the_machine(error)) is not None:
            return _expected(call, known)
        _print_traceback(error)
        message = _("this is a bug in hgw: {error}").format(error=f"{type(error).__name__}: {error}")
        hint = _("please report it, with the lines above, at {url}").format(url=REPORT_AT)
        return _unexpected(call, ExitCode.BUG, code="bug", message=message, hint=hint)
    return int(code or ExitCode.OK)


def _of_the_machine(error: Exception) -> HgwError | None:
    """The error for what the system refuses to do with a file or folder, whoever asked it; None if it may be a bug."""
    if isinstance(error, OSError) and is_full(error) and error.filename is None:
        _forget_stdout()
    return system_error(error, output=_("the output"), hint=other_disk())


def _forget_stdout() -> None:
    """Drop the rest of stdout's buffer: flushing it at exit would fail again and change the exit code."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 -- lives as long as the process


def _interrupted(call: Invocation) -> int:
    """Report an interrupt: one word for people, who asked for it, and the usual document for programs."""
    if not call.ui.owes_document:
        call.ui.interrupted()
        return int(ExitCode.INTERRUPTED)
    return _unexpected(call, ExitCode.INTERRUPTED, code="interrupted", message=_("interrupted"))


def _expected(call: Invocation, error: HgwError) -> int:
    if call.debug:
        _print_traceback(error)
    if call.ui.owes_document:
        with ending_with(int(error.exit_code)):
            call.ui.document(error_envelope(call.command, presentable(call, error)))
    else:
        show_error(call, error)
    return int(error.exit_code)


def _print_traceback(error: BaseException) -> None:
    print(visible(shown("".join(traceback.format_exception(error)))), end="", file=sys.stderr)  # noqa: T201


def _unexpected(call: Invocation, exit_code: ExitCode, *, code: str, message: str, hint: str | None = None) -> int:
    error = HgwError(message, code=code, hint=hint)
    if call.ui.owes_document:
        with ending_with(int(exit_code)):
            call.ui.document(error_envelope(call.command, presentable(call, error), exit_code=exit_code))
    else:
        show_error(call, error)
    return int(exit_code)
