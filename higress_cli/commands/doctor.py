"""`hgw doctor`: look at the machine and the project, report problems with their fixes, and apply them with --fix."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from higress_cli.choice import Choice
from higress_cli.commands.doctor_fix import apply_fixes
from higress_cli.doctor import catalogue
from higress_cli.doctor.facts import Facts
from higress_cli.doctor.model import Check, CheckSpec, Status, combined, skip
from higress_cli.doctor.runner import run_checks
from higress_cli.errors import ExitCode
from higress_cli.i18n import _
from higress_cli.knowledge.catalogue import entries
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import IGNORE


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
    taken_back: tuple[str, ...] = ()
    """The ids of the checks whose fix was undone, because the build fails with it; `warnings` say why."""
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

    With `fix`, apply each fix that is safe or that the user agrees to, and check again. An edit of go.mod is undone if
    the build fails with it.

    Raises:
        UsageError: `check-unknown`.
        HgwError: a fix failed, such as a download.
    """
    specs = catalogue.select(wanted)
    found, unknown = _run(session, specs)
    if not fix:
        return DoctorResult(checks=found, strict=strict, warnings=unknown)
    applied = apply_fixes(session, found)
    if applied.fixed or applied.taken_back:
        found, unknown = _run(session, specs)
    return DoctorResult(
        checks=found,
        fixed=applied.fixed,
        withheld=applied.withheld,
        taken_back=tuple(applied.taken_back),
        strict=strict,
        warnings=(
            *unknown,
            *(
                _("{check} was not fixed: that needs your consent; add --yes").format(check=name)
                for name in applied.withheld
            ),
            *(
                _("{check}: the fix was taken back, because with it the build fails: {reason}").format(
                    check=name, reason=reason
                )
                for name, reason in applied.taken_back.items()
            ),
        ),
    )


def _run(session: Session, specs: Sequence[CheckSpec]) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """What the checks found, and warnings about what is to be ignored."""
    facts = Facts(session)
    with session.reporter.activity(_("Looking at the machine and the project")):
        checks = run_checks(specs, partial(catalogue.judge, facts=facts))
    ignored = facts.settings().choose(IGNORE)
    return tuple(_without_ignored(check, ignored) for check in checks), tuple(_unknown_ids(ignored))


def _unknown_ids(ignored: Choice[tuple[str, ...]]) -> Iterator[str]:
    """The warnings about ids that no finding has."""
    for name in ignored.value:
        if name not in entries():
            text = _("no finding has the id `{id}` (from {source}); `hgw doctor -v` shows the ids")
            yield text.format(id=name, source=ignored.source)


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
