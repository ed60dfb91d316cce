"""The check of hgw's environment variables: invalid values and misspelled names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from higress_cli.doctor.model import Finding, Fix, Status
from higress_cli.errors import UsageError
from higress_cli.i18n import _, listed
from higress_cli.nearest import nearest
from higress_cli.settings.resolver import machine_resolver
from higress_cli.settings.setting import VARIABLE_PREFIX
from higress_cli.settings.table import SETTINGS

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
    if problems:
        first = problems[0]
        return Finding(
            status=Status.FAIL,
            code=first.code,
            found=first.message,
            why=_("every command that uses it refuses to start"),
            fix=Fix(summary=first.hint) if first.hint else None,
            detail=tuple(error.message for error in problems[1:]),
        )
    for name in sorted(variables):
        near = nearest(name, known, likeness=_LIKENESS)
        if name.startswith(VARIABLE_PREFIX) and name not in known and near:
            return Finding(
                status=Status.WARN,
                code="setting-unknown",
                found=name,
                expected=near[0],
                why=_("no setting has a variable of that name, so it has no effect"),
                fix=Fix(summary="hgw help settings"),
            )
    return Finding(status=Status.OK, found=listed(given) or _("none set"))
