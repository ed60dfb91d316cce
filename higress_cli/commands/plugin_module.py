"""The module of a project that a gateway loads, built first if needed."""

from dataclasses import dataclass, replace
from pathlib import Path

from higress_cli.abi import Abi
from higress_cli.choice import SourceKind
from higress_cli.commands.build_plan import plan_at_hand
from higress_cli.compile import choices
from higress_cli.compile.freshness import judge
from higress_cli.compile.module_build import Standing, confirmed, standing
from higress_cli.compile.output import check_output
from higress_cli.compile.target import target_faults
from higress_cli.errors import HgwError, InvalidInput, ToolError
from higress_cli.fault import refuse
from higress_cli.gateway.plugin import Needs, module_missing, read_plugin
from higress_cli.go.syntax import called_names
from higress_cli.go.usage import package_files
from higress_cli.i18n import _
from higress_cli.project.project import DEEPEST_LOOK, Project, hint_without_plugin, only_below, plugins_below
from higress_cli.project.resolution import settings_of
from higress_cli.session import Session
from higress_cli.wasm.host_functions import needed_by
from higress_cli.wasm.module import Module
from higress_cli.wasm.verdict import abi_mismatch, for_gateway


@dataclass(frozen=True, kw_only=True)
class FreshModule:
    """A module, and the warnings of its build, if it had to be built."""

    path: Path
    warnings: tuple[str, ...] = ()


def build_choices(session: Session, project: Project) -> choices.Choices:
    """The settings that `hgw build` without options would use.

    Raises:
        UsageError, InvalidInput: a setting of the build is invalid.
    """
    return choices.choose(settings_of(project, session), directory=project.directory)


def module_path(session: Session, project: Project) -> Path:
    """The path of the project's module, which may not exist; with `abi: all`, that of the first ABI.

    Raises:
        UsageError, InvalidInput: a setting of the build is invalid.
    """
    chosen = build_choices(session, project)
    return chosen.output(chosen.abis[0])


def refuse_for_gateway(
    session: Session, project: Project, module: Module, *, own: bool, called: str | None = None
) -> tuple[str, ...]:
    """Check that the gateway version that the project targets can load a module, and return the warnings.

    `own` says whether it is the project's own module; any other is only checked if a gateway version was set, and is
    named: `called`, or its path.

    Raises:
        CheckFailed: `gateway-too-old`, `import-missing`, `abi-too-new`: that gateway would not load it.
    """
    own = own and project.has_source
    chosen = build_choices(session, project)
    if not own and chosen.gateway.source.kind is SourceKind.DEFAULT:
        return ()
    found = for_gateway(module, gateway=chosen.gateway.value)
    if own:
        return refuse((*target_faults(chosen), *found))
    return refuse(replace(fault, places=(called or str(module.path),)) for fault in found)


def needs_of_source(session: Session, project: Project) -> Needs | None:
    """Host functions that the module will surely import once it is compiled; None where it needs no compiling.

    Only the Go files in the plugin's own folder are read, the packages below it are not.
    """
    chosen = build_choices(session, project)
    if not project.has_source or standing(session, chosen, chosen.abis[0], job=None).freshness.fresh:
        return None
    for file in package_files(project.directory):
        functions = needed_by(called_names([file]))
        if functions:
            return Needs(path=file.path, host_functions=functions)
    return None


def module_standing(session: Session, project: Project, *, abi: Abi | None = None) -> Standing:
    """The project's module with what is known of its freshness, judged as `hgw build` judges it.

    `abi` None is the first of the ABIs that the plugin is built for.

    Raises:
        UsageError, InvalidInput: a setting of the build is invalid.
    """
    chosen = build_choices(session, project)
    plan = plan_at_hand(session, chosen, settings_of(project, session))
    job = plan.job(session) if plan else None
    abi = abi or chosen.abis[0]
    seen = standing(session, chosen, abi, job=job)
    return confirmed(session, job, abi, seen) if job else seen


def fresh_module(
    session: Session, project: Project, *, build: bool, abi: Abi | None = None, any_abi: bool = False
) -> FreshModule:
    """The project's module, built first if it is not what a build would make now, unless `build` is false.

    `abi` None is the first of the ABIs that the plugin is built for. With `any_abi`, a module that is not built may be
    for another ABI than was asked for.

    Raises:
        InvalidInput: `no-project` if there is neither a module nor source; `module-missing`.
        CheckFailed: `abi-mismatch`.
        ConflictError: `out-file-is-folder`.
        HgwError: whatever `hgw build` raises.
    """
    check_plugin(session, project)
    chosen = build_choices(session, project)
    abi = abi or chosen.abis[0]
    path = chosen.output(abi)
    if not project.has_source:
        if not path.is_file():
            raise _missing(project, path)
        if not any_abi:
            _refuse_other_abi(project, chosen, path, abi=abi)
        return FreshModule(path=path, warnings=_not_rebuilt(project, path) if build else ())
    seen = module_standing(session, project, abi=abi)
    if seen.freshness.fresh:
        return FreshModule(path=seen.path)
    if build:
        from higress_cli.commands.build import build as compile_plugin  # noqa: PLC0415 -- only for a stale module

        try:
            return FreshModule(path=path, warnings=compile_plugin(session, directories=[project.directory]).warnings)
        except ToolError as error:
            if path.is_file():
                error.hint = _("to use {path} as it is, add --no-build; otherwise: {hint}").format(
                    hint=error.hint, path=path
                )
            raise
    there = [module for module in (path, chosen.twin(abi)) if module.is_file()]
    if not there:
        raise _missing(project, path)
    found = min(there, key=lambda module: abi not in _abis_of(module))
    if not any_abi:
        _refuse_other_abi(project, chosen, found, abi=abi)
    return FreshModule(path=found, warnings=(_stale_text(found, seen),))


def modules_beside(session: Session, project: Project, path: Path) -> tuple[Path, ...]:
    """`path` and the names under which builds with and without `--abi all` write the same plugin.

    The first is the one to use: that which matches the source, or if none or all do, `path`.
    """
    names = [path]
    for abi in _abis_of(path):
        stem = path.stem.removesuffix(f"-{abi}")
        names += [path.with_name(f"{stem}{path.suffix}"), path.with_name(f"{stem}-{abi}{path.suffix}")]

    def is_stale(module: Path) -> bool:
        return not judge(session.dirs.cache, module, directory=project.directory, setup=None).fresh

    names = list(dict.fromkeys(names))
    return tuple(sorted(names, key=is_stale)) if project.has_source else tuple(names)


def check_plugin(session: Session, project: Project) -> Path:
    """Check that the project holds a plugin, and return the path of its module, which may not exist yet.

    Raises:
        InvalidInput: `no-project` if there is neither a module nor source.
        ConflictError: `out-file-is-folder`, such as one that a container engine created.
        UsageError, InvalidInput: a setting of the build is invalid.
    """
    path = module_path(session, project)
    if path.is_dir():
        check_output(path)
    if not project.has_source and not path.is_file():
        raise _missing(project, path)
    return path


def _stale_text(path: Path, seen: Standing) -> str:
    """The warning that the module at `path` is used although the plugin's is stale."""
    judged = seen.freshness if path == seen.path or seen.twin is None else seen.twin
    reason = judged.reason
    return _("{path} may not match its source: {reason}; `hgw build` rebuilds it").format(path=path, reason=reason)


def _refuse_other_abi(project: Project, chosen: choices.Choices, path: Path, *, abi: Abi) -> None:
    """Check that the module at `path`, which is not built now, is for the ABI that somebody chose, if anybody did.

    Raises:
        CheckFailed: `abi-mismatch`.
    """
    found = read_plugin(path).abi
    if chosen.abi.source.kind is SourceKind.DEFAULT or found.version in {None, abi}:
        return
    hint = f"hgw build --abi {chosen.abi.value}"
    if not project.has_source:
        hint = _("this folder has no source to build it from; say which ABI it has: --abi {abi}").format(
            abi=found.version
        )
    fault = abi_mismatch(found, abi)
    refuse((replace(fault, places=(path.name,), hint=hint, facts={**fault.facts, "module": path}),))


def _not_rebuilt(project: Project, path: Path) -> tuple[str, ...]:
    """The warning about a module that is used as it is because part of its source is gone."""
    if not project.has_part_of_source:
        return ()
    return (_("{module} was not rebuilt: {missing}").format(module=path.name, missing=project.missing),)


def _abis_of(path: Path) -> tuple[Abi, ...]:
    """The ABI that the module declares; empty if it is missing, invalid or declares an unknown one."""
    try:
        version = read_plugin(path).abi.version
    except HgwError:
        return ()
    return (Abi(version),) if version in set(Abi) else ()


def _missing(project: Project, path: Path) -> HgwError:
    if project.has_source:
        return module_missing(path, hint="hgw build")
    below = plugins_below(project.directory, deepest=DEEPEST_LOOK)
    if below:
        return only_below(project.directory, below)
    return InvalidInput(
        _("{path} holds no plugin: neither {module} nor Go source").format(path=project.directory, module=path.name),
        code="no-project",
        hint=hint_without_plugin(project.directory),
        details={"path": project.directory, "module": path},
    )
