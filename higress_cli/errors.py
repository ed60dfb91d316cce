# HgwError
#  |- CheckFailed    1   a check found something wrong
#  |- UsageError     2   wrong usage
#  |- InvalidInput   3   hgw.yaml, go.mod, a plugin configuration, a module file: invalid or absent
#  |- ToolError      4   a tool or engine is missing or does not fit
#  |- DownloadError  5   network, checksum, archive
#  |- ConflictError  6   a template or a file conflict
#  |- CompileError   7   the compiler refused
#  |- GatewayError   8   the local gateway failed to start or to answer
#  |- ConsentError   9   rights or consent not given
"""Every error that hgw expects, each with the exit code that scripts rely on."""

from collections.abc import Mapping, Sequence
from enum import IntEnum, unique
from typing import Any, ClassVar, Final

REPORT_AT: Final = "https://github.com/alibaba/higress/issues"
"""Where bugs in hgw are reported."""


@unique
class ExitCode(IntEnum):
    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    INVALID_INPUT = 3
    TOOL = 4
    DOWNLOAD = 5
    CONFLICT = 6
    COMPILE = 7
    GATEWAY = 8
    CONSENT = 9
    BUG = 70
    INTERRUPTED = 130


class HgwError(Exception):
    """Something went wrong that the user can understand and act on.

    `message` says what failed, with which value and where it came from; `code` is its stable id, the same in
    every command; `hint` is the next command to type; `details` are facts for programs. `again` is what to type
    besides to make the same command succeed (`--port 10001`); the hint is then that whole command. `warnings` are those
    that the command had collected before it failed.
    """

    exit_code: ClassVar[ExitCode]

    def __init__(
        self,
        message: str,
        *,
        code: str,
        hint: str | None = None,
        again: Sequence[str] = (),
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.again = tuple(again)
        self.details: Mapping[str, Any] = details or {}
        self.warnings: tuple[str, ...] = ()


class CheckFailed(HgwError):
    exit_code = ExitCode.CHECK_FAILED


class UsageError(HgwError):
    exit_code = ExitCode.USAGE


class InvalidInput(HgwError):
    exit_code = ExitCode.INVALID_INPUT


class ToolError(HgwError):
    exit_code = ExitCode.TOOL


class DownloadError(HgwError):
    exit_code = ExitCode.DOWNLOAD


class ConflictError(HgwError):
    exit_code = ExitCode.CONFLICT


class CompileError(HgwError):
    exit_code = ExitCode.COMPILE


class GatewayError(HgwError):
    exit_code = ExitCode.GATEWAY


class ConsentError(HgwError):
    exit_code = ExitCode.CONSENT


def family(exit_code: ExitCode) -> type[HgwError]:
    """The class of the errors with this exit code (1 to 9)."""
    return next(kind for kind in HgwError.__subclasses__() if kind.exit_code is exit_code)
