"""The error for a failed compilation, with the cause and the fix if the catalogue knows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.compile.compiler import RefusedError
from higress_cli.compile.recipe import Recipe
from higress_cli.errors import CompileError, HgwError, InvalidInput
from higress_cli.go.mod import cached_go_mod, go_mod_at, read_go_mod
from higress_cli.i18n import _, chained
from higress_cli.knowledge.catalogue import Match, recognise
from higress_cli.tool import Tool, ToolName

_TAIL_LINES: Final = 100


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A compilation of the plugin in `directory`."""

    recipe: Recipe
    directory: Path
    tools: Sequence[Tool]

    @property
    def compilers(self) -> str:
        """The compiler with its version; for TinyGo, also the Go whose standard library it compiles."""
        labels = {tool.name.value: tool.label for tool in self.tools}
        compiler = labels.get(self.recipe.profile.value, self.recipe.profile.compiler)
        go = labels.get(ToolName.GO.value)
        if go is None or compiler == go:
            return compiler
        return _("{compiler} with {go}").format(compiler=compiler, go=go)


def compile_error(refused: RefusedError, attempt: Attempt, *, module_cache: Path | None, system: str) -> HgwError:
    """The error for a compiler that refused a plugin; a known one gives its cause and fix.

    `system` is Go's name for the operating system, on which the fix may depend.
    """
    matches = recognise(refused.output)
    recipe = attempt.recipe
    message = _("{compiler} refused {path} (ABI {abi}, exit status {status})").format(
        compiler=attempt.compilers, path=attempt.directory, abi=recipe.abi, status=refused.status
    )
    details = {
        "directory": attempt.directory,
        "abi": recipe.abi,
        "argv": list(recipe.argv),
        "status": refused.status,
        "output": "\n".join(refused.output.strip().splitlines()[-_TAIL_LINES:]),
        "id": matches[0].id if matches else None,
        "matches": [
            {
                "id": match.id,
                "title": match.title,
                "cause": match.cause,
                "fix": match.fix_on(system),
                "line": match.line,
            }
            for match in matches
        ],
    }
    if not matches:
        hint = _("fix what the compiler names above, then: hgw build")
        return CompileError(message, code="compile-failed", hint=hint, details=details)
    known = matches[0]
    place = known.found.get("place", "")
    said = known.cause if place in known.cause else _("{place}: {message}").format(place=place, message=known.cause)
    cause = chained((said, *_go_line_of_culprit(known, module_cache)))
    message = _("{message}: {title}: {cause}").format(message=message, title=known.title, cause=cause)
    error = known.as_error(message, system=system, details=details)
    if (own := _own_package(known.found.get("package", ""), attempt.directory)) is not None:
        error.hint = _('that package is a folder of this plugin: import "{package}"').format(package=own)
    return error


def _own_package(imported: str, directory: Path) -> str | None:
    """The import path of the plugin's own package that a wrong import path ends with; None if there is none."""
    go_mod = go_mod_at(directory)
    try:
        module = read_go_mod(go_mod).module
    except InvalidInput:
        return None
    parts = imported.split("/")
    for first in range(len(parts)):
        inner = "/".join(parts[first:])
        if module and inner and any((go_mod.parent / inner).glob("*.go")):
            return f"{module}/{inner}"
    return None


def _go_line_of_culprit(known: Match, module_cache: Path | None) -> tuple[str, ...]:
    """Which Go the Go module that made the compiler fail asks for; empty if that is not known."""
    module, version = known.found.get("module"), known.found.get("version")
    if module_cache is None or module is None or version is None:
        return ()
    try:
        asked = read_go_mod(cached_go_mod(module_cache, module, version)).go
    except InvalidInput:
        return ()
    return (_("its go.mod asks for Go {version}").format(version=asked),) if asked else ()
