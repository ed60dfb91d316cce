"""The packages and files that a build reads, as listed by the tool set's go command."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.compile.recipe import Recipe
from higress_cli.go.work import find_go_work
from higress_cli.profile import Profile
from higress_cli.system import process

_FILES: Final = ("GoFiles", "CgoFiles", "CFiles", "CXXFiles", "HFiles", "SFiles", "SysoFiles", "EmbedFiles")
# One line per fact, prefixed with its kind. `go list -json` takes ten times as long unless the fields are selected,
# which Go 1.18 cannot do.
_FORMAT: Final = (
    "P{{.ImportPath}}\nD{{.Dir}}\n{{range .Imports}}I{{.}}\n{{end}}{{if .Standard}}S\n{{else}}"
    + "".join(f"{{{{range .{kind}}}}}F{{{{.}}}}\n{{{{end}}}}" for kind in _FILES)
    + "{{if .CgoFiles}}C\n{{end}}{{with .Module}}{{if .Main}}M\n{{end}}{{end}}{{with .Error}}E\n{{end}}{{end}}"
)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package outside the standard library.

    `main_module` says whether it belongs to the Go module that is built, `uses_c` whether it imports C. If the package
    was not found, `directory` is None and `failed` is true.
    """

    path: str
    directory: Path | None
    files: tuple[str, ...]
    main_module: bool
    failed: bool
    uses_c: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files as paths."""
        return tuple(self.directory / name for name in self.files) if self.directory else ()


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a build reads. `problem` is the go command's output if it failed, for example because go.mod is invalid.

    `packages` are in the order in which they are compiled, without the standard library's; the folders of those are in
    `standard`. `graph` maps the paths of all to the paths that they import.
    """

    packages: tuple[Package, ...]
    problem: str = ""
    standard: Mapping[str, Path] = field(default_factory=dict)
    graph: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def uncovered(self, module: str | None) -> tuple[str, ...]:
        """Imports that go.mod, go.sum and the module cache do not provide.

        A path whose first element has no dot belongs to the standard library or to `module`, so it is left out.
        """
        return tuple(
            package.path
            for package in self.packages
            if package.failed and "." in package.path.partition("/")[0] and not _within(package.path, module)
        )

    def complete(self, module: str | None) -> bool:
        """Whether the compiler will find every Go module."""
        return not self.problem and not self.uncovered(module)


class PlatformUnknownError(Exception):
    """TinyGo did not report its platform; the text is its output."""


def platform_of(recipe: Recipe, *, directory: Path, variables: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The variables and tags that make `go list` list what the recipe compiles.

    Raises:
        PlatformUnknownError: TinyGo refuses the tools or the target.
    """
    if recipe.profile == Profile.GO:
        return {name: value for name, value in recipe.edits.items() if value is not None}, ",".join(recipe.tags)
    answer = process.run(["tinygo", "info", "-json", *recipe.platform_flags], variables=variables, cwd=directory)
    try:
        facts = json.loads(answer.stdout)
        platform = {"GOOS": facts["goos"], "GOARCH": facts["goarch"], "CGO_ENABLED": "1"}
        return platform, ",".join(facts["build_tags"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PlatformUnknownError(answer.output) from error


def list_packages(
    *, directory: Path, variables: Mapping[str, str], tags: str, on_line: Callable[[str], None] | None = None
) -> Listing:
    """The packages of the plugin in `directory` and all their imports; a missing one is marked as `failed`."""
    answer = process.run(
        ["go", "list", "-e", "-deps", f"-tags={tags}", "-f", _FORMAT, "./"],
        variables=variables,
        cwd=directory,
        on_line=on_line,
    )
    if answer.returncode:
        return Listing(packages=(), problem=answer.stderr.strip() or answer.stdout.strip() or str(answer.returncode))
    return _parse(answer.stdout)


def module_cache(*, directory: Path, variables: Mapping[str, str]) -> Path | None:
    """The go command's module cache, whose files never change; None if the go command does not report it."""
    answer = process.run(["go", "env", "-json", "GOMODCACHE"], variables=variables, cwd=directory)
    try:
        return Path(json.loads(answer.stdout)["GOMODCACHE"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def go_work_in_use(*, directory: Path, variables: Mapping[str, str]) -> Path | None:
    """The go.work that the go command uses in `directory`; the command is run only if there may be one."""
    if find_go_work(directory, variables) is None:
        return None
    named = process.run(["go", "env", "GOWORK"], variables=variables, cwd=directory).stdout.strip()
    return None if named in {"", "off"} else Path(named)


def _parse(text: str) -> Listing:
    packages: list[Package] = []
    standard: dict[str, Path] = {}
    graph: dict[str, tuple[str, ...]] = {}
    for block in f"\n{text}".split("\nP")[1:]:
        path, *facts = block.splitlines()
        by_kind: dict[str, list[str]] = {kind: [fact[1:] for fact in facts if fact[:1] == kind] for kind in "DFMECIS"}
        folder = next((found for found in by_kind["D"] if found), None)
        graph[path] = tuple(by_kind["I"])
        if by_kind["S"]:
            standard |= {path: Path(folder)} if folder else {}
            continue
        packages.append(
            Package(
                path=path,
                directory=Path(folder) if folder else None,
                files=tuple(by_kind["F"]),
                main_module=bool(by_kind["M"]),
                failed=bool(by_kind["E"]),
                uses_c=bool(by_kind["C"]),
            )
        )
    return Listing(packages=tuple(packages), standard=standard, graph=graph)


def _within(path: str, module: str | None) -> bool:
    return module is not None and (path == module or path.startswith(f"{module}/"))
