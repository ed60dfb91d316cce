"""Build one plugin: provide its Go modules, compile it, check the module and put it in place."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from higress_cli.abi import Abi
from higress_cli.compile.choices import Choices
from higress_cli.compile.compiler import Compiled, RefusedError, compile_module
from higress_cli.compile.failure import compile_error
from higress_cli.compile.freshness import is_stale
from higress_cli.compile.modules import Modules, Workplace, provide_modules
from higress_cli.compile.output import put_in_place
from higress_cli.compile.packages import Listing, PlatformUnknownError, module_cache, platform_of
from higress_cli.compile.recipe import Recipe, make_recipe
from higress_cli.compile.record import Record, fingerprint, is_current, read_record, record_path, write_record
from higress_cli.compile.target import size_faults
from higress_cli.errors import HgwError
from higress_cli.fault import refuse
from higress_cli.go.syntax import GoFile, parse
from higress_cli.i18n import _
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.session import Session
from higress_cli.system import process
from higress_cli.system.fs import mark_as_cache
from higress_cli.tool import Tool
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import read_module
from higress_cli.wasm.verdict import Wanted, findings


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """The tools of a build; `variables` is the environment in which a child process uses them."""

    tools: tuple[Tool, ...]
    variables: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plugin to be built, with all settings and tools chosen."""

    choices: Choices
    equipment: Equipment

    @property
    def directory(self) -> Path:
        return self.choices.directory

    def recipe(self, abi: Abi) -> Recipe:
        """The compiler's command for an ABI; an output inside the plugin's folder is named relative to it."""
        path = self.choices.output(abi)
        inside = path.is_relative_to(self.directory)
        return make_recipe(
            profile=self.choices.profile.value,
            abi=abi,
            output=path.relative_to(self.directory).as_posix() if inside else str(path),
            tags=self.choices.tags.value,
            flags=(*self.choices.flags.value, *self.choices.arguments),
            variables=self.equipment.variables,
        )


@dataclass(frozen=True, kw_only=True)
class Compilation:
    """The compilation for one ABI; `variables` is the compiler's environment, `listing` what it will read."""

    job: Job
    recipe: Recipe
    listing: Listing
    cache: Path | None
    variables: Mapping[str, str] = field(repr=False)

    @property
    def output(self) -> Path:
        return self.job.choices.output(self.recipe.abi)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A finished module. `seconds` is the compiler's run time, 0 if nothing had to be compiled."""

    step: Compilation
    sha256: str
    abi_export: str
    up_to_date: bool
    seconds: float
    warnings: tuple[str, ...] = ()


def prepare(session: Session, job: Job) -> tuple[tuple[Compilation, ...], Modules]:
    """Provide the Go modules of a job and return its steps, one for each ABI.

    Raises:
        DownloadError, InvalidInput: see `provide_modules`.
        CompileError: TinyGo refuses the tools or the target.
    """
    try:
        return _steps(session, job, provide=provide_modules)
    except RefusedError as refused:
        for line in refused.output.splitlines():
            session.reporter.child_line(line)
        session.reporter.child_failed(refused.output)
        raise _refusal(session, refused, job, job.recipe(job.choices.abis[0])) from refused


def look(session: Session, job: Job) -> tuple[Compilation, ...]:
    """The steps of a job with its files as they are: nothing is fetched or changed.

    Raises:
        CompileError: TinyGo refuses the tools or the target.
    """
    try:
        steps, _modules = _steps(session, job, provide=lambda place: Modules(listing=place.listing(goproxy="off")))
    except RefusedError as refused:
        raise _refusal(session, refused, job, job.recipe(job.choices.abis[0])) from refused
    return steps


def is_up_to_date(session: Session, step: Compilation) -> bool:
    """Whether a build would compile nothing."""
    record = read_record(record_path(session.dirs.cache, step.output))
    return is_current(record, fingerprint=_fingerprint(step), module=step.output)


def _steps(
    session: Session, job: Job, *, provide: Callable[[Workplace], Modules]
) -> tuple[tuple[Compilation, ...], Modules]:
    steps: list[Compilation] = []
    modules: Modules | None = None
    cache = module_cache(directory=job.directory, variables=job.equipment.variables)
    for abi in job.choices.abis:
        recipe = job.recipe(abi)
        variables = process.child_environment(job.equipment.variables, recipe.edits)
        place = _workplace(session, job, recipe, variables)
        if modules is None:
            modules = provide(place)
        listing = place.listing() if steps else modules.listing
        steps.append(Compilation(job=job, recipe=recipe, listing=listing, cache=cache, variables=variables))
    assert modules is not None  # noqa: S101 -- there is always an ABI
    return tuple(steps), modules


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


def make(session: Session, step: Compilation, *, force: bool) -> Made:
    """Compile the module unless it is up to date; the old one is replaced only once the new one has passed the checks.

    Raises:
        CompileError, CheckFailed, ConflictError: the old module is unchanged.
    """
    mark_as_cache(session.dirs.cache)
    kept = record_path(session.dirs.cache, step.output)
    mark = _fingerprint(step)
    if not force and (current := _current(session, step, fingerprint=mark)) is not None:
        return current
    session.reporter.detail(process.command_line(step.recipe.argv, step.recipe.edits))
    compiled = _compiled(session, step)
    warnings = _judge(compiled.content, step)
    put_in_place(step.output, compiled.content)
    fresh = Record(
        fingerprint=mark,
        sha256=hashlib.sha256(compiled.content).hexdigest(),
        abi_export=str(abi_of(read_module(compiled.content, path=step.output)).export),
    )
    write_record(kept, fresh)
    return Made(
        step=step,
        sha256=fresh.sha256,
        abi_export=fresh.abi_export,
        up_to_date=False,
        seconds=round(compiled.seconds, 3),
        warnings=warnings,
    )


def _current(session: Session, step: Compilation, *, fingerprint: str) -> Made | None:
    """The module if it is up to date under its own name, or under that of its twin, which is then copied."""
    twin = step.job.choices.twin(step.recipe.abi)
    for path in (step.output, twin):
        record = read_record(record_path(session.dirs.cache, path))
        if record is None or not is_current(record, fingerprint=fingerprint, module=path):
            continue
        # The gateway and the size budget may have changed since it was compiled.
        content = path.read_bytes()
        warnings = _judge(content, step)
        if path == twin:
            put_in_place(step.output, content)
            write_record(record_path(session.dirs.cache, step.output), record)
        elif is_stale(step.job.directory, path):
            # The inputs are unchanged although their times are newer, and `is_stale` only compares times.
            os.utime(path)
        return Made(
            step=step,
            sha256=record.sha256,
            abi_export=record.abi_export,
            up_to_date=True,
            seconds=0.0,
            warnings=warnings,
        )
    return None


def _compiled(session: Session, step: Compilation) -> Compiled:
    try:
        with session.reporter.activity(_title(step)):
            return compile_module(
                step.recipe,
                directory=step.job.directory,
                variables=step.variables,
                scratch=session.dirs.cache / "builds",
                reporter=session.reporter,
            )
    except RefusedError as refused:
        raise _refusal(session, refused, step.job, step.recipe) from refused


def _refusal(session: Session, refused: RefusedError, job: Job, recipe: Recipe) -> HgwError:
    return compile_error(
        refused,
        recipe=recipe,
        directory=job.directory,
        tools=job.equipment.tools,
        module_cache=module_cache(directory=job.directory, variables=job.equipment.variables),
        system=session.host.system,
    )


def _judge(content: bytes, step: Compilation) -> tuple[str, ...]:
    """Check a module and return the warnings.

    Raises:
        CheckFailed: the gateway could not load it, it does not match the profile or ABI, or it is too large.
    """
    choices = step.job.choices
    wanted = Wanted(profile=step.recipe.profile, abi=step.recipe.abi, gateway=choices.gateway.value)
    module = read_module(content, path=step.output)
    return refuse((*findings(module, wanted), *size_faults(len(content), choices.size_budget)))


def _fingerprint(step: Compilation) -> str:
    return fingerprint(
        recipe=step.recipe,
        directory=step.job.directory,
        listing=step.listing,
        module_cache=step.cache,
        variables=step.variables,
        tools=step.job.equipment.tools,
    )


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
        reporter=session.reporter,
        pins=go_profile(recipe.profile).pins,
    )


def _title(step: Compilation) -> str:
    compiler = next(tool for tool in step.job.equipment.tools if tool.name.value == step.recipe.profile.value)
    return _("Compiling {name} for ABI {abi} with {compiler} {version}").format(
        name=step.job.choices.name.value,
        abi=step.recipe.abi,
        compiler=step.recipe.profile.compiler,
        version=compiler.version,
    )
