"""A source that was tried for a tool, and why it could not supply it."""

from dataclasses import dataclass
from enum import StrEnum

from higress_cli.errors import ConflictError, DownloadError, HgwError, ToolError
from higress_cli.system.urls import shown


class Cause(StrEnum):
    """Why a source was passed over; it decides the exit code if no source is left."""

    UNFIT = "unfit"  # it does not have the tool for this machine, or has another version
    NETWORK = "network"  # unreachable, refused, not what was pinned
    MISSING = "missing"  # a program that it needs is not on the machine
    CONSENT = "consent"  # it would change the system
    FAILED = "failed"  # it was fetched, but does not work


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A source that was passed over, for users and for JSON."""

    source: str
    """The source's name."""
    reason: str
    """Why it was passed over, in the language of the call; versions come first."""


class PassedOver(Exception):
    """A source cannot supply the tool; the next one is tried."""

    def __init__(self, reason: str, *, cause: Cause, code: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = shown(reason)
        self.cause = cause
        self.code = code
        self.hint = hint


def passed_over(error: HgwError) -> PassedOver:
    """Turn an expected error of one source into a reason to try the next.

    Raises:
        HgwError: `error` itself if no other source would fare better.
    """
    # Problems of the store or the disk affect every source.
    if isinstance(error, ConflictError) or error.code == "store-locked":
        raise error
    if isinstance(error, DownloadError):
        return PassedOver(error.message, cause=Cause.NETWORK, code=error.code, hint=error.hint)
    missing = isinstance(error, ToolError) and error.code == "program-missing"
    return PassedOver(error.message, cause=Cause.MISSING if missing else Cause.FAILED, code=error.code, hint=error.hint)
