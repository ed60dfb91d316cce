"""The rule for the `go` and `toolchain` lines of a go.mod: whether the Go that builds a plugin accepts them.

That Go runs with GOTOOLCHAIN=local, so it never fetches a newer one. Since 1.21, Go refuses a `go` line newer than
itself (go.dev/ref/mod, "go directive"). An older Go builds anyway, but it only parses two numbers, such as `1.20`, and
does not know the `toolchain` line; its `go mod tidy` refuses a newer line too (cmd/go/internal/modload, buildlist.go).
"""

import re
from typing import Final

from higress_cli.errors import InvalidInput, ToolError
from higress_cli.fault import Fault, Severity
from higress_cli.go.mod import GoMod
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import go_mod_rules, is_newer, release

TOO_NEW: Final = "go-mod-too-new"
INVALID: Final = "go-mod-invalid"
_TWO_NUMBERS: Final = re.compile(r"\d+\.\d+")
_FIX: Final = "hgw doctor go-mod --fix"


def go_line_faults(go_mod: GoMod, *, go: str, needs_tidy: bool = False) -> tuple[Fault, ...]:
    """Faults in the two lines for the Go version `go`; `facts["directive"]` names the line.

    `needs_tidy`: a build has to run `go mod tidy` first, because go.mod lacks what the plugin imports.
    """
    strict = release(go) >= release(go_mod_rules().strict)
    faults = []
    if go_mod.go is not None:
        readable = strict or _TWO_NUMBERS.fullmatch(go_mod.go) is not None
        if is_newer(go_mod.go, go):
            is_remark = readable and not strict and not needs_tidy
            faults.append(_too_new(go_mod, go=go, wanted=go_mod.go, is_remark=is_remark))
        elif not readable:
            message = _("Go {go}, which builds this plugin, reads only two numbers in the line `{line}`")
            faults.append(_unreadable(go_mod, f"go {go_mod.go}", go_mod.go_line, go=go, message=message))
    if go_mod.toolchain is not None and not strict:
        line = f"toolchain {go_mod.toolchain}"
        message = _("Go {go}, which builds this plugin, does not know the line `{line}`")
        faults.append(_unreadable(go_mod, line, go_mod.toolchain_line, go=go, message=message))
    return tuple(faults)


def _too_new(go_mod: GoMod, *, go: str, wanted: str, is_remark: bool) -> Fault:
    if is_remark:
        message = _("go.mod asks for Go {wanted}; the Go that builds this plugin is {found} and tries all the same")
    else:
        message = _("go.mod asks for Go {wanted}, and the Go that builds this plugin is {found}")
    return Fault(
        id=TOO_NEW,
        severity=Severity.WARNING if is_remark else Severity.ERROR,
        message=message.format(wanted=wanted, found=go),
        places=(go_mod.place(go_mod.go_line),),
        found=f"go {wanted}",
        expected=f"<= {go}",
        hint=_FIX,
        facts={"path": go_mod.path, "directive": "go", "found": go, "expected": f">= {wanted}"},
        error=ToolError,
    )


def _unreadable(go_mod: GoMod, line: str, number: int | None, *, go: str, message: str) -> Fault:
    return Fault(
        id=INVALID,
        message=message.format(go=go, line=line),
        places=(go_mod.place(number),),
        found=line,
        hint=_FIX,
        facts={"path": go_mod.path, "directive": line.partition(" ")[0], "line": line, "go": go},
        error=InvalidInput,
    )
