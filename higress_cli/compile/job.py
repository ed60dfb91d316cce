"""A plugin to be built, and what its compiler will read: the Go modules are provided, nothing is compiled yet."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.compile.choices import Choices
from higress_cli.compile.collector import collector
from higress_cli.compile.compiler import RefusedError
from higress_cli.compile.inputs import Scope, contents, latest_change, refuse_pipes, scope_of
from higress_cli.compile.modules import Modules, Tidy, Workplace, provide_modules
from higress_cli.compile.packages import Listing, PlatformUnknownError, module_cache, platform_of
from higress_cli.compile.recipe import Recipe, make_recipe
from higress_cli.compile.record import Setup, listed_digest, setup_of
from higress_cli.errors import HgwError
from higress_cli.go.syntax import GoFile, parse
from higress_cli.i18n import _
from higress_cli.knowledge.disk import full_disk, places_of
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.session import Session
from higress_cli.system import child_log, process
from higress_cli.tool import Tool, ToolName

_CLOCK_SECONDS: Final = 0.02
"""How much the clock of a file system may lag behind the machine's."""
_MOST_LISTINGS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """The tools of a build; `variables` is the environment in which a child process uses them.

    `memory` is how many bytes a compiler may take, None if nothing is known about that.
    """

    tools: tuple[Tool, ...]
    variables: Mapping[str, str] = field(repr=False)
    memory: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plugin to be built, with all settings and tools chosen."""

    choices: Choices
    equipment: Equipment

    @property
    def directory(self) -> Path:
        return self.choices.directory

    def setup(self, abi: Abi) -> Setup:
        """How the module for an ABI is compiled."""
        recipe = self.recipe(abi)
        variables = process.child_environment(self.equipment.variables, recipe.edits)
        return setup_of(recipe=recipe, directory=self.directory, variables=variables, tools=self.equipment.tools)

    def recipe(self, abi: Abi) -> Recipe:
        """The compiler's command for an ABI; an output inside the plugin's folder is named relative to it."""
        path = self.choices.output(abi)
        inside = path.is_relative_to(self.directory)
        recipe = make_recipe(
            profile=self.choices.profile.value,
            abi=abi,
            output=path.relative_to(self.directory).as_posix() if inside else str(path),
            tags=self.choices.tags.value,
            flags=(*self.choices.flags.value, *self.choices.arguments),
        )
        return recipe.collecting(collector(self.equipment.memory, self.equipment.variables))


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """The compilation for one ABI.

    `variables` is the compiler's environment, `listing` what it will read, `contents` the digests of the files in
    `scope` when that was listed.
    """

    job: Job
    recipe: Recipe
    listing: Listing
    scope: Scope
    contents: Mapping[str, str]
    cache: Path | None
    variables: Mapping[str, str] = field(repr=False)

    @property
    def output(self) -> Path:
        return self.job.choices.output(self.recipe.abi)

    @property
    def listed(self) -> str:
        """A digest of the files that the compiler reads."""
        return listed_digest(self.listing, self.contents, module_cache=self.cache)


def prepare(session: Session, job: Job, *, tidy: Tidy) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules of a job and return its steps, one for each ABI.

    Raises:
        DownloadError, InvalidInput: see `provide_modules`.
        CompileError: TinyGo refuses the tools or the target.
    """
    try:
        return _steps(session, job, provide=lambda place: provide_modules(place, tidy=tidy))
    except RefusedError as refused:
        for line in refused.output.splitlines():
            session.reporter.child_line(line)
        session.reporter.child_failed(refused.output)
        raise refusal(session, refused, job, job.recipe(job.choices.abis[0])) from refused


def look(session: Session, job: Job) -> tuple[Compilation, ...]:
    """The steps of a job with its files as they are: nothing is fetched or changed.

    Raises:
        CompileError: TinyGo refuses the tools or the target.
    """
    try:
        steps, _modules = _steps(session, job, provide=lambda place: Modules(listing=place.listing(goproxy="off")))
    except RefusedError as refused:
        raise refusal(session, refused, job, job.recipe(job.choices.abis[0])) from refused
    return steps


def own_source(step: Compilation) -> tuple[GoFile, ...]:
    """The plugin's own Go files that this build reads, with paths relative to its folder."""
    directory = step.job.directory
    return tuple(
        parse(path.relative_to(directory) if path.is_relative_to(directory) else path, path.read_bytes())
        for package in step.listing.packages
        if package.main_module
        for path in package.paths
        if path.suffix == ".go" and path.is_file()
    )


def refusal(session: Session, refused: RefusedError, job: Job, recipe: Recipe) -> HgwError:
    """The error for a compiler that refused the job's plugin, or that found a disk full.

    Its whole output is kept in a file, which is named on the terminal and in the error's details.
    """
    from higress_cli.compile.failure import Attempt, compile_error  # noqa: PLC0415 -- only for an error

    places = places_of(job.equipment.variables, store=session.dirs.cache)
    full = full_disk(refused.output, program=recipe.profile.compiler, places=places)
    if full is not None:
        return full
    log = child_log.keep(session.dirs.logs, recipe.argv, refused.output, status=refused.status, edits=recipe.edits)
    if log is not None:
        session.reporter.note(_("all that the compiler said is in {path}").format(path=log))
    error = compile_error(
        refused,
        Attempt(recipe=recipe, directory=job.directory, tools=job.equipment.tools),
        module_cache=module_cache(directory=job.directory, variables=job.equipment.variables),
        system=session.host.system,
    )
    error.details = {**error.details, "log": log}
    return error


def _steps(
    session: Session, job: Job, *, provide: Callable[[Workplace], Modules]
) -> tuple[tuple[Compilation, ...], Modules]:
    refuse_pipes(job.directory)
    steps: list[Compilation] = []
    modules: Modules | None = None
    cache = module_cache(directory=job.directory, variables=job.equipment.variables)
    for abi in job.choices.abis:
        recipe = job.recipe(abi)
        variables = process.child_environment(job.equipment.variables, recipe.edits)
        place = _workplace(session, job, recipe, variables)
        started = time.time()
        if modules is None:
            modules = provide(place)
            listing = modules.listing
        else:
            listing = place.listing()
        for _attempt in range(_MOST_LISTINGS):
            scope = scope_of(listing, recipe=recipe, directory=job.directory, module_cache=cache, variables=variables)
            found = contents(scope)
            if latest_change([*scope.folders, *map(Path, found)]) < started - _CLOCK_SECONDS:
                break
            # Something changed while the go command read it, so its listing may be that of neither content.
            started = time.time()
            listing = place.listing(goproxy="off")
        steps.append(
            Compilation(
                job=job,
                recipe=recipe,
                listing=listing,
                scope=scope,
                contents=found,
                cache=cache,
                variables=variables,
            )
        )
    assert modules is not None  # noqa: S101 -- there is always an ABI
    return tuple(steps), modules


def _workplace(session: Session, job: Job, recipe: Recipe, variables: Mapping[str, str]) -> Workplace:
    try:
        platform, tags = platform_of(recipe, directory=job.directory, variables=variables)
    except PlatformUnknownError as error:
        raise RefusedError(str(error), 1) from error
    return Workplace(
        directory=job.directory,
        variables=job.equipment.variables,
        platform=platform,
        tags=tags,
        offline=session.offline,
        go=next(tool.version for tool in job.equipment.tools if tool.name is ToolName.GO),
        places=places_of(variables, store=session.dirs.cache),
        reporter=session.reporter,
        pins=go_profile(recipe.profile).pins,
    )
