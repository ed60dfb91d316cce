"""What a tool is: the programs that a build runs, wherever they come from."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from higress_cli.errors import UsageError
from higress_cli.i18n import _, listed
from higress_cli.spelling import nearest

# The source of a tool that was already on the machine and is run in place.
SYSTEM: Final = "system"


class ToolName(StrEnum):
    """The tools, in the order in which they are listed."""

    GO = "go"
    TINYGO = "tinygo"
    BINARYEN = "binaryen"

    @property
    def label(self) -> str:
        """The name as people write it; binaryen's versions are those that `wasm-opt --version` prints."""
        return {ToolName.GO: "Go", ToolName.TINYGO: "TinyGo", ToolName.BINARYEN: "wasm-opt"}[self]

    @property
    def program(self) -> str:
        """The program that a build runs, without the suffix of an executable."""
        return "wasm-opt" if self is ToolName.BINARYEN else self.value


_ALSO_CALLED: Final = {"wasm-opt": ToolName.BINARYEN}


def tool_named(word: str, *, command: str) -> ToolName:
    """The tool that was typed as `word` after `command`, such as `hgw install`; the program's name is as good.

    Raises:
        UsageError: `tool-unknown`; the hint is the command with the nearest name.
    """
    name = _ALSO_CALLED.get(word, word)
    if name in set(ToolName):
        return ToolName(name)
    near = nearest(word, [*ToolName, *_ALSO_CALLED])
    raise UsageError(
        _("there is no tool `{name}`; there are: {known}").format(
            name=word, known=listed(tool.program for tool in ToolName)
        ),
        code="tool-unknown",
        hint=_("did you mean `{near}`?").format(near=f"{command} {near[0]}") if near else f"{command} --help",
        details={"tool": word, "known": list(ToolName)},
    )


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool as it is on this machine."""

    name: ToolName
    """go, tinygo, or binaryen (which brings wasm-opt)."""
    version: str
    """The version that the tool itself reports."""
    source: str
    """Where it comes from: archive, module, package or npm; system is a tool of the machine, run in place."""
    path: Path
    """The executable: go, tinygo or wasm-opt, absolute."""
    home: Path | None = None
    """Its GOROOT or TINYGOROOT, where hgw knows it."""
    origin: str = ""
    """The URL, the Go module, the packages or the path that it was taken from."""
    built_with: str | None = None
    """For a TinyGo that was compiled here, the version of Go that compiled it."""

    @property
    def own(self) -> bool:
        """Whether it is in hgw's store and not the machine's."""
        return self.source != SYSTEM

    @property
    def label(self) -> str:
        """Title and version: `TinyGo 0.30.0`."""
        return f"{self.name.label} {self.version}"
