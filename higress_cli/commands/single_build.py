"""Build one plugin: up to date, or compiled, checked and put in place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.commands.build_plan import Plan, Wishes, complete, plan_at_hand, settle
from higress_cli.compile.module_build import InputsChangedError, Made, reuse, standing
from higress_cli.compile.modules import Modules, Tidy
from higress_cli.compile.packages import Listing
from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.session import Session

_MOST_TRIES: Final = 3
"""How often a plugin is compiled whose files change while it is compiled."""
_NOT_TIDIED: Final = Modules(listing=Listing(packages=()))


@dataclass(frozen=True, kw_only=True)
class Built:
    """One plugin that was built or is up to date."""

    plan: Plan
    modules: Modules
    made: tuple[Made, ...]
    warnings: tuple[str, ...]


def build_one(session: Session, directory: Path, wishes: Wishes) -> Built:
    """Build the plugin in `directory` (absolute).

    Raises:
        HgwError: see `commands.build.build`; its warnings are those that were found before it.
    """
    choices, settings = settle(session, directory, wishes)
    plan = plan_at_hand(session, choices, settings)
    if (
        plan is not None
        and not wishes.force
        and wishes.tidy is not Tidy.ALWAYS
        and (made := _as_it_is(session, plan)) is not None
    ):
        warnings = tuple(text for module in made for text in module.warnings)
        return Built(plan=plan, modules=_NOT_TIDIED, made=made, warnings=warnings)
    # What follows reads Go source and the catalogue of errors, for which an up-to-date plugin need not wait.
    from higress_cli.commands.compilation import compile_plugin  # noqa: PLC0415 -- see above

    warned: list[str] = []
    try:
        plan, about_go_mod = complete(session, choices, settings, plan=plan)
        warned += about_go_mod
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                made, modules = compile_plugin(session, plan, wishes, warned=warned, last=attempt == _MOST_TRIES)
            except InputsChangedError as changed:
                text = _("{files} changed while {path} was compiled; compiling it again")
                session.reporter.note(text.format(files=changed, path=directory))
            else:
                return Built(plan=plan, modules=modules, made=made, warnings=tuple(dict.fromkeys(warned)))
    except HgwError as error:
        error.warnings = tuple(dict.fromkeys(warned))
        raise
    raise AssertionError("the last try keeps the module")


def _as_it_is(session: Session, plan: Plan) -> tuple[Made, ...] | None:
    """The modules, if all are up to date and nothing has to be said about their source; judged without running Go."""
    job = plan.job(session)
    made = []
    for abi in plan.choices.abis:
        seen = standing(session, plan.choices, abi, job=job)
        if not seen.freshness.fresh or seen.freshness.record is None or seen.freshness.record.warned:
            return None
        module = reuse(session, plan.choices, abi, seen.path)
        if module is None:
            return None
        made.append(module)
    return tuple(made)
