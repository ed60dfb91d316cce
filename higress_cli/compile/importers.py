"""Through which Go packages a plugin comes to the functions that its module imports, by `go list` and by source."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.compile.job import Compilation
from higress_cli.compile.packages import Listing
from higress_cli.profile import Profile
from higress_cli.tool import ToolName

# Declarations of functions that the host provides. Go: `//go:wasmimport MODULE NAME`. TinyGo: `//export NAME` before a
# function without a body, and `//go:wasm-module MODULE` beside it where that is not `env`.
# https://pkg.go.dev/cmd/compile#hdr-WebAssembly_Directives, https://tinygo.org/docs/reference/pragma/
_DECLARED: Final = re.compile(
    rb"^(?P<comments>(?://[^\n]*\n)*//(?:export|go:wasmimport)[ \t]+[^\n]*\n(?://[^\n]*\n)*)func[^{]*?"
    rb"(?:\n[ \t]*\n|\n//|\s*\Z)",
    re.MULTILINE,
)
_WASMIMPORT: Final = re.compile(rb"^//go:wasmimport[ \t]+(\S+)[ \t]+(\S+)", re.MULTILINE)
_EXPORT: Final = re.compile(rb"^//export[ \t]+(\S+)", re.MULTILINE)
_MODULE: Final = re.compile(rb"^//go:wasm-module[ \t]+(\S+)", re.MULTILINE)
_RUNTIME: Final = ("runtime", "syscall")
"""The packages of the standard library that declare what WASI provides."""


@dataclass(frozen=True, kw_only=True)
class Importers:
    """`declared` maps imports (MODULE.NAME) to the package that declares them, `graph` packages to what they import.

    `plugin` is the path of the plugin's own package, empty if it is not known.
    """

    plugin: str = ""
    graph: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)

    def way_to(self, package: str) -> tuple[str, ...]:
        """The shortest way by imports from the plugin's package to `package`, both included; empty if there is none.

        In the names of functions, Go writes a path with underscores: that form is understood as well.
        """
        came_from: dict[str, str] = {}
        level, seen = [self.plugin], {self.plugin}
        while level:
            found = next((path for path in level if path == package or _as_in_names(path) == package), None)
            if found is not None and found != self.plugin:
                return _way(found, came_from)
            following = [(path, other) for path in level for other in self.graph.get(path, ())]
            level = []
            for path, other in following:
                if other not in seen:
                    seen.add(other)
                    came_from[other] = path
                    level.append(other)
        return ()

    def pulled(self, imports: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The way to each of these imports (MODULE.NAME) whose declaration is known.

        What the standard library declares has no way but itself: every plugin comes to it in many.
        """
        ways: dict[str, tuple[str, ...]] = {}
        for name in imports:
            package = self.declared.get(name)
            if package is not None:
                ways[name] = (package,) if package in _RUNTIME else self.way_to(package)
        return ways


def importers_of(step: Compilation) -> Importers:
    """What is known of the packages that a compilation reads."""
    if step.recipe.profile is Profile.GO:
        return importers(step.listing)
    program = next(tool.path for tool in step.job.equipment.tools if tool.name is ToolName.TINYGO)
    root = step.variables.get("TINYGOROOT") or program.resolve().parents[1]
    return importers(step.listing, tinygo_root=Path(root))


def importers(listing: Listing, *, tinygo_root: Path | None = None) -> Importers:
    """The same for a listing of packages; with `tinygo_root`, TinyGo's own runtime takes the place of Go's."""
    own = next((package.path for package in reversed(listing.packages) if package.main_module), "")
    declared: dict[str, str] = {}
    for package in listing.packages:
        declared |= dict.fromkeys(_declarations(path for path in package.paths if path.suffix == ".go"), package.path)
    for name in _RUNTIME:
        folder = tinygo_root / "src" / name if tinygo_root else listing.standard.get(name)
        files = sorted(folder.glob("*was[mi]*.go")) if folder else ()
        declared |= dict.fromkeys(_declarations(files), name)
    return Importers(plugin=own, graph=listing.graph, declared=declared)


def _declarations(files: Iterable[Path]) -> Iterator[str]:
    """The imports that Go files declare, as MODULE.NAME."""
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if b"//export" not in content and b"//go:wasmimport" not in content:
            continue
        for found in _DECLARED.finditer(content.replace(b"\r\n", b"\n")):
            comments = found["comments"]
            yield from (_name(module, name) for module, name in _WASMIMPORT.findall(comments))
            module = _MODULE.search(comments)
            yield from (_name(module[1] if module else b"env", name) for name in _EXPORT.findall(comments))


def _name(module: bytes, name: bytes) -> str:
    return b".".join((module, name)).decode("utf-8", errors="replace")


def _as_in_names(path: str) -> str:
    return path.replace("/", "_")


def _way(package: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    way = [package]
    while way[-1] in came_from:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))
