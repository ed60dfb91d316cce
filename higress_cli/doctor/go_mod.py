"""The judgement on go.mod: modules that cannot work in the profile, and a `go` line that the set's Go cannot read."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from higress_cli.doctor.model import Finding, Fix, Remedy, Status
from higress_cli.go.mod import GoMod, edited_go_mod, read_go_mod
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import is_newer, release
from higress_cli.knowledge.dependencies import Trap, pinned_go_line, pins, traps
from higress_cli.profile import Profile

# Go has looked at the `go` line since 1.21; an older one reads only two numbers there and knows no `toolchain` line.
_FIRST_STRICT_GO = "1.21"
_OLD_GO_LINE = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong: `subject` and `expected` are short, `edit` is what go.mod would need."""

    code: str
    level: Status
    subject: str
    expected: str | None
    reason: str
    modules: Mapping[str, str]
    go: str | None = None


def judge_go_mod(path: Path, *, profile: str, go: str | None, tinygo: str | None) -> Finding:
    """The go.mod at `path`; `go` and `tinygo` are the versions of the set, None where there is none.

    Raises:
        InvalidInput: it cannot be read.
    """
    go_mod = read_go_mod(path)
    text = path.read_bytes().decode("utf-8-sig")
    requirements = {item.path: item.version for item in go_mod.requirements if item.path not in go_mod.replaced}
    faults = [_of_trap(trap) for trap in traps(requirements, profile=profile, tinygo=tinygo)]
    if go is not None:
        faults += _go_line_faults(go_mod, go=go, profile=profile)
    faults.sort(key=lambda fault: fault.level is not Status.FAIL)
    if not faults:
        return Finding(status=Status.OK, found=_summary(requirements, profile) or go_mod.module)
    worst, *others = faults
    fix = _fix(go_mod.path, text, faults, profile=profile)
    return Finding(
        status=worst.level,
        code=worst.code,
        found=worst.subject,
        expected=worst.expected,
        why="; ".join([worst.reason, *(f"{fault.subject}: {fault.reason}" for fault in others)]),
        fix=fix,
        detail=tuple(_difference(text, fix.content)) if fix.content else (),
    )


def _of_trap(trap: Trap) -> Fault:
    return Fault(
        code=trap.code,
        level=Status(trap.level),
        subject=f"{trap.module} {trap.version}",
        expected=trap.pin,
        reason=trap.reason,
        modules={trap.module: trap.pin} if trap.pin else {},
    )


def _go_line_faults(go_mod: GoMod, *, go: str, profile: str) -> list[Fault]:
    """What the Go of the set makes of the `go` and `toolchain` lines, with GOTOOLCHAIN=local."""
    pinned = pinned_go_line(profile)
    repair = pinned if release(pinned) <= release(go) else None
    strict = release(go) >= release(_FIRST_STRICT_GO)
    subject = f"go {go_mod.go}"
    faults = []
    if go_mod.go is not None and is_newer(go_mod.go, go):
        faults.append(
            Fault(
                code="go-mod-too-new",
                level=Status.FAIL if strict or not _OLD_GO_LINE.fullmatch(go_mod.go) else Status.WARN,
                subject=subject,
                expected=f"<= {go}",
                reason=_("Go {go}, which builds this plugin, is older than that").format(go=go),
                modules={},
                go=repair,
            )
        )
    elif go_mod.go is not None and not strict and not _OLD_GO_LINE.fullmatch(go_mod.go):
        faults.append(
            Fault(
                code="go-mod-invalid",
                level=Status.FAIL,
                subject=subject,
                expected=pinned,
                reason=_("Go {go}, which builds this plugin, reads only two numbers there").format(go=go),
                modules={},
                go=repair,
            )
        )
    if go_mod.toolchain is not None and not strict:
        faults.append(
            Fault(
                code="go-mod-invalid",
                level=Status.FAIL,
                subject=f"toolchain {go_mod.toolchain}",
                expected=None,
                reason=_("Go {go}, which builds this plugin, does not know that line").format(go=go),
                modules={},
            )
        )
    return faults


def _summary(requirements: Mapping[str, str], profile: str) -> str:
    """The modules that decide about a plugin, shortly."""
    known = [f"{path.rpartition('/')[2]} {requirements[path]}" for path in pins(profile) if path in requirements]
    return ", ".join(known[:2])


def _difference(old: str, new: str) -> Iterator[str]:
    """What the cure would change, as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "go.mod", "go.mod", n=0, lineterm="")
    return (line.replace("\t", "    ") for line in lines)


def _fix(path: Path, text: str, faults: Sequence[Fault], *, profile: str) -> Fix:
    modules = {module: version for fault in faults for module, version in fault.modules.items()}
    go_line = next((fault.go for fault in faults if fault.go), None)
    wants_toolchain_gone = any(fault.subject.startswith("toolchain ") for fault in faults)
    content = edited_go_mod(text, versions=modules, go=go_line, drop_toolchain=wants_toolchain_gone)
    wanted = [f"{module} {version}" for module, version in modules.items()]
    wanted += [f"go {go_line}"] if go_line else []
    beyond_pins = any(fault.code.startswith(("sdk-for", "wrapper-for")) and not fault.modules for fault in faults)
    if beyond_pins:
        other = next(candidate for candidate in Profile if candidate != profile)
        return Fix(summary=_("if the plugin is for {other}, say `profile: {other}` in hgw.yaml").format(other=other))
    if content == text:
        return Fix(summary=_("ask for a newer Go under `toolchain` in hgw.yaml, then: hgw install"))
    return Fix(
        summary=_("in go.mod: {lines}; the next build runs `go mod tidy`").format(lines=", ".join(wanted)),
        commands=("hgw doctor go-mod --fix --yes",),
        safe=False,
        remedy=Remedy.REWRITE_FILE,
        target=path,
        content=content,
    )
