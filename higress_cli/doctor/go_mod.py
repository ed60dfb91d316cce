"""The check of go.mod: the faults that `go/` finds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from higress_cli.doctor.go_mod_fix import difference, edit_of, other_profile
from higress_cli.doctor.model import Finding, Fix, Status, combined, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.fault import Fault
from higress_cli.go.coverage import import_faults, not_imported, version_faults
from higress_cli.go.go_line import go_line_faults
from higress_cli.go.imports import imports_below, imports_of_program
from higress_cli.go.mod import GoMod, cached_go_mod, read_go_mod
from higress_cli.go.requirements import replacement_faults, requirement_faults
from higress_cli.go.usage import UNKNOWN, Usage
from higress_cli.go.work import work_faults
from higress_cli.i18n import _, listed
from higress_cli.knowledge.catalogue import advice
from higress_cli.knowledge.dependencies import pins
from higress_cli.profile import Profile
from higress_cli.system.user_file import read_text

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a go.mod is judged by besides its own text.

    `go` and `tinygo` are the versions in the set, None if there is none. `imports` are the packages that the plugin's
    files import, with the places, and `tests` those that its tests import as well; `uncovered` are those that the go
    command does not find, None if it was not asked. `is_downloaded` takes the path of a Go module and a version.
    """

    profile: Profile
    go: str | None = None
    tinygo: str | None = None
    usage: Usage = UNKNOWN
    imports: Mapping[str, str] = field(default_factory=dict)
    tests: Collection[str] | None = None
    uncovered: Collection[str] | None = None
    is_downloaded: Callable[[str, str], bool] = lambda _module, _version: False


def check_go_mod(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    if not project.go_mod.is_file():
        return skip(_("no go.mod"))
    toolset, _problem = facts.toolset()
    go_work = facts.go_work(project.directory)
    excluded = work_faults(project.directory, go_work=go_work)
    if excluded:
        return from_fault(excluded[0])
    cache = facts.module_cache()
    go_mod = read_go_mod(project.go_mod)
    # Below a go.work, the Go modules that it lists provide packages too: only the go command knows.
    uncovered = facts.uncovered() if go_work is None else facts.uncovered() or frozenset()
    top = project.go_mod.parent
    around = Surroundings(
        profile=facts.profile(),
        go=toolset.go.version if toolset is not None else None,
        tinygo=toolset.tinygo.version if toolset is not None and toolset.tinygo is not None else None,
        usage=facts.usage(),
        # The go command knows what counts. Without it, what other programs of the Go module import does not.
        imports=imports_below(top)
        if uncovered is not None
        else imports_of_program(project.directory, module=go_mod.module or "", top=top),
        # Of files that cannot be parsed it is not known what they import.
        tests=None if any(file.root.has_error for file in facts.parsed()) else imports_below(top, tests=True),
        uncovered=uncovered,
        is_downloaded=lambda module, version: cache is not None and cached_go_mod(cache, module, version).is_file(),
    )
    return judge_go_mod(go_mod, read_text(project.go_mod), around=around)


def judge_go_mod(go_mod: GoMod, text: str, *, around: Surroundings) -> Finding:
    """Judge a go.mod, whose content is `text`."""
    known = pins(around.profile)
    lacking = import_faults(go_mod, around.imports, pins=known, uncovered=around.uncovered)
    faults = sorted(
        (
            *requirement_faults(go_mod, profile=around.profile, tinygo=around.tinygo, usage=around.usage),
            *replacement_faults(go_mod, is_module=lambda folder: (folder / "go.mod").is_file()),
            *(go_line_faults(go_mod, go=around.go, needs_tidy=bool(lacking)) if around.go is not None else ()),
            *lacking,
            *version_faults(go_mod, pins=known, is_downloaded=around.is_downloaded),
        ),
        key=lambda fault: not fault.fatal,
    )
    if not faults:
        unused = not_imported(go_mod, around.tests) if around.tests is not None else ()
        return Finding(
            status=Status.OK,
            found=_summary(go_mod.versions, around.profile) or go_mod.module,
            note=_("nothing imports {modules}; `go mod tidy` removes what is not needed").format(modules=listed(unused))
            if unused
            else None,
        )
    fix = other_profile(go_mod, faults, profile=around.profile, usage=around.usage)
    fix = fix or edit_of(go_mod, text, faults, profile=around.profile, go=around.go) or _advised(faults[0])
    worst, *others = [replace(from_fault(fault), fix=None) for fault in faults]
    diff = tuple(difference(text, fix.content)) if fix and fix.content else ()
    return combined([replace(worst, fix=fix).with_detail(*diff), *others])


def _advised(fault: Fault) -> Fix | None:
    """The fix that the catalogue has for a fault that no edit of go.mod fixes."""
    text = advice(fault.id)
    return Fix(summary=text) if text else None


def _summary(versions: Mapping[str, str], profile: Profile) -> str:
    """The first two pinned Go modules (such as the SDK and the wrapper) with their versions."""
    known = [f"{path.rpartition('/')[2]} {versions[path]}" for path in pins(profile) if path in versions]
    return listed(known[:2])
