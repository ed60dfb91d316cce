"""The check of hgw's environment variables: invalid values and misspelled names."""

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from higress_cli.doctor.model import Finding, Fix, Status, combined, from_fault
from higress_cli.errors import UsageError
from higress_cli.i18n import _, listed
from higress_cli.settings.resolver import Resolver, machine_resolver
from higress_cli.settings.setting import VARIABLE_PREFIX
from higress_cli.settings.table import SETTINGS
from higress_cli.spelling import nearest
from higress_cli.toolchain.mirrors import MIRRORS, preset_fault

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

# About one wrong, missing or extra letter.
_LIKENESS: Final = 0.85


def check_variables(facts: "Facts") -> Finding:
    return judge_variables(facts.session.variables)


def judge_variables(variables: Mapping[str, str]) -> Finding:
    """Judge the variables that are set; an unknown one counts only if it resembles the variable of a setting."""
    known = {setting.variable: setting for setting in SETTINGS if setting.variable}
    given = sorted(name for name in variables if name in known and variables[name])
    resolver = machine_resolver(variables)
    problems: list[UsageError] = []
    for name in given:
        try:
            resolver.choose(known[name])
        except UsageError as error:
            problems.append(error)
    findings = [*map(_invalid, problems), *_idle_presets(resolver), *_misspelled(variables, known)]
    return combined(findings) if findings else Finding(status=Status.OK, found=listed(given) or _("none set"))


def _invalid(problem: UsageError) -> Finding:
    return Finding(
        status=Status.FAIL,
        code=problem.code,
        found=problem.message,
        why=_("every command that uses it refuses to start"),
        fix=Fix(summary=problem.hint) if problem.hint else None,
    )


def _idle_presets(resolver: Resolver) -> Iterator[Finding]:
    for kind, setting in MIRRORS.items():
        with contextlib.suppress(UsageError):
            if (fault := preset_fault(kind, resolver.choose(setting))) is not None:
                yield from_fault(fault)


def _misspelled(variables: Mapping[str, str], known: Collection[str]) -> Iterator[Finding]:
    for name in sorted(variables):
        if not name.startswith(VARIABLE_PREFIX) or name in known:
            continue
        if near := nearest(name, known, likeness=_LIKENESS):
            yield Finding(
                status=Status.WARN,
                code="setting-unknown",
                found=name,
                expected=near[0],
                why=_("no setting has a variable of that name, so it has no effect"),
                fix=Fix(summary="hgw help settings"),
            )
