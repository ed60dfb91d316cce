"""`hgw doctor`: look at the machine and the project, report problems with their fixes, and apply them with --fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from higress_cli.choice import Choice
from higress_cli.doctor import catalogue
from higress_cli.doctor.facts import Facts
from higress_cli.doctor.model import Check, CheckSpec, Fix, FixAction, Status, combined, skip
from higress_cli.doctor.runner import run_checks
from higress_cli.errors import ExitCode
from higress_cli.i18n import _
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import IGNORE
from higress_cli.system import fs
from higress_cli.system.moving import copy_name


@dataclass(frozen=True, kw_only=True)
class DoctorResult(Result):
    """What the checks found, after fixing where that was asked for."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"strict", "withheld"}
    computed: ClassVar[tuple[str, ...]] = ("counts",)
    checks: tuple[Check, ...]
    """The checks that ran, in the order of the report."""
    fixed: tuple[str, ...] = ()
    """The ids of the checks whose finding --fix fixed; `checks` says what was found afterwards."""
    withheld: tuple[str, ...] = ()
    """The ids of the checks whose fix was not consented to."""
    strict: bool = False
    """Whether warnings count as errors."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many checks ended in each state."""
        return {status: sum(check.status is status for check in self.checks) for status in Status}

    @property
    def exit_code(self) -> ExitCode:
        if self.withheld:
            return ExitCode.CONSENT
        wrong = {Status.FAIL, Status.CRASH, *({Status.WARN} if self.strict else ())}
        return ExitCode.CHECK_FAILED if any(check.status in wrong for check in self.checks) else ExitCode.OK


@dataclass(frozen=True, kw_only=True)
class CheckEntry:
    """A check in the list."""

    id: str
    """What `hgw doctor ID` takes; stable."""
    group: str
    """What the check belongs to; `hgw doctor GROUP` runs them all."""
    title: str
    """A word or two, in the language of the call."""


@dataclass(frozen=True, kw_only=True)
class ChecksResult(Result):
    """With --list-checks: the checks that exist."""

    available: tuple[CheckEntry, ...] = field(default_factory=tuple)
    """Every check, in the order of the report."""


def list_checks() -> ChecksResult:
    """Every check, in the order of the report."""
    return ChecksResult(
        available=tuple(CheckEntry(id=spec.id, group=spec.group, title=str(spec.title)) for spec in catalogue.checks())
    )


def doctor(session: Session, *, wanted: Sequence[str] = (), fix: bool = False, strict: bool = False) -> DoctorResult:
    """Run the checks with these ids or in these groups; with no names, all of them.

    With `fix`, apply each fix that is safe or that the user agrees to, and check again.

    Raises:
        UsageError: `check-unknown`.
        HgwError: a fix failed, such as a download.
    """
    specs = catalogue.select(wanted)
    found = _run(session, specs)
    if not fix:
        return DoctorResult(checks=found, strict=strict)
    fixed, withheld = _fix_all(session, found)
    if fixed:
        found = _run(session, specs)
    return DoctorResult(
        checks=found,
        fixed=fixed,
        withheld=withheld,
        strict=strict,
        warnings=tuple(
            _("{check} was not fixed: that needs your consent; add --yes").format(check=name) for name in withheld
        ),
    )


def _run(session: Session, specs: Sequence[CheckSpec]) -> tuple[Check, ...]:
    facts = Facts(session)
    with session.reporter.activity(_("Looking at the machine and the project")):
        checks = run_checks(specs, partial(catalogue.judge, facts=facts))
    ignored = facts.settings().choose(IGNORE)
    return tuple(_without_ignored(check, ignored) for check in checks)


def _without_ignored(check: Check, ignored: Choice[tuple[str, ...]]) -> Check:
    """The check without the findings to be ignored; one that found nothing else is reported as skipped."""
    found = check.finding.each
    left = [finding for finding in found if finding.code not in ignored.value]
    if len(left) == len(found):
        return check
    if left:
        return replace(check, finding=combined(left))
    why = _("{found} ({id}): ignored by {source}").format(found=found[0].found, id=found[0].code, source=ignored.source)
    return replace(check, finding=skip(why).with_detail(*found[0].detail))


def _fix_all(session: Session, checks: Sequence[Check]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Apply each fix once. Return the ids of the checks that were fixed, and of those without the user's consent."""
    fixed: list[str] = []
    withheld: list[str] = []
    applied: set[Fix] = set()
    for check in checks:
        fix = check.finding.fix
        if fix is None or fix.action is None:
            continue
        if fix not in applied:
            if fix.action is FixAction.REWRITE_FILE:
                for line in check.finding.detail:
                    session.reporter.note(line)
            if not fix.safe and not _consents(session, check, fix):
                withheld.append(check.id)
                continue
            _apply(session, fix)
            applied.add(fix)
        fixed.append(check.id)
    return tuple(fixed), tuple(withheld)


def _consents(session: Session, check: Check, fix: Fix) -> bool:
    if session.assume_yes:
        return True
    question = _("{title}: {summary}. Do it?").format(title=check.title, summary=fix.summary)
    return session.interactive and session.reporter.confirm(question)


def _apply(session: Session, fix: Fix) -> None:
    match fix.action:
        case FixAction.INSTALL:
            from higress_cli.commands.install import install

            install(session)
        case FixAction.REMOVE_EMPTY_FOLDER if fix.target is not None:
            fix.target.rmdir()
        case FixAction.REWRITE_FILE if fix.target is not None:
            copy = _keep_copy(fix.target)
            fs.write_atomically(fix.target, fix.content.encode("utf-8"))
            session.reporter.note(_("the former {file} is kept as {copy}").format(file=fix.target.name, copy=copy.name))


def _keep_copy(path: Path) -> Path:
    """Copy a file to an unused name in the same folder."""
    copy = copy_name(path)
    fs.write_atomically(copy, path.read_bytes())
    return copy
