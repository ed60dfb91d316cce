"""What the sources share while a set is being fetched."""

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import DownloadError, HgwError, ToolError
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.session import Session
from higress_cli.system import process
from higress_cli.system.process import Completed
from higress_cli.system.reach import Reach
from higress_cli.tool import ToolName
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.probe import Probed
from higress_cli.toolchain.store import Store

_FULL_BELOW_BYTES: Final = 16 << 20
# glibc's own resolver waits for half a minute and longer where no name server answers.
_IMPATIENT: Final = {"RES_OPTIONS": "timeout:2 attempts:1"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """One run of the installer. `scratch` is a folder of the store's file system that is gone at the end."""

    session: Session
    store: Store
    reach: Reach
    probed: Mapping[ToolName, Probed]
    scratch: Path

    def program(self, name: str) -> Path | None:
        """A program on the user's PATH."""
        return process.find_program(name, self.session.variables)

    def run(
        self,
        argv: Sequence[str],
        *,
        activity: Activity,
        edits: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a child that may use the network; what it prints is shown as progress and kept."""
        changed = {**(edits or {})}
        self.session.reporter.detail(f"+ {process.command_line(argv, changed)}")
        return process.run(
            argv,
            variables=process.child_environment(self.session.variables, {**_IMPATIENT, **changed}),
            cwd=cwd or self.scratch,
            timeout=timeout,
            on_line=lambda line: activity.describe(line.strip()) if line.strip() else None,
        )

    def require_space(self, failed: Completed) -> None:
        """Tell a full disk from other reasons why a child failed; some tidy up before anybody can look.

        Raises:
            DownloadError: `disk-full`.
        """
        said = os.strerror(errno.ENOSPC).lower() in failed.output.lower()
        if said or shutil.disk_usage(self.store.root).free < _FULL_BELOW_BYTES:
            raise disk_full(self.store.root)


def last_words(completed: Completed, *, lines: int = 3) -> str:
    """The end of what a failed child said, in one line."""
    said = [line.strip() for line in completed.output.splitlines() if line.strip()]
    return "; ".join(said[-lines:])[:600] or _("exit status {code}").format(code=completed.returncode)


def disk_full(place: Path) -> DownloadError:
    return DownloadError(
        _("the disk of {path} is full").format(path=place),
        code="disk-full",
        hint=_("free some space, or set HGW_HOME to another disk"),
        details={"path": place},
    )


def passed_over(error: HgwError) -> PassedOver:
    """An expected error of one source as the reason for trying the next.

    Raises:
        HgwError: `error` itself where no other source would fare better.
    """
    if error.code in {"disk-full", "store-read-only", "store-locked"}:
        raise error
    if isinstance(error, DownloadError):
        return PassedOver(error.message, cause=Cause.NETWORK, code=error.code, hint=error.hint)
    missing = isinstance(error, ToolError) and error.code == "program-missing"
    return PassedOver(error.message, cause=Cause.MISSING if missing else Cause.FAILED, code=error.code, hint=error.hint)


def child_path(*folders: Path, variables: Mapping[str, str]) -> str:
    """A PATH with these folders in front."""
    return os.pathsep.join([*map(str, folders), variables.get("PATH", os.defpath)])


def is_root() -> bool:
    """Whether this process may change the system without sudo."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
