"""The reports of `hgw verify` for pipelines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from higress_cli.errors import ConflictError, HgwError
from higress_cli.i18n import _
from higress_cli.scenarios.github import annotations
from higress_cli.scenarios.junit import LONGEST_PROLOGUE, is_junit, junit
from higress_cli.scenarios.step import Step
from higress_cli.system import fs
from higress_cli.system.os_errors import write_error


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Reports of a verification.

    `junit` is a file, `annotate` gets GitHub's annotations, for the repository `root`; `evidence` is a folder for all
    that was found.
    """

    junit: Path | None = None
    annotate: Callable[[str], None] | None = None
    root: Path = Path()
    evidence: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files and folders that are written."""
        return tuple(path for path in (self.junit, self.evidence) if path is not None)

    def check(self) -> None:
        """Check that the file may be written.

        Raises:
            ConflictError: `report-taken`.
        """
        if self.junit is None:
            return
        begin = fs.first_bytes(self.junit, LONGEST_PROLOGUE)
        is_special = begin is None and self.junit.exists() and not self.junit.is_dir()
        if is_special or (begin and not is_junit(begin)):
            raise ConflictError(
                _("{path} holds something that is not a report, and the report would replace it").format(
                    path=self.junit
                ),
                code="report-taken",
                hint="hgw verify --report junit=verify.xml",
                details={"path": self.junit},
            )

    def write(self, suite: str, steps: Sequence[Step], *, error: HgwError | None = None) -> None:
        """Write them.

        Raises:
            ConflictError: the file cannot be written.
        """
        if self.annotate is not None:
            for line in annotations(steps, root=self.root, error=error):
                self.annotate(line)
        if self.junit is not None:
            try:
                fs.write_atomically(self.junit, junit(suite, steps, error=error))
            except OSError as failure:
                raise write_error(self.junit, failure, hint="hgw verify --report junit=FILE") from failure
