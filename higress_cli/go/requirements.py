"""Faults in what a go.mod requires and replaces, each with its line."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.go.mod import GoMod
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import floor, is_newer
from higress_cli.knowledge.dependencies import Trap, traps
from higress_cli.profile import Profile

REPLACE_MISSING: Final = "replace-missing"
_SDK: Final = "github.com/higress-group/proxy-wasm-go-sdk"
_FIX: Final = "hgw doctor go-mod --fix"


def fits(go_mod: GoMod, *, profile: str) -> bool:
    """Whether nothing that go.mod requires is known to fail in the profile."""
    return not any(fault.fatal for fault in requirement_faults(go_mod, profile=profile))


def is_native(go_mod: GoMod) -> bool:
    """Whether go.mod is that of a plugin for native Go: by the line of its SDK, and without one by its `go` line."""
    sdk = go_mod.requirement_of(_SDK)
    if sdk is not None and go_mod.replacement_of(sdk) is None:
        return not traps({_SDK: sdk.version}, profile=Profile.GO)
    return _has_native_line(go_mod)


def is_for(go_mod: GoMod, *, profile: str) -> bool:
    """Whether go.mod looks like that of a plugin of this profile: its modules fit, and its `go` line too."""
    return fits(go_mod, profile=profile) and (go_mod.go is None or _has_native_line(go_mod) == (profile == Profile.GO))


def requirement_faults(
    go_mod: GoMod, *, profile: str, tinygo: str | None = None, calls: Collection[str] = (), tidy: bool = True
) -> tuple[Fault, ...]:
    """The required modules that do not work in the profile, or badly, the worst first.

    `calls` are the functions that the plugin calls. Without `tidy`, what `go mod tidy` may still raise is passed over.
    """
    found = traps(go_mod.versions, profile=profile, tinygo=tinygo, native=is_native(go_mod), calls=calls)
    return tuple(_of_trap(go_mod, trap, profile=profile) for trap in found if tidy or not trap.raisable)


def replacement_faults(go_mod: GoMod, *, is_module: Callable[[Path], bool]) -> tuple[Fault, ...]:
    """The replacements of required modules by folders that hold no Go module, as `is_module` says."""
    faults = []
    for requirement in go_mod.requirements:
        replacement = go_mod.replacement_of(requirement)
        if replacement is None or not replacement.is_local:
            continue
        folder = go_mod.folder_of(replacement)
        if is_module(folder):
            continue
        replaced = f"{replacement.path}@{replacement.version}" if replacement.version else replacement.path
        faults.append(
            Fault(
                id=REPLACE_MISSING,
                message=_("{module} is replaced by {target}, and there is no go.mod in {folder}").format(
                    module=replacement.path, target=replacement.target, folder=folder
                ),
                places=(go_mod.place(replacement.line),),
                found=f"{replacement.path} => {replacement.target}",
                expected=_("a folder with a go.mod"),
                hint=f"go mod edit -dropreplace={replaced}",
                facts={"module": replacement.path, "version": replacement.version, "folder": folder},
                error=InvalidInput,
            )
        )
    return tuple(faults)


def _has_native_line(go_mod: GoMod) -> bool:
    lowest = floor("go", profile=Profile.GO)
    return go_mod.go is not None and lowest is not None and not is_newer(lowest, go_mod.go)


def _of_trap(go_mod: GoMod, trap: Trap, *, profile: str) -> Fault:
    requirement = go_mod.requirement_of(trap.module)
    if trap.pin is None:
        message = _("{module} {version} in profile {profile}: {reason}")
    else:
        message = _("{module} {version} in profile {profile}: {reason}; use {pin}")
    facts: Mapping[str, str | None] = {
        "module": trap.module,
        "found": trap.version,
        "expected": trap.pin,
        "profile": profile,
    }
    return Fault(
        id=trap.code,
        severity=Severity.ERROR if trap.level == "fail" else Severity.WARNING,
        message=message.format(
            module=trap.module, version=trap.version, profile=profile, reason=trap.reason, pin=trap.pin
        ),
        places=(go_mod.place(requirement.line if requirement else None),),
        found=f"{trap.module} {trap.version}",
        expected=trap.pin,
        hint=_FIX,
        facts=facts,
    )
