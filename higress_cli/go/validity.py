"""Go source that cannot be parsed."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from higress_cli.errors import CompileError
from higress_cli.fault import Fault, Severity
from higress_cli.go.syntax import GoFile, place
from higress_cli.i18n import _

if TYPE_CHECKING:
    from tree_sitter import Node

SYNTAX: Final = "go-syntax"
_SAID: Final = re.compile(r"^(?P<place>\S.*?\.go:\d+:\d+): (?P<reason>.+)$")
# What keeps a file out of some builds (go/build, "Build Constraints"): whether a plugin's has it is not known here.
_CONSTRAINT: Final = re.compile(rb"^//(?:go:build| ?\+build)\b", re.MULTILINE)
_FOR_A_PLATFORM: Final = re.compile(
    r"_(?:[a-z0-9]+_)?(?:aix|android|darwin|freebsd|ios|js|linux|netbsd|openbsd|plan9|solaris|"
    r"wasip1|windows|386|amd64|arm|arm64|loong64|mips|ppc64|riscv64|s390x|wasm)\.go$"
)


def parser_faults(lines: Iterable[str]) -> tuple[Fault, ...]:
    """The faults that Go's own parser named, given the lines that `gofmt -e` wrote: the first of each file."""
    first: dict[str, Fault] = {}
    for line in lines:
        match = _SAID.match(line.strip())
        if match is not None:
            first.setdefault(match["place"].partition(".go:")[0], _fault(match["place"], match["reason"]))
    return tuple(first.values())


def guessed_faults(files: Iterable[GoFile]) -> tuple[Fault, ...]:
    """Where these files do not look like Go, the first place of each. They are warnings: only Go's parser is sure."""
    return tuple(
        _fault(place(file, node), _("this does not look like Go"), severity=Severity.WARNING)
        for file in files
        if (node := _first_broken(file.root)) is not None
    )


def is_for_every_build(file: GoFile) -> bool:
    """Whether nothing in a file keeps it out of some builds."""
    return _FOR_A_PLATFORM.search(file.path.name) is None and _CONSTRAINT.search(file.root.text or b"") is None


def _fault(where: str, reason: str, *, severity: Severity = Severity.ERROR) -> Fault:
    return Fault(
        id=SYNTAX,
        severity=severity,
        message=reason,
        places=(where,),
        hint=_("correct that line"),
        error=CompileError,
        compiler_decides=True,
    )


def _first_broken(node: "Node") -> "Node | None":
    """The first node, in source order, that does not fit the grammar; None if all do."""
    if node.is_error or node.is_missing:
        return node
    below = (_first_broken(child) for child in node.children if node.has_error)
    return next((found for found in below if found is not None), None)
