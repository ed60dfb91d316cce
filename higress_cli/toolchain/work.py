"""What the sources share during one run of the installer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.session import Session
from higress_cli.system import child_log, process
from higress_cli.system.process import Completed
from higress_cli.system.reach import Reach
from higress_cli.system.urls import shown
from higress_cli.tool import ToolName
from higress_cli.toolchain.probe import Probed
from higress_cli.toolchain.storage import require_space
from higress_cli.toolchain.store import Store

# glibc's resolver waits for half a minute or longer if no name server answers.
_IMPATIENT: Final = {"RES_OPTIONS": "timeout:2 attempts:1"}
_MOST_CHARACTERS: Final = 600


@dataclass(frozen=True, kw_only=True)
class Work:
    """`scratch` is a folder that is removed at the end; it is on the store's file system if tools are installed.

    With `measuring`, offers have the sizes of their downloads, which takes a request each.
    """

    session: Session
    store: Store
    reach: Reach
    probed: Mapping[ToolName, Probed]
    scratch: Path
    measuring: bool = False

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

    def failure(self, failed: Completed, *, lines: int = 3) -> str:
        """Why a child failed: the end of its output in one line, and the file with the rest if there is more.

        Raises:
            ConflictError: `disk-full` if that is the reason.
        """
        root = self.store.root if self.store.root.exists() else self.scratch
        require_space(root, failed, variables=self.session.variables)
        printed = [line.strip() for line in failed.output.splitlines() if line.strip()]
        end = "; ".join(printed[-lines:])
        words = shown(end[:_MOST_CHARACTERS]) or _("exit status {code}").format(code=failed.returncode)
        if len(printed) <= lines and len(end) <= _MOST_CHARACTERS:
            return words
        log = child_log.keep(self.session.dirs.logs, failed.argv, failed.output, status=failed.returncode)
        return _("{words} (in full: {path})").format(words=words, path=log) if log else words
