"""Compile one module of a plugin, check it and put it in place, unless what is there is what a build would make."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from higress_cli.abi import Abi
from higress_cli.compile.choices import Choices
from higress_cli.compile.compiler import Compiled, RefusedError, compile_module
from higress_cli.compile.freshness import Freshness, changed_files, judge
from higress_cli.compile.inputs import contents, signature
from higress_cli.compile.job import Compilation, Job, look, refusal
from higress_cli.compile.output import check_inside, check_output, put_in_place
from higress_cli.compile.record import Record, is_as_built, read_record, record_path, write_record
from higress_cli.compile.target import size_faults
from higress_cli.digest import Sha256, sha256_of_bytes
from higress_cli.errors import HgwError
from higress_cli.fault import refuse
from higress_cli.i18n import _
from higress_cli.project.project import no_folder
from higress_cli.session import Session
from higress_cli.system import process
from higress_cli.system.fs import mark_as_cache
from higress_cli.wasm.module import Import, Module, read_module
from higress_cli.wasm.verdict import Wanted, findings

if TYPE_CHECKING:
    from higress_cli.wasm.inspection import Inspection


class InputsChangedError(Exception):
    """Files changed while they were compiled; the text names them. The old module is unchanged."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A finished module. `seconds` is the compiler's run time, 0 if nothing had to be compiled.

    `derived` says whether it was made from the module of another ABI. `packages` are the bytes of its code by package;
    `imports` are the functions that it imports, `pulled` the packages through which the plugin comes to each, as far as
    that is known. `previous` is the record of the module that it replaced.
    """

    abi: Abi
    path: Path
    sha256: Sha256
    abi_export: str
    up_to_date: bool
    seconds: float
    derived: bool = False
    packages: Mapping[str, int] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    pulled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    previous: Record | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The module of a plugin as it is, with what is known of its freshness.

    `twin` is what is known of the module under the other name, None if that was not looked at.
    """

    path: Path
    freshness: Freshness
    twin: Freshness | None = None


def standing(session: Session, choices: Choices, abi: Abi, *, job: Job | None) -> Standing:
    """The module for an ABI: under its own name, or if that is stale and its twin is not, under its twin's.

    The module is judged without running Go. `job` is None if there are no tools to build it with; then a change of
    tools and of the compiler's environment is not noticed.
    """
    setup = job.setup(abi) if job else None

    def judged(path: Path) -> Freshness:
        found = judge(session.dirs.cache, path, directory=choices.directory, setup=setup)
        if found.record is None or found.record.abi_export == abi.marker:
            return found
        return Freshness(record=found.record, reason=_("it was built for another ABI"))

    own, twin = choices.output(abi), choices.twin(abi)
    found = judged(own)
    if found.fresh:
        return Standing(path=own, freshness=found)
    other = judged(twin)
    if other.fresh:
        return Standing(path=twin, freshness=other)
    return Standing(path=own, freshness=found, twin=other)


def confirmed(session: Session, job: Job, abi: Abi, seen: Standing) -> Standing:
    """`seen`, or if nothing but files changed and the compiler reads none of them, the same as fresh: this runs Go."""
    record = seen.freshness.record
    if not seen.freshness.only_files or record is None:
        return seen
    try:
        step = next(step for step in look(session, job) if step.recipe.abi == abi)
    except HgwError:
        return seen
    if step.listed != record.listed:
        return seen
    fresh = replace(record, scope=step.scope, contents=step.contents)
    write_record(record_path(session.dirs.cache, seen.path), fresh)
    return replace(seen, freshness=Freshness(record=fresh))


def reuse(session: Session, choices: Choices, abi: Abi, path: Path) -> Made | None:
    """The module at `path`, which is fresh, copied to its own name if it has its twin's.

    None if it is gone by now, or if it is the twin and was derived: under its own name, a module is the compiler's.

    Raises:
        CheckFailed: the gateway or the size budget were changed since, and it does not fit them.
    """
    record, own = read_record(record_path(session.dirs.cache, path)), choices.output(abi)
    if record is None or not is_as_built(record, path) or (record.derived and path != own):
        return None
    content = path.read_bytes()
    module = read_module(content, path=own)
    warnings = _judge(content, module, choices, abi, _Known(packages=record.packages, pulled=record.pulled))
    if path != own:
        _put(own, content, choices=choices)
        write_record(record_path(session.dirs.cache, own), record)
    return Made(
        abi=abi,
        path=own,
        sha256=record.sha256,
        abi_export=record.abi_export,
        up_to_date=True,
        seconds=0.0,
        derived=record.derived,
        packages=record.packages,
        imports=module.imports,
        pulled=record.pulled,
        warnings=warnings,
    )


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a module is made.

    With `force`, it is compiled even if it is up to date. `warned` says whether the source was warned about. With
    `last`, a module is kept although a file changed while it was compiled; it then counts as stale. `base` is the
    compilation for another ABI, which is done: if only the marker differs, the module is made from that one's.
    """

    force: bool = False
    warned: bool = False
    last: bool = False
    base: Compilation | None = None


def make(session: Session, step: Compilation, manner: Manner) -> Made:
    """Make the module unless it is up to date; the old one is replaced only once the new one has passed the checks.

    Raises:
        InputsChangedError: a file changed meanwhile, and this is not the `last` try.
        CompileError, CheckFailed, ConflictError: the old module is unchanged.
        InvalidInput: `no-project`; somebody removed or moved the plugin meanwhile.
    """
    mark_as_cache(session.dirs.cache)
    if not manner.force and (current := _current(session, step, warned=manner.warned)) is not None:
        return current
    return _made(session, step, manner)


def _made(session: Session, step: Compilation, manner: Manner) -> Made:
    # Late, because a module that is up to date is neither made nor taken apart.
    from higress_cli.compile.derived_module import derived_from  # noqa: PLC0415 -- see above
    from higress_cli.wasm.inspection import inspect_bytes  # noqa: PLC0415 -- the same

    content = derived_from(manner.base, step) if manner.base else None
    derived = content is not None
    compiled = _compiled(session, step, manner) if content is None else Compiled(content=content, seconds=0.0)
    changed = _changed(step)
    if changed and not manner.last:
        raise InputsChangedError(changed)
    seen = inspect_bytes(compiled.content, path=step.output)
    previous = read_record(record_path(session.dirs.cache, step.output))
    known = _known(step, seen, previous)
    warnings = _judge(compiled.content, seen.module, step.job.choices, step.recipe.abi, known)
    _put(step.output, compiled.content, choices=step.job.choices)
    fresh = Record(
        setup=step.job.setup(step.recipe.abi),
        scope=step.scope,
        contents=step.contents,
        listed=step.listed,
        sha256=sha256_of_bytes(compiled.content),
        abi_export=str(seen.abi.export),
        warned=manner.warned,
        derived=derived,
        bytes=len(compiled.content),
        packages=known.packages,
        pulled=known.pulled,
    )
    if changed:
        warnings = (*warnings, _forget(session, step.output, changed=changed))
    else:
        write_record(record_path(session.dirs.cache, step.output), fresh)
    return Made(
        abi=step.recipe.abi,
        path=step.output,
        sha256=fresh.sha256,
        abi_export=fresh.abi_export,
        up_to_date=False,
        seconds=round(compiled.seconds, 3),
        derived=derived,
        packages=known.packages,
        imports=seen.module.imports,
        pulled=known.pulled,
        previous=previous,
        warnings=warnings,
    )


def _put(path: Path, content: bytes, *, choices: Choices) -> None:
    """Write the module, after looking once more: a compiler takes long enough for something else to get there.

    Raises:
        ConflictError: `out-file-outside`, `out-file-taken`, `out-file-is-folder`, or the system's reason.
    """
    check_inside(path, directory=choices.directory, source=choices.out_file.source)
    check_output(path)
    put_in_place(path, content)


def _known(step: Compilation, seen: "Inspection", previous: Record | None) -> "_Known":
    from higress_cli.compile.importers import importers_of  # noqa: PLC0415 -- with a module that is made

    importers = importers_of(step)
    return _Known(
        packages={package.name: package.bytes for package in seen.packages} if seen.has_names else {},
        before=previous.packages if previous else {},
        pulled=importers.pulled(f"{item.module}.{item.name}" for item in seen.module.imports),
        way_to=importers.way_to,
    )


def _forget(session: Session, module: Path, *, changed: str) -> str:
    """Remove the record of a module that may not match the files that it was built from, and say so."""
    with contextlib.suppress(OSError):
        record_path(session.dirs.cache, module).unlink(missing_ok=True)
    text = _("{files} changed while {module} was compiled: it may not match them; `hgw build` rebuilds it")
    return text.format(files=changed, module=module.name)


def _current(session: Session, step: Compilation, *, warned: bool) -> Made | None:
    """The module, if what the compiler would read is what it was built from."""
    abi, choices = step.recipe.abi, step.job.choices
    for path in (step.output, choices.twin(abi)):
        kept = record_path(session.dirs.cache, path)
        record = read_record(kept)
        if record is None or record.setup != step.job.setup(abi) or record.listed != step.listed:
            continue
        write_record(kept, replace(record, scope=step.scope, contents=step.contents, warned=warned))
        if (made := reuse(session, choices, abi, path)) is not None:
            return made
    return None


def _compiled(session: Session, step: Compilation, manner: Manner) -> Compiled:
    session.reporter.detail(process.command_line(step.recipe.argv, step.recipe.edits))
    try:
        with session.reporter.activity(_title(step)):
            return compile_module(
                step.recipe,
                directory=step.job.directory,
                variables=step.variables,
                scratch=session.dirs.cache / "builds",
                reporter=session.reporter,
                while_waiting=None if manner.last else _change_watch(step),
            )
    except RefusedError as refused:
        raise refusal(session, refused, step.job, step.recipe) from refused


def _changed(step: Compilation) -> str | None:
    """The names of the files that differ from what is being compiled; None if there are none.

    Raises:
        InvalidInput: `no-project`: somebody removed or moved the plugin.
    """
    if not step.job.directory.is_dir():
        raise no_folder(step.job.directory)
    return changed_files(step.contents, contents(step.scope), directory=step.job.directory)


def _change_watch(step: Compilation) -> Callable[[], None]:
    """A function that raises InputsChangedError once a file differs from what is being compiled.

    A compiler takes long, and nobody waits for a module of what has been replaced.
    """
    paths = (*map(Path, step.contents), *step.scope.folders)
    seen = signature(paths)

    def look() -> None:
        nonlocal seen
        now = signature(paths)
        if now != seen:
            seen = now
            if changed := _changed(step):
                raise InputsChangedError(changed)

    return look


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known of a module besides its bytes.

    `packages` are the bytes of its code by package, `before` those of the module that it would replace. `pulled` maps
    its imports to the packages through which the plugin comes to them; `way_to` finds those for any package.
    """

    packages: Mapping[str, int]
    pulled: Mapping[str, tuple[str, ...]]
    before: Mapping[str, int] = field(default_factory=dict)
    way_to: Callable[[str], tuple[str, ...]] | None = None


def _judge(content: bytes, module: Module, choices: Choices, abi: Abi, known: _Known) -> tuple[str, ...]:
    """Check a module and return the warnings.

    Raises:
        CheckFailed: the gateway could not load it, it does not match the profile or ABI, or it is too large.
    """
    wanted = Wanted(profile=choices.profile.value, abi=abi, gateway=choices.gateway.value)
    too_large = size_faults(len(content), choices.size_budget, packages=known.packages, before=known.before)
    if not (found := findings(module, wanted)):
        return refuse(too_large)
    from higress_cli.wasm.callers import with_callers  # noqa: PLC0415 -- only for a fault

    explained = (with_callers(fault, content, module, pulled=known.pulled, way_to=known.way_to) for fault in found)
    return refuse((*explained, *too_large))


def _title(step: Compilation) -> str:
    compiler = next(tool for tool in step.job.equipment.tools if tool.name.value == step.recipe.profile.value)
    return _("Compiling {name} for ABI {abi} with {compiler} {version}").format(
        name=step.job.choices.name.value,
        abi=step.recipe.abi,
        compiler=step.recipe.profile.compiler,
        version=compiler.version,
    )
