"""Build one plugin: up to date, or compiled, checked and put in place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.commands.build_plan import Plan, Wishes, complete, plan_at_hand, settle
from higress_cli.compile.job import Compilation, own_source, prepare
from higress_cli.compile.make import InputsChangedError, Made, Manner, make, reuse, standing
from higress_cli.compile.modules import Modules, Tidy
from higress_cli.compile.packages import Listing
from higress_cli.errors import DownloadError, HgwError, InvalidInput
from higress_cli.fault import Fault, refuse
from higress_cli.go.mod import read_go_mod
from higress_cli.go.requirements import requirement_faults
from higress_cli.go.source import source_faults
from higress_cli.go.usage import Usage, package_files, usage_of
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
    warned: list[str] = []
    try:
        plan, about_go_mod = complete(session, choices, settings, plan=plan)
        warned += about_go_mod
        for attempt in range(1, _MOST_TRIES + 1):
            try:
                return _compile(session, plan, wishes, warned=warned, last=attempt == _MOST_TRIES)
            except InputsChangedError as changed:
                text = _("{files} changed while {path} was compiled; compiling it again")
                session.reporter.note(text.format(files=changed, path=directory))
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


def _compile(session: Session, plan: Plan, wishes: Wishes, *, warned: list[str], last: bool) -> Built:
    """Compile what is not up to date; `warned` collects the warnings, also those of a plugin that fails."""
    steps, modules = _prepared(session, plan, tidy=wishes.tidy)
    _report_tidied(session, modules)
    warned += _check_inputs(plan, steps)
    about_source = bool(warned)
    made: list[Made] = []
    for step in steps:
        base = steps[0] if made else None
        module = make(session, step, Manner(force=wishes.force, warned=about_source, last=last, base=base))
        warned += module.warnings
        made.append(module)
    return Built(plan=plan, modules=modules, made=tuple(made), warnings=tuple(dict.fromkeys(warned)))


def _prepared(session: Session, plan: Plan, *, tidy: Tidy) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules and return the steps; if that fails, a known fault of go.mod is the better error."""
    try:
        return prepare(session, plan.job(session), tidy=tidy)
    except (DownloadError, InvalidInput):
        refuse(_requirement_faults(plan, usage=usage_of(package_files(plan.choices.directory))))
        raise


def _check_inputs(plan: Plan, steps: Sequence[Compilation]) -> tuple[str, ...]:
    """Check what will be compiled (the source, and go.mod after `go mod tidy`) and return the warnings."""
    warnings: list[str] = []
    for step in steps:
        files = own_source(step)
        warnings += refuse(_requirement_faults(plan, usage=usage_of(files)))
        warnings += refuse(source_faults(files, profile=step.recipe.profile, abi=step.recipe.abi))
    return tuple(warnings)


def _requirement_faults(plan: Plan, *, usage: Usage) -> tuple[Fault, ...]:
    tinygo = plan.toolset.tinygo.version if plan.toolset.tinygo else None
    go_mod = read_go_mod(plan.choices.directory / "go.mod")
    return requirement_faults(go_mod, profile=plan.choices.profile.value, tinygo=tinygo, usage=usage)


def _report_tidied(session: Session, modules: Modules) -> None:
    if modules.tidied:
        session.reporter.note(_("go.mod and go.sum did not cover the imports; `go mod tidy` changed them:"))
        for line in modules.changes or (_("  go.sum only"),):
            session.reporter.note(f"  {line}")
