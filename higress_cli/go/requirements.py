"""Faults in the `require` and `replace` lines of a go.mod, each with its line number."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.go.mod import GoMod
from higress_cli.go.usage import UNKNOWN, Usage
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import floor, is_newer
from higress_cli.knowledge.dependencies import KnownDependency, native_abi_of, traps
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile

REPLACE_MISSING: Final = "replace-missing"
_SDK: Final = "github.com/higress-group/proxy-wasm-go-sdk"
_FIX: Final = "hgw doctor go-mod --fix"


def fits(go_mod: GoMod, *, profile: Profile, usage: Usage = UNKNOWN) -> bool:
    """Whether go.mod requires no Go module that is known to fail in the profile."""
    return not any(_traps(go_mod, profile=profile, usage=usage, level="fail"))


def is_native(go_mod: GoMod, *, usage: Usage = UNKNOWN) -> bool:
    """Whether go.mod belongs to a plugin for native Go.

    The version of the SDK decides. Without one, the `go` line does, or that the plugin registers in `init` alone.
    """
    sdk = go_mod.requirement_of(_SDK)
    if sdk is not None and go_mod.replacement_of(sdk) is None:
        return not traps({_SDK: sdk.version}, profile=Profile.GO)
    return _has_native_go_line(go_mod) or usage.is_native


def is_for(go_mod: GoMod, *, profile: Profile, usage: Usage = UNKNOWN) -> bool:
    """Whether go.mod looks like one of this profile: its modules, its `go` line and the source fit."""
    native_line = _has_native_go_line(go_mod) or usage.is_native
    return fits(go_mod, profile=profile, usage=usage) and (go_mod.go is None or native_line == (profile == Profile.GO))


def native_abi(go_mod: GoMod) -> Abi:
    """The ABI of a module that Go itself makes: the SDK decides, which compiles the marker in."""
    if go_mod.requirement_of(_SDK) is not None:
        return Abi.V0_2_100
    return native_abi_of({found.path for found in go_mod.requirements}) or Abi.V0_2_100


def profile_of(go_mod: GoMod, usage: Callable[[], Usage]) -> Profile | None:
    """The profile that go.mod implies, None if it may be either. `usage` is asked only if go.mod leaves it open.

    With an SDK of which nothing is known, a `go` line for native Go and a registration in `init` alone imply native Go.
    """
    fitting = _fitting(go_mod, UNKNOWN)
    if fitting != _fitting(go_mod, Usage(registers=frozenset({"init"}))):
        fitting = _fitting(go_mod, usage())
    if len(fitting) > 1 and _has_native_go_line(go_mod) and usage().is_native:
        return Profile.GO
    return fitting[0] if len(fitting) == 1 else None


def requirement_faults(
    go_mod: GoMod, *, profile: Profile, tinygo: str | None = None, usage: Usage = UNKNOWN, tidy: bool = True
) -> tuple[Fault, ...]:
    """The required modules that work badly in the profile or not at all, the worst first.

    `tidy=False` ignores modules that `go mod tidy` may still upgrade.
    """
    found = [trap for trap in _traps(go_mod, profile=profile, tinygo=tinygo, usage=usage) if tidy or not trap.raisable]
    hint = _FIX
    if any(trap.level == "fail" for trap in found):
        other = next(candidate for candidate in Profile if candidate != profile)
        hint = f"hgw build --profile {other}" if is_for(go_mod, profile=other, usage=usage) else _FIX
    return tuple(_trap_fault(go_mod, trap, profile=profile, hint=hint) for trap in found)


def missing_pins(go_mod: GoMod, imports: Collection[str], *, pins: Mapping[str, str]) -> dict[str, str]:
    """The Go modules among `pins` that provide one of `imports` and that go.mod does not require, with their versions.

    The SDK comes with the wrapper, which asks for an older one than fits.
    """
    missing = {
        path: version
        for path, version in pins.items()
        if not _is_covered(go_mod, path) and any(provides(path, package) for package in imports)
    }
    if missing and _SDK in pins and not _is_covered(go_mod, _SDK) and _brings_sdk(missing):
        missing[_SDK] = pins[_SDK]
    return missing


def provides(module: str, package: str) -> bool:
    """Whether a package may belong to a Go module."""
    return package == module or package.startswith(f"{module}/")


def replacement_faults(go_mod: GoMod, *, is_module: Callable[[Path], bool]) -> tuple[Fault, ...]:
    """The `replace` lines that point a required module to a folder without a Go module; `is_module` decides that."""
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


def _fitting(go_mod: GoMod, usage: Usage) -> list[Profile]:
    return [profile for profile in Profile if fits(go_mod, profile=profile, usage=usage)]


def _traps(
    go_mod: GoMod, *, profile: Profile, usage: Usage, tinygo: str | None = None, level: str | None = None
) -> tuple[KnownDependency, ...]:
    native = is_native(go_mod, usage=usage)
    found = traps(go_mod.versions, profile=profile, tinygo=tinygo, native=native, calls=usage.calls)
    return tuple(trap for trap in found if level in {None, trap.level})


def _is_covered(go_mod: GoMod, module: str) -> bool:
    return go_mod.requirement_of(module) is not None or any(found.path == module for found in go_mod.replacements)


def _brings_sdk(modules: Collection[str]) -> bool:
    return any(wrapper.path in modules for profile in Profile for wrapper in go_profile(profile).direct(["wrapper"]))


def _has_native_go_line(go_mod: GoMod) -> bool:
    lowest = floor("go", profile=Profile.GO)
    return go_mod.go is not None and lowest is not None and not is_newer(lowest, go_mod.go)


def _trap_fault(go_mod: GoMod, trap: KnownDependency, *, profile: Profile, hint: str) -> Fault:
    requirement = go_mod.requirement_of(trap.module)
    if trap.pin is None or hint != _FIX:
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
        hint=hint,
        facts=facts,
    )
