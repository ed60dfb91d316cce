"""Compile what of a plugin is not up to date, after its source and its go.mod were checked."""

from collections.abc import Sequence

from higress_cli.commands.build_plan import Plan, Wishes
from higress_cli.compile.job import Compilation, own_source, prepare
from higress_cli.compile.module_build import Made, Manner, make
from higress_cli.compile.modules import Modules
from higress_cli.errors import DownloadError, InvalidInput
from higress_cli.fault import Fault, refuse
from higress_cli.go.mod import go_mod_at, read_go_mod
from higress_cli.go.requirements import requirement_faults
from higress_cli.go.source import source_faults
from higress_cli.go.usage import Usage, package_files, usage_of
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.system.fs import mark_as_cache
from higress_cli.toolchain.toolset import CACHES


def compile_plugin(
    session: Session, plan: Plan, wishes: Wishes, *, warned: list[str], last: bool
) -> tuple[tuple[Made, ...], Modules]:
    """Compile what is not up to date; `warned` collects the warnings, also those of a plugin that fails."""
    steps, modules = _prepared(session, plan, wishes)
    _report_tidied(session, modules)
    warned += _check_inputs(plan, steps)
    about_source = bool(warned)
    made: list[Made] = []
    for step in steps:
        base = steps[0] if made else None
        module = make(session, step, Manner(force=wishes.force, warned=about_source, last=last, base=base))
        warned += module.warnings
        made.append(module)
    return tuple(made), modules


def _prepared(session: Session, plan: Plan, wishes: Wishes) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules and return the steps; if that fails, a known fault of go.mod is the better error."""
    if plan.toolset.cache is not None:
        for name in CACHES:
            mark_as_cache(plan.toolset.cache / name)
    try:
        return prepare(session, plan.job(session, memory=wishes.memory), tidy=wishes.tidy)
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
    go_mod = read_go_mod(go_mod_at(plan.choices.directory))
    return requirement_faults(go_mod, profile=plan.choices.profile.value, tinygo=tinygo, usage=usage)


def _report_tidied(session: Session, modules: Modules) -> None:
    if modules.tidied:
        session.reporter.note(_("go.mod and go.sum did not cover the imports; `go mod tidy` changed them:"))
        for line in modules.changes or (_("  go.sum only"),):
            session.reporter.note(f"  {line}")
