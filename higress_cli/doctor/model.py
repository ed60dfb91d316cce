"""The results of checks, as values that pure functions return and `cli` renders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from pathlib import Path
from typing import Final

from higress_cli.fault import Fault
from higress_cli.i18n import Translated


@unique
class Status(Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    CRASH = "crash"


_WORST_FIRST: Final = (Status.CRASH, Status.FAIL, Status.WARN, Status.OK, Status.SKIP)


@unique
class FixAction(Enum):
    """What `hgw doctor --fix` can do."""

    INSTALL = "install"
    REMOVE_EMPTY_FOLDER = "remove-empty-folder"
    REWRITE_FILE = "rewrite-file"


@dataclass(frozen=True, kw_only=True)
class Fix:
    """How to fix a finding: `commands` are what to type, in order.

    `safe` means that it changes nothing that the author wrote. `action` is None if hgw can only give advice; else
    `target` is the path that it changes, and `content` the new text of a file.
    """

    summary: str
    commands: tuple[str, ...] = ()
    safe: bool = False
    action: FixAction | None = None
    target: Path | None = None
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of a check. `found` and `expected` are short; `why` explains the consequences.

    `note` says where `found` comes from. `code` is a stable id, the same as in the errors of other commands, and None
    if nothing is wrong. `detail` has further lines. `others` are what else the check found, none of it worse.
    """

    status: Status
    found: str | None = None
    note: str | None = None
    expected: str | None = None
    why: str | None = None
    code: str | None = None
    fix: Fix | None = None
    detail: tuple[str, ...] = ()
    others: tuple["Finding", ...] = ()

    @property
    def each(self) -> tuple["Finding", ...]:
        """All that the check found, the first finding first."""
        return (replace(self, others=()), *self.others)

    def with_detail(self, *lines: str) -> "Finding":
        """The same with more detail."""
        return replace(self, detail=(*self.detail, *lines))


def from_fault(fault: Fault) -> Finding:
    """The finding for a fault that other commands raise or warn about, with the same id and advice."""
    return Finding(
        status=Status.FAIL if fault.fatal else Status.WARN,
        code=fault.id,
        found=fault.found or fault.text,
        expected=fault.expected,
        why=fault.text if fault.found else None,
        fix=Fix(summary=fault.hint) if fault.hint else None,
        detail=fault.places,
    )


def combined(findings: Sequence[Finding]) -> Finding:
    """One finding for all of `findings`, of which there is at least one: the worst, with the others after it."""
    worst, *others = sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.status))
    return replace(worst, others=tuple(others))


def skip(why: str) -> Finding:
    """The finding of a check that does not apply."""
    return Finding(status=Status.SKIP, why=why)


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """The description of a check. `id` is stable; `group` is a key of `GROUPS`; `docs` is a URL."""

    id: str
    group: str
    title: Translated
    docs: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check that ran, with its title and finding in the language of the call."""

    spec: CheckSpec
    title: str
    finding: Finding

    def document(self) -> "CheckDocument":
        """The check as it appears in JSON."""
        finding = self.finding
        return CheckDocument(
            id=self.id,
            group=self.spec.group,
            title=self.title,
            status=self.status,
            code=finding.code,
            found=finding.found,
            note=finding.note,
            expected=finding.expected,
            why=finding.why,
            fix=_advice(finding.fix),
            docs=self.spec.docs,
            detail=finding.detail,
            others=tuple(
                OtherFinding(
                    status=other.status,
                    code=other.code,
                    found=other.found,
                    note=other.note,
                    expected=other.expected,
                    why=other.why,
                    fix=_advice(other.fix),
                    detail=other.detail,
                )
                for other in finding.others
            ),
        )

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def status(self) -> Status:
        return self.finding.status


@dataclass(frozen=True, kw_only=True)
class Advice:
    """How to fix a finding."""

    summary: str
    """What to do."""
    commands: tuple[str, ...]
    """What to type, in order."""
    safe: bool
    """Whether it changes nothing that its author wrote."""


def _advice(fix: Fix | None) -> Advice | None:
    return None if fix is None else Advice(summary=fix.summary, commands=fix.commands, safe=fix.safe)


@dataclass(frozen=True, kw_only=True)
class OtherFinding:
    """Something else that a check found, of the same weight as the first or less."""

    status: Status
    """As in the check."""
    code: str | None
    """The stable id of what was found."""
    found: str | None
    """What is there."""
    note: str | None
    """Where that is from."""
    expected: str | None
    """What should be there."""
    why: str | None
    """What follows from it."""
    fix: Advice | None
    """How to fix it; null where no way is known or the first finding's fix covers it."""
    detail: tuple[str, ...]
    """More about it."""


@dataclass(frozen=True, kw_only=True)
class CheckDocument:
    """A check that ran and what it found."""

    id: str
    """What `hgw doctor ID` takes; stable."""
    group: str
    """What the check belongs to; `hgw doctor GROUP` runs them all."""
    title: str
    """A word or two, in the language of the call."""
    status: Status
    """`fail` is wrong, `warn` may be, `skip` was not judged, `crash` is a bug of the check."""
    code: str | None
    """The stable id of what was found, the same as in the errors of other commands."""
    found: str | None
    """What is there."""
    note: str | None
    """Where that is from."""
    expected: str | None
    """What should be there."""
    why: str | None
    """What follows from it, or why nothing was judged."""
    fix: Advice | None
    """How to fix it; null where nothing is wrong or no way is known."""
    docs: str | None
    """A page to read."""
    detail: tuple[str, ...]
    """More about it."""
    others: tuple[OtherFinding, ...]
    """What else the check found, the worst first; the fields above are about the worst of all."""
