"""What a check finds: values, made by pure functions and rendered by `cli`."""

from dataclasses import dataclass, replace
from enum import Enum, unique
from pathlib import Path

from higress_cli.fault import Fault
from higress_cli.i18n import Text


@unique
class Status(Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    CRASH = "crash"


@unique
class FixAction(Enum):
    """What `hgw doctor --fix` can do."""

    INSTALL = "install"
    REMOVE_EMPTY_FOLDER = "remove-empty-folder"
    REWRITE_FILE = "rewrite-file"


@dataclass(frozen=True, kw_only=True)
class Fix:
    """How to fix a finding: `commands` are what to type, in order.

    `safe` says that it changes nothing the author wrote; `action` is None where hgw has only advice.
    `target` and `content` are what the action works on.
    """

    summary: str
    commands: tuple[str, ...] = ()
    safe: bool = False
    action: FixAction | None = None
    target: Path | None = None
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check says. `found` and `expected` are short, `why` is what follows from it.

    `note` is a word on where that is from. `code` is the fact's stable id, the same as in the errors of other
    commands; None where nothing is wrong. `detail` is for those who want to know more.
    """

    status: Status
    found: str | None = None
    note: str | None = None
    expected: str | None = None
    why: str | None = None
    code: str | None = None
    fix: Fix | None = None
    detail: tuple[str, ...] = ()

    def with_detail(self, *lines: str) -> "Finding":
        """The same with more detail."""
        return replace(self, detail=(*self.detail, *lines))


def from_fault(fault: Fault) -> Finding:
    """A fault that other commands raise or warn of, as a finding with the same id and the same advice."""
    return Finding(
        status=Status.FAIL if fault.fatal else Status.WARN,
        code=fault.id,
        found=fault.found or fault.text,
        expected=fault.expected,
        why=fault.text if fault.found else None,
        fix=Fix(summary=fault.hint) if fault.hint else None,
        detail=fault.places,
    )


def skip(why: str) -> Finding:
    """There is nothing to judge here."""
    return Finding(status=Status.SKIP, why=why)


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """A check that exists. `id` is stable; `group` is a key of the groups; `docs` is a page to read."""

    id: str
    group: str
    title: Text
    docs: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check that ran: what it is about and what it found, in the language of the call."""

    spec: CheckSpec
    title: str
    finding: Finding

    def document(self) -> "CheckDocument":
        """What JSON shows of it."""
        finding = self.finding
        fix = finding.fix
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
            fix=None if fix is None else Advice(summary=fix.summary, commands=fix.commands, safe=fix.safe),
            docs=self.spec.docs,
            detail=finding.detail,
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
