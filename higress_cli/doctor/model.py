"""What a check finds: values, made by pure functions and rendered by `cli`."""

from dataclasses import dataclass, replace
from enum import Enum, unique
from pathlib import Path


@unique
class Status(Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    CRASH = "crash"


@unique
class Remedy(Enum):
    """What `hgw doctor --fix` can do itself."""

    INSTALL = "install"
    REMOVE_EMPTY_FOLDER = "remove-empty-folder"
    REWRITE_FILE = "rewrite-file"


@dataclass(frozen=True, kw_only=True)
class Fix:
    """How to mend a finding: `commands` are what to type, in order.

    `safe` says that nothing the author wrote is changed by it; `remedy` is None where hgw has only the advice.
    `target` and `content` are what a remedy works on.
    """

    summary: str
    commands: tuple[str, ...] = ()
    safe: bool = False
    remedy: Remedy | None = None
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


def skip(why: str) -> Finding:
    """There is nothing to judge here."""
    return Finding(status=Status.SKIP, why=why)


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """A check that exists. `id` is stable; `group` and `title` are message ids; `docs` is a page to read."""

    id: str
    group: str
    title: str
    docs: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check that ran: what it is about and what it found, in the language of the call."""

    spec: CheckSpec
    title: str
    finding: Finding

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def status(self) -> Status:
        return self.finding.status
