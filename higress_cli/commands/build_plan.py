"""What `hgw build` decides before it compiles: which plugins, their settings and their tools."""

import contextlib
import shlex
from dataclasses import dataclass
from pathlib import Path

from higress_cli.compile.choices import Choices, choose
from higress_cli.compile.flags import far_reaching
from higress_cli.compile.job import Equipment, Job
from higress_cli.compile.modules import Tidy
from higress_cli.compile.output import check_inside, check_output
from higress_cli.compile.packages import go_work_in_use
from higress_cli.compile.target import target_faults
from higress_cli.errors import HgwError, InvalidInput, ToolError
from higress_cli.fault import refuse
from higress_cli.go.mod import GO_MOD, go_mod_at, read_go_mod
from higress_cli.i18n import _
from higress_cli.project.parents import nearest_above
from higress_cli.project.project import DEEPEST_LOOK, is_plugin, only_below, open_project, plugins_below
from higress_cli.project.resolution import settings_of, wanted_tools
from higress_cli.session import Session
from higress_cli.settings.project import PROFILE
from higress_cli.settings.resolver import Resolver
from higress_cli.toolchain.selection import find_toolset
from higress_cli.toolchain.sets import SetRequest, request_for
from higress_cli.toolchain.toolset import Toolset


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plugin to be built, with all settings and tools chosen."""

    choices: Choices
    settings: Resolver
    toolset: Toolset

    def job(self, session: Session, *, memory: int | None = None) -> Job:
        """What is to be compiled, and with what; `memory` is how many bytes a compiler may take, None if unknown."""
        variables = self.toolset.environment(session.variables)
        equipment = Equipment(tools=self.toolset.tools, variables=variables, memory=memory)
        return Job(choices=self.choices, equipment=equipment)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked of a build besides its settings.

    `arguments` are extra compiler arguments. With `force`, modules are compiled even if they are up to date. Without
    `debug`, they get no debugging information. `tidy` says when go.mod may be changed. `memory` is how many bytes each
    compiler may take, None if unknown.
    """

    arguments: tuple[str, ...] = ()
    force: bool = False
    debug: bool = True
    tidy: Tidy = Tidy.AUTO
    memory: int | None = None


def settle(session: Session, directory: Path, wishes: Wishes) -> tuple[Choices, Resolver]:
    """The settings of a plugin's build, all checked that can be without reading go.mod.

    Raises:
        UsageError, InvalidInput: a setting is invalid, or there is no plugin.
        CheckFailed: profile, ABI and gateway do not go together.
        ConflictError: the module cannot or must not be written to its place.
    """
    settings = settings_of(open_project(directory), session)
    choices = choose(settings, directory=directory, arguments=wishes.arguments, debug=wishes.debug)
    refuse(target_faults(choices))
    for abi in choices.abis:
        check_inside(choices.output(abi), directory=directory, source=choices.out_file.source)
        check_output(choices.output(abi))
    return choices, settings


def plan_at_hand(session: Session, choices: Choices, settings: Resolver) -> Plan | None:
    """The plan with the tools that are here; None if there is no complete set."""
    try:
        toolset = find_toolset(session, _request(settings))
    except ToolError:
        return None
    return Plan(choices=choices, settings=settings, toolset=toolset)


def complete(
    session: Session, choices: Choices, settings: Resolver, *, plan: Plan | None
) -> tuple[Plan, tuple[str, ...]]:
    """The plan with tools, which are installed if they are missing and the user agrees; and warnings about go.mod.

    Raises:
        ToolError: no matching set of tools is installed.
        HgwError: go.mod or go.work has a fault with which no build can succeed.
    """
    # What reads Go source is not for a build in which nothing has changed.
    from higress_cli.go import requirements  # noqa: PLC0415
    from higress_cli.go.go_line import go_line_faults  # noqa: PLC0415
    from higress_cli.go.usage import package_files, usage_of  # noqa: PLC0415
    from higress_cli.go.work import work_faults  # noqa: PLC0415

    directory = choices.directory
    _show_far_reaching(session, choices)
    go_mod = read_go_mod(go_mod_at(directory))
    usage = usage_of(package_files(directory))
    profile = choices.profile.value
    # Nothing that `go mod tidy` does makes a go.mod of the other profile one of this profile.
    is_other = requirements.profile_of(go_mod, lambda: usage) not in {profile, None}
    refuse(requirements.requirement_faults(go_mod, profile=profile, usage=usage, tidy=is_other))
    refuse(requirements.replacement_faults(go_mod, is_module=lambda folder: (folder / GO_MOD).is_file()))
    plan = plan or Plan(choices=choices, settings=settings, toolset=_toolset(session, settings, directory=directory))
    warnings = refuse(go_line_faults(go_mod, go=plan.toolset.go.version))
    variables = plan.toolset.environment(session.variables)
    refuse(work_faults(directory, go_work=go_work_in_use(directory=directory, variables=variables)))
    return plan, warnings


def install_for(session: Session, directory: Path) -> None:
    """Install the tools of the plugin in `directory` if they are missing and the user agrees.

    Where that does not succeed, the plugin's own build says why.
    """
    if session.assume_yes or (session.interactive and not session.offline):
        with contextlib.suppress(HgwError):
            _toolset(session, settings_of(open_project(directory), session), directory=directory)


def every_plugin(session: Session, directory: Path) -> tuple[Path, ...]:
    """The folders of all plugins in `directory` and below.

    Raises:
        InvalidInput: `no-project` if there are none.
    """
    with session.reporter.activity(_("Looking for plugins in {path} and below").format(path=directory)):
        found = plugins_below(directory)
    if not found:
        raise InvalidInput(
            _("there is no Go plugin in {path} or below").format(path=directory),
            code="no-project",
            hint=f"hgw init {directory}",
            details={"path": directory},
        )
    return found


def folder_named(path: Path) -> Path:
    """The plugin's folder: `path` itself, or if it is a Go file, the folder that contains it."""
    return path.parent if path.suffix == ".go" and path.is_file() else path


def plugin_to_build(directory: Path) -> Path:
    """`directory` if it is a plugin, or else the nearest folder above it that has a go.mod, as for the go command.

    Raises:
        InvalidInput: `no-project` if there is none but there are plugins below `directory`, which it names.
    """
    sources = {path.name for path in directory.glob("*.go")}
    has_go_mod = (directory / GO_MOD).is_file()
    if is_plugin(directory, {*sources, GO_MOD} if has_go_mod else sources):
        return directory
    above = None if has_go_mod else nearest_above(directory, GO_MOD)
    if above is not None or (sources and not has_go_mod):
        return above.parent if above else directory
    below = plugins_below(directory, deepest=DEEPEST_LOOK)
    if not below:
        return directory
    error = only_below(directory, below)
    one = f"hgw build {shlex.quote(str(below[0].relative_to(directory)))}"
    error.again = ()
    error.hint = one if len(below) == 1 else _("one of them: {command}; all: hgw build --all").format(command=one)
    raise error


def _show_far_reaching(session: Session, choices: Choices) -> None:
    """Show the compiler arguments that can run programs or write anywhere, wherever they come from."""
    for arguments, source in ((choices.flags.value, str(choices.flags.source)), (choices.arguments, "--")):
        if shown := far_reaching(arguments):
            session.reporter.note(
                _("the compiler gets {arguments} (from {source})").format(arguments=shlex.join(shown), source=source)
            )


def _request(settings: Resolver) -> SetRequest:
    return request_for(settings.choose(PROFILE).value, wanted=wanted_tools(settings))


def _toolset(session: Session, settings: Resolver, *, directory: Path) -> Toolset:
    """The set of tools, which is installed if it is missing and the user agrees; nobody is asked without a network."""
    request = _request(settings)
    try:
        return find_toolset(session, request)
    except ToolError as missing:
        if not session.assume_yes:
            if session.offline or not session.interactive:
                raise
            session.reporter.note(missing.message)
            if not session.reporter.confirm(_("Install what the build needs now?")):
                raise
    from higress_cli.commands.install import install  # noqa: PLC0415 -- only where tools are missing

    installed = install(session, directory=directory)
    return installed.toolset or find_toolset(session, request)
