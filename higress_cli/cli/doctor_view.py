"""The results of `hgw doctor` as text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Final

from higress_cli.cli import blocks
from higress_cli.cli.ui import Ui
from higress_cli.commands.doctor import ChecksResult, DoctorResult
from higress_cli.doctor.catalogue import GROUPS
from higress_cli.doctor.model import Check, Finding, Fix, Status
from higress_cli.i18n import _, joined, listed, ngettext, noted

_STYLES: Final = {
    Status.OK: "good",
    Status.WARN: "warning",
    Status.FAIL: "bad",
    Status.SKIP: "faint",
    Status.CRASH: "bad",
}
_WRONG: Final = frozenset({Status.WARN, Status.FAIL, Status.CRASH})


def show_list(result: ChecksResult, ui: Ui) -> None:
    """All checks, each with its group."""
    room = max(len(entry.id) for entry in result.available)
    for entry in result.available:
        ui.line(f"{entry.id:<{room}}  {joined((_(GROUPS[entry.group]), entry.title))}")


def show(result: DoctorResult, ui: Ui, *, fixes: bool) -> None:
    """What each check found, by group, and a summary; with -q only what is wrong.

    `fixes` says that what can be fixed was to be fixed.
    """
    told: set[Fix] = set()
    shown = [
        check for check in result.checks if not ui.quiet or any(found.status in _WRONG for found in check.finding.each)
    ]
    for group, checks in groupby(shown, key=lambda check: check.spec.group):
        ui.line(_(GROUPS[group]), "strong")
        for title, check in _titled(checks, each=ui.verbose):
            _show_check(check, ui, told, title=title)
        ui.line()
    # As many as there are lines above, while the counts in JSON are those of the checks.
    ui.line(_summary(Counter(found.status for check in result.checks for found in check.finding.each)), "strong")
    if result.fixed:
        ui.line(_("fixed: {checks}").format(checks=listed(result.fixed)), "good")
    elif fixes and not (result.withheld or result.taken_back):
        ui.line(_("There is nothing that --fix can fix."))
    if command := _next_fix(result):
        ui.line(_("to fix what hgw can: {command}").format(command=ui.typable(command)), "hint")


def _next_fix(result: DoctorResult) -> str | None:
    """The command that fixes more than this call of doctor did; None if there is none."""
    if result.withheld:
        return "hgw doctor --fix --yes"
    fixable = any(found.fix and found.fix.action for check in result.checks for found in check.finding.each)
    return "hgw doctor --fix" if fixable and not (result.fixed or result.taken_back) else None


def _is_wrong(check: Check) -> bool:
    return any(found.status in _WRONG for found in check.finding.each)


def _titled(checks: Iterable[Check], *, each: bool) -> list[tuple[str, Check]]:
    """The checks with their titles; without `each`, those that were skipped for the same reason are one."""
    lines: list[tuple[list[str], Check]] = []
    skipped: dict[str | None, list[str]] = {}
    for check in checks:
        reason = check.finding.why
        if check.status is Status.SKIP and reason in skipped and not each:
            skipped[reason].append(check.title)
            continue
        titles = [check.title]
        lines.append((titles, check))
        if check.status is Status.SKIP:
            skipped[reason] = titles
    return [(listed(titles), check) for titles, check in lines]


def _show_check(check: Check, ui: Ui, told: set[Fix], *, title: str) -> None:
    former: Finding | None = None
    for finding in check.finding.each:
        repeats = former is not None and (former.why, former.expected) == (finding.why, finding.expected)
        shown = replace(finding, why=None, expected=None) if repeats and finding.status is not Status.SKIP else finding
        _show_finding(shown, ui, told, title=title, docs=check.spec.docs)
        former = finding


def _show_finding(finding: Finding, ui: Ui, told: set[Fix], *, title: str, docs: str | None) -> None:
    about = finding.why if finding.status is Status.SKIP else finding.found
    line = _("{title}: {found}").format(title=title, found=about) if about else title
    if finding.note:
        line = noted(line, finding.note)
    blocks.item(ui, _STYLES[finding.status], line)
    wrong = finding.status not in {Status.OK, Status.SKIP}
    if finding.expected and (wrong or ui.verbose):
        blocks.paragraph(ui, _("expected: {expected}").format(expected=finding.expected))
    if finding.why and wrong:
        blocks.paragraph(ui, finding.why)
    if finding.fix is not None and finding.fix not in told:
        told.add(finding.fix)
        blocks.paragraph(ui, _("to fix: {summary}").format(summary=finding.fix.summary))
        for command in finding.fix.commands:
            ui.line(f"        {ui.typable(command)}", "hint")
    if ui.verbose or finding.status is Status.CRASH:
        told_id = [_("id: {id}").format(id=finding.code)] if finding.code and wrong else []
        for detail in (*told_id, *finding.detail, *([docs] if docs and wrong else [])):
            blocks.paragraph(ui, detail, style="faint")


def _summary(counts: Mapping[Status, int]) -> str:
    wrong = counts[Status.FAIL] + counts[Status.CRASH]
    parts = [
        _("{count} ok").format(count=counts[Status.OK]),
        ngettext("{count} warning", "{count} warnings", counts[Status.WARN]).format(count=counts[Status.WARN]),
        _("{count} wrong").format(count=wrong),
        _("{count} skipped").format(count=counts[Status.SKIP]),
    ]
    return listed(parts)
