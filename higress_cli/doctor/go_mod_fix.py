"""What would fix the faults of a go.mod: an edit of it, or the other profile."""

import difflib
from collections.abc import Iterator, Sequence

from higress_cli.doctor.model import Fix, FixAction
from higress_cli.fault import Fault
from higress_cli.go.coverage import NOT_REQUIRED
from higress_cli.go.go_line import INVALID, TOO_NEW
from higress_cli.go.mod import GoMod, GoModEdits, edited_go_mod
from higress_cli.go.requirements import REPLACE_MISSING, is_for
from higress_cli.go.usage import Usage
from higress_cli.i18n import _, listed
from higress_cli.knowledge.compatibility import release
from higress_cli.knowledge.dependencies import pinned_go_line
from higress_cli.profile import Profile


def difference(old: str, new: str) -> Iterator[str]:
    """The changes that a fix would make to go.mod, as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "go.mod", "go.mod", n=0, lineterm="")
    return (line.replace("\t", "    ") for line in lines)


def other_profile(go_mod: GoMod, faults: Sequence[Fault], *, profile: Profile, usage: Usage) -> Fix | None:
    """The fix where go.mod fits the other profile, so that the profile is to be changed; None where it does not."""
    of_profile = [fault for fault in faults if fault.id.startswith(("sdk-for", "wrapper-for"))]
    if not of_profile:
        return None
    other = next(candidate for candidate in Profile if candidate != profile)
    if any(fault.expected is None for fault in of_profile) or is_for(go_mod, profile=other, usage=usage):
        return Fix(summary=_("if the plugin is for {other}, say `profile: {other}` in hgw.yaml").format(other=other))
    return None


def edit_of(go_mod: GoMod, text: str, faults: Sequence[Fault], *, profile: Profile, go: str | None) -> Fix | None:
    """The fix of all `faults` at once by an edit of go.mod, whose content is `text`; None if no edit fixes one.

    `go` is the version of Go in the set, None if there is none.
    """
    versions = {
        fault.facts["module"]: fault.expected
        for fault in faults
        if fault.expected is not None and fault.id not in {TOO_NEW, INVALID, REPLACE_MISSING, NOT_REQUIRED}
    }
    added = {
        fault.facts["module"]: fault.facts["version"]
        for fault in faults
        if fault.id == NOT_REQUIRED and fault.facts["module"]
    }
    directives = {fault.facts["directive"] for fault in faults if fault.id in {TOO_NEW, INVALID}}
    pinned = pinned_go_line(profile)
    go_line = pinned if "go" in directives and go is not None and release(pinned) <= release(go) else None
    dropped = tuple(fault.facts["module"] for fault in faults if fault.id == REPLACE_MISSING)
    edits = GoModEdits(
        versions=versions,
        added=added,
        go=go_line,
        drops_toolchain="toolchain" in directives,
        dropped_replacements=dropped,
    )
    content = edited_go_mod(text, edits)
    if content == text and all(fault.id == NOT_REQUIRED for fault in faults):
        if any(fault.facts["meant"] for fault in faults):
            return Fix(summary=_("correct the import; if it is as you mean it, the next build adds it to go.mod"))
        return Fix(summary=_("the next build runs `go mod tidy`, which adds it"), commands=("hgw build",))
    if content == text and not directives:
        return None
    if content == text:
        return Fix(summary=_("ask for a newer Go under `toolchain` in hgw.yaml, then: hgw install"))
    lines = [f"{module} {version}" for module, version in {**versions, **added}.items()]
    lines += [f"go {go_line}"] if go_line else []
    lines += [_("no `toolchain` line")] if "toolchain" in directives else []
    lines += [_("no `replace` of {module}").format(module=module) for module in dropped]
    return Fix(
        summary=_("in go.mod: {lines}; hgw builds with it, and takes it back if that fails").format(
            lines=listed(lines)
        ),
        commands=("hgw doctor go-mod --fix --yes",),
        safe=False,
        action=FixAction.REWRITE_FILE,
        target=go_mod.path,
        content=content,
    )
