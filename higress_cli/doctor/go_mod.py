"""The check of go.mod: the faults that `go/` finds, and the edit that would fix them."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from higress_cli.doctor.model import Finding, Fix, FixAction, Status, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.fault import Fault
from higress_cli.go.go_line import INVALID, TOO_NEW, go_line_faults
from higress_cli.go.mod import GoMod, edited_go_mod, read_go_mod
from higress_cli.go.requirements import REPLACE_MISSING, is_for, replacement_faults, requirement_faults
from higress_cli.go.work import work_faults
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import release
from higress_cli.knowledge.dependencies import pinned_go_line, pins
from higress_cli.profile import Profile

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts


def check_go_mod(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    if not project.go_mod.is_file():
        return skip(_("no go.mod"))
    toolset, _problem = facts.toolset()
    excluded = work_faults(project.directory, go_work=facts.go_work(project.directory))
    if excluded:
        return from_fault(excluded[0])
    return judge_go_mod(
        read_go_mod(project.go_mod),
        project.go_mod.read_bytes().decode("utf-8-sig"),
        profile=facts.profile(),
        go=toolset.go.version if toolset is not None else None,
        tinygo=toolset.tinygo.version if toolset is not None and toolset.tinygo is not None else None,
        calls=facts.calls(),
    )


def judge_go_mod(
    go_mod: GoMod, text: str, *, profile: Profile, go: str | None, tinygo: str | None, calls: Collection[str] = ()
) -> Finding:
    """Judge a go.mod, whose content is `text`. `go` and `tinygo` are the versions in the set, None if there is none.

    `calls` are the names of the functions that the plugin calls.
    """
    faults = sorted(
        (
            *requirement_faults(go_mod, profile=profile, tinygo=tinygo, calls=calls),
            *replacement_faults(go_mod, is_module=lambda folder: (folder / "go.mod").is_file()),
            *(go_line_faults(go_mod, go=go) if go is not None else ()),
        ),
        key=lambda fault: not fault.fatal,
    )
    if not faults:
        return Finding(status=Status.OK, found=_summary(go_mod.versions, profile) or go_mod.module)
    worst, *others = faults
    fix = _fix(go_mod, text, faults, profile=profile, go=go)
    return replace(
        from_fault(worst),
        why="; ".join([worst.message, *(fault.message for fault in others)]),
        fix=fix,
        detail=tuple(difference(text, fix.content)) if fix.content else (),
    )


def _summary(versions: Mapping[str, str], profile: Profile) -> str:
    """The first two pinned Go modules (such as the SDK and the wrapper) with their versions."""
    known = [f"{path.rpartition('/')[2]} {versions[path]}" for path in pins(profile) if path in versions]
    return ", ".join(known[:2])


def difference(old: str, new: str) -> Iterator[str]:
    """The changes that a fix would make to go.mod, as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "go.mod", "go.mod", n=0, lineterm="")
    return (line.replace("\t", "    ") for line in lines)


def _fix(go_mod: GoMod, text: str, faults: Sequence[Fault], *, profile: Profile, go: str | None) -> Fix:
    if _fits_other_profile(go_mod, faults, profile=profile):
        other = next(candidate for candidate in Profile if candidate != profile)
        return Fix(summary=_("if the plugin is for {other}, say `profile: {other}` in hgw.yaml").format(other=other))
    versions = {
        fault.facts["module"]: fault.expected
        for fault in faults
        if fault.expected is not None and fault.id not in {TOO_NEW, INVALID, REPLACE_MISSING}
    }
    directives = {fault.facts["directive"] for fault in faults if fault.id in {TOO_NEW, INVALID}}
    pinned = pinned_go_line(profile)
    go_line = pinned if "go" in directives and go is not None and release(pinned) <= release(go) else None
    dropped = tuple(fault.facts["module"] for fault in faults if fault.id == REPLACE_MISSING)
    content = edited_go_mod(
        text, versions=versions, go=go_line, drop_toolchain="toolchain" in directives, drop_replacements=dropped
    )
    if content == text:
        return Fix(summary=_("ask for a newer Go under `toolchain` in hgw.yaml, then: hgw install"))
    lines = [f"{module} {version}" for module, version in versions.items()]
    lines += [f"go {go_line}"] if go_line else []
    lines += [_("no `toolchain` line")] if "toolchain" in directives else []
    lines += [_("no `replace` of {module}").format(module=module) for module in dropped]
    return Fix(
        summary=_("in go.mod: {lines}; the next build runs `go mod tidy`").format(lines=", ".join(lines)),
        commands=("hgw doctor go-mod --fix --yes",),
        safe=False,
        action=FixAction.REWRITE_FILE,
        target=go_mod.path,
        content=content,
    )


def _fits_other_profile(go_mod: GoMod, faults: Sequence[Fault], *, profile: Profile) -> bool:
    """Whether go.mod fits the other profile, so that the profile is to be fixed rather than go.mod."""
    of_profile = [fault for fault in faults if fault.id.startswith(("sdk-for", "wrapper-for"))]
    if not of_profile:
        return False
    other = next(candidate for candidate in Profile if candidate != profile)
    return any(fault.expected is None for fault in of_profile) or is_for(go_mod, profile=other)
