"""The checks of Go, TinyGo and wasm-opt: whether `hgw build` finds tools that work."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from higress_cli.doctor.model import Finding, Fix, FixAction, Status, skip
from higress_cli.errors import HgwError
from higress_cli.i18n import _, listed
from higress_cli.knowledge.compatibility import (
    Misfit,
    expected_go,
    floor,
    go_range,
    misfits,
    preferred_sets,
)
from higress_cli.profile import Profile
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.probe import Probed
from higress_cli.toolchain.store import Damage

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts


# How much of what a program says instead of its version is shown, in characters.
_MOST_SAID: Final = 80


def install_fix() -> Fix:
    """The fix for every fault of the tools."""
    return Fix(
        summary=_("hgw gets a set that works together into its own store; what is on the machine stays as it is"),
        commands=("hgw install",),
        safe=True,
        action=FixAction.INSTALL,
    )


def check_tool(facts: "Facts", *, name: ToolName) -> Finding:
    chosen, profile = facts.chosen(name), facts.profile()
    damage = facts.damage(name) if floor(name, profile=profile) is not None else None
    if chosen is not None and damage is not None:
        return _damaged(name, chosen=chosen, damage=damage, profile=profile)
    return judge_tool(name, profile=profile, program=facts.program(name), chosen=chosen)


def check_toolset(facts: "Facts") -> Finding:
    toolset, problem = facts.toolset()
    tools = [check_tool(facts, name=name) for name in ToolName]
    chosen = toolset.tools if toolset is not None else ()
    return judge_toolset(profile=facts.profile(), chosen=chosen, problem=problem, tools=tools)


def judge_tool(name: ToolName, *, profile: Profile, program: Probed | None, chosen: Tool | None) -> Finding:
    """Judge one tool: `program` is the one on the PATH, `chosen` the one that `hgw build` would use."""
    lowest = floor(name, profile=profile)
    if lowest is None:
        return skip(_("the profile {profile} builds without it").format(profile=profile))
    expected = f">= {lowest}"
    if chosen is not None:
        return Finding(
            status=Status.OK,
            found=chosen.version,
            note=_("hgw's store") if chosen.own else str(chosen.path),
            expected=expected,
            detail=(str(chosen.path), *_path_remarks(name, profile=profile, program=program, chosen=chosen)),
        )
    if program is None:
        return Finding(
            status=Status.FAIL,
            code="tools-missing",
            found=_("not found"),
            expected=expected,
            why=_WHY[name](),
            fix=install_fix(),
        )
    if program.version is None:
        return Finding(
            status=Status.FAIL,
            code="program-broken",
            found=_versionless(program),
            expected=expected,
            why=_WHY[name](),
            fix=install_fix(),
            detail=tuple(program.raw.splitlines()),
        )
    wrong = misfits(profile=profile, **{name: program.version}) or _unsupported_go(
        name, program.version, profile=profile
    )
    if wrong:
        return Finding(
            status=Status.FAIL,
            code=wrong[0].code,
            found=program.version,
            note=str(program.path),
            expected=wrong[0].expected,
            why=wrong[0].reason,
            fix=install_fix(),
        )
    return Finding(status=Status.OK, found=program.version, note=str(program.path), expected=expected)


def judge_toolset(
    *, profile: Profile, chosen: Sequence[Tool], problem: HgwError | None, tools: Sequence[Finding]
) -> Finding:
    """Judge whether the tools work together: `tools` are the findings for each, `problem` is why there is no set."""
    if any(finding.status is Status.FAIL for finding in tools):
        return skip(_("judged once each of them is there"))
    if chosen:
        places = {_("hgw's store") if tool.own else _("on the PATH") for tool in chosen}
        return Finding(
            status=Status.OK,
            found=listed(tool.label for tool in chosen),
            note=places.pop() if len(places) == 1 else _("hgw's store and the PATH"),
            expected=_fitting_go(profile, chosen),
        )
    assert problem is not None  # noqa: S101 -- there is either a set or a reason why not
    return Finding(
        status=Status.FAIL,
        code=problem.code,
        found=_reported_versions(problem.details.get("found")) or problem.message,
        expected=problem.details.get("expected") or _fitting_go(profile, chosen),
        why=problem.message if problem.details.get("found") else None,
        fix=install_fix(),
    )


def _damaged(name: ToolName, *, chosen: Tool, damage: Damage, profile: Profile) -> Finding:
    return Finding(
        status=Status.FAIL,
        code="tool-damaged",
        found=chosen.version,
        note=_("damaged, in hgw's store"),
        expected=f">= {floor(name, profile=profile)}",
        why=damage.reason,
        fix=install_fix(),
        detail=(str(damage.folder),),
    )


def _versionless(program: Probed) -> str:
    said = next((line.strip() for line in program.raw.splitlines() if line.strip()), "")
    if not said:
        return _("{path} does not say its version").format(path=program.path)
    return _("{path} does not say its version but: {said}").format(path=program.path, said=said[:_MOST_SAID])


def _reported_versions(found: object) -> str | None:
    """The versions that an error reports: one, or one for each tool."""
    if isinstance(found, Mapping):
        return listed(f"{ToolName(name).label} {version}" for name, version in found.items())
    return None if found is None else str(found)


def _unsupported_go(name: ToolName, version: str, *, profile: Profile) -> tuple[Misfit, ...]:
    """The misfit of a Go that no TinyGo version supported by hgw accepts."""
    candidates = [item.tinygo for item in preferred_sets(profile) if item.tinygo] if name == "go" else []
    answers = [misfits(profile=profile, go=version, tinygo=tinygo) for tinygo in candidates]
    if not answers or not all(answers):
        return ()
    return (
        Misfit(
            code=answers[-1][0].code,
            tool=ToolName.GO,
            found=version,
            expected=expected_go(profile),
            reason=_("no TinyGo that works for Higress plugins accepts it"),
        ),
    )


def _fitting_go(profile: Profile, chosen: Sequence[Tool]) -> str:
    """The Go versions that fit the chosen TinyGo, or else any that hgw supports."""
    tinygo = next((tool.version for tool in chosen if tool.name == "tinygo"), None)
    accepted = go_range(tinygo) if tinygo else None
    return f"Go {accepted or expected_go(profile)}"


def _path_remarks(name: ToolName, *, profile: Profile, program: Probed | None, chosen: Tool) -> tuple[str, ...]:
    """A remark for someone who runs the tools by hand, if the shell finds another one than hgw, or none."""
    title = name.label
    if program is None:
        return (_("{title} is not on the PATH; this matters only if you run it by hand").format(title=title),)
    if program.path == chosen.path or program.version is None:
        return ()
    wrong = misfits(profile=profile, **{name: program.version})
    reason = wrong[0].reason if wrong else _("it does not fit the other tools")
    return (
        _("not used: {title} {version} at {path}: {reason}").format(
            title=title, version=program.version, path=program.path, reason=reason
        ),
    )


_WHY: Final = {
    ToolName.GO: lambda: _("Go brings the standard library, and fetches the modules of a plugin"),
    ToolName.TINYGO: lambda: _("TinyGo compiles a plugin to WebAssembly"),
    ToolName.BINARYEN: lambda: _("TinyGo runs wasm-opt at the end of each build, and fails without it"),
}
