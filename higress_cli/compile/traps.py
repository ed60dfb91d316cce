"""What is certain to go wrong, seen in go.mod before a compiler spends its time on it."""

import re
from typing import Final

from higress_cli.errors import CheckFailed, InvalidInput, ToolError
from higress_cli.go.mod import GoMod
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import is_newer, release
from higress_cli.knowledge.dependencies import Trap, traps

# Go has gone by the `go` line since this version; an older one takes it as a remark as long as it can read it.
_FIRST_STRICT_GO: Final = "1.21"
_TWO_NUMBERS: Final = re.compile(r"1\.\d+")
_CURE: Final = "hgw doctor go-mod --fix"


def check_requirements(go_mod: GoMod, *, profile: str, tinygo: str | None = None) -> tuple[str, ...]:
    """Warnings for modules that work, but badly.

    Raises:
        CheckFailed: a module cannot work in this profile; the code is the trap's, such as `sdk-for-tinygo`.
    """
    asked = {item.path: item.version for item in go_mod.requirements if item.path not in go_mod.replaced}
    found = traps(asked, profile=profile, tinygo=tinygo)
    for trap in found:
        if trap.level == "fail":
            raise CheckFailed(
                _told(go_mod, trap, profile=profile),
                code=trap.code,
                hint=_CURE,
                details={"module": trap.module, "found": trap.version, "expected": trap.pin, "profile": profile},
            )
    return tuple(_told(go_mod, trap, profile=profile) for trap in found)


def check_go_lines(go_mod: GoMod, *, go: str) -> None:
    """Judge the `go` and `toolchain` lines as the Go that builds (GOTOOLCHAIN=local) will.

    Raises:
        ToolError: `go-mod-too-new`: the Go is older than go.mod asks for.
        InvalidInput: `go-mod-invalid`: the Go is too old to read the line.
    """
    strict = release(go) >= release(_FIRST_STRICT_GO)
    if go_mod.go is not None:
        readable = _TWO_NUMBERS.fullmatch(go_mod.go) is not None
        if is_newer(go_mod.go, go) and (strict or not readable):
            raise ToolError(
                _("{place}: go.mod asks for Go {wanted}, and the Go that builds this plugin is {found}").format(
                    place=_place(go_mod, go_mod.go_line), wanted=go_mod.go, found=go
                ),
                code="go-mod-too-new",
                hint=_CURE,
                details={"path": go_mod.path, "found": go, "expected": f">= {go_mod.go}"},
            )
        if not strict and not readable:
            raise _invalid(go_mod, go_mod.go_line, f"go {go_mod.go}", go=go)
    if go_mod.toolchain is not None and not strict:
        raise _invalid(go_mod, None, f"toolchain {go_mod.toolchain}", go=go)


def _told(go_mod: GoMod, trap: Trap, *, profile: str) -> str:
    requirement = go_mod.version_of(trap.module)
    place = _place(go_mod, requirement.line if requirement else None)
    if trap.pin is None:
        return _("{place}: {module} {version} in profile {profile}: {reason}").format(
            place=place, module=trap.module, version=trap.version, profile=profile, reason=trap.reason
        )
    return _("{place}: {module} {version} in profile {profile}: {reason}; use {pin}").format(
        place=place, module=trap.module, version=trap.version, profile=profile, reason=trap.reason, pin=trap.pin
    )


def _invalid(go_mod: GoMod, number: int | None, line: str, *, go: str) -> InvalidInput:
    return InvalidInput(
        _("{place}: the Go that builds this plugin is {go}, and cannot read the line `{line}`").format(
            place=_place(go_mod, number), go=go, line=line
        ),
        code="go-mod-invalid",
        hint=_CURE,
        details={"path": go_mod.path, "line": line, "go": go},
    )


def _place(go_mod: GoMod, line: int | None) -> str:
    return f"{go_mod.path}:{line}" if line else str(go_mod.path)
