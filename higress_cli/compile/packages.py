"""Which packages and files a build reads, as the go command of the set says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.compile.recipe import Recipe
from higress_cli.go.work import find_go_work
from higress_cli.profile import Profile
from higress_cli.system import process

_FILES: Final = ("GoFiles", "CgoFiles", "CFiles", "CXXFiles", "HFiles", "SFiles", "SysoFiles", "EmbedFiles")
# A line for each fact, its kind in front: the JSON of `go list` without a choice of fields costs ten times as much,
# and the choice of fields is not in Go 1.18.
_FORMAT: Final = (
    "{{if not .Standard}}P{{.ImportPath}}\nD{{.Dir}}\n"
    + "".join(f"{{{{range .{kind}}}}}F{{{{.}}}}\n{{{{end}}}}" for kind in _FILES)
    + "{{with .Module}}{{if .Main}}M\n{{end}}{{end}}{{with .Error}}E\n{{end}}{{end}}"
)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package outside the standard library. `main_module`: it is of the module that is built.

    `directory` is None, and `failed` true, where the package was not found.
    """

    path: str
    directory: Path | None
    files: tuple[str, ...]
    main_module: bool
    failed: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files as paths."""
        return tuple(self.directory / name for name in self.files) if self.directory else ()


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a build reads. `problem` is what the go command said where it could not read go.mod as it is."""

    packages: tuple[Package, ...]
    problem: str = ""

    def uncovered(self, module: str | None) -> tuple[str, ...]:
        """Imports that go.mod and go.sum, or the module cache, do not provide.

        A path whose first part has no dot is of the standard library or of this module: no other module has it.
        """
        return tuple(
            package.path
            for package in self.packages
            if package.failed and "." in package.path.partition("/")[0] and not _within(package.path, module)
        )

    def complete(self, module: str | None) -> bool:
        """Whether the compiler will find every module."""
        return not self.problem and not self.uncovered(module)


class PlatformUnknownError(Exception):
    """TinyGo did not say what it builds for; the text is what it said instead."""


def platform_of(recipe: Recipe, *, directory: Path, variables: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The variables and the tags with which `go list` sees what the recipe compiles.

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
    except (ValueError, KeyError, TypeError) as error:
        raise PlatformUnknownError(answer.output) from error


def list_packages(
    *, directory: Path, variables: Mapping[str, str], tags: str, on_line: Callable[[str], None] | None = None
) -> Listing:
    """The packages of the plugin in `directory` and all they import; what is missing is marked, not an error."""
    answer = process.run(
        ["go", "list", "-e", "-deps", f"-tags={tags}", "-f", _FORMAT, "./"],
        variables=variables,
        cwd=directory,
        on_line=on_line,
    )
    if answer.returncode:
        return Listing(packages=(), problem=answer.stderr.strip() or answer.stdout.strip() or str(answer.returncode))
    return Listing(packages=_parse(answer.stdout))


def module_cache(*, directory: Path, variables: Mapping[str, str]) -> Path | None:
    """Where the go command keeps modules: what lies there never changes. None where it does not say."""
    answer = process.run(["go", "env", "-json", "GOMODCACHE"], variables=variables, cwd=directory)
    try:
        return Path(json.loads(answer.stdout)["GOMODCACHE"])
    except (ValueError, KeyError, TypeError):
        return None


def go_work_in_use(*, directory: Path, variables: Mapping[str, str]) -> Path | None:
    """The go.work by which the go command works in `directory`; it is asked only where one is above."""
    if find_go_work(directory, variables) is None:
        return None
    named = process.run(["go", "env", "GOWORK"], variables=variables, cwd=directory).stdout.strip()
    return None if named in {"", "off"} else Path(named)


def _parse(text: str) -> tuple[Package, ...]:
    packages: list[Package] = []
    for block in f"\n{text}".split("\nP")[1:]:
        path, *facts = block.splitlines()
        by_kind: dict[str, list[str]] = {kind: [fact[1:] for fact in facts if fact[:1] == kind] for kind in "DFME"}
        folder = next((found for found in by_kind["D"] if found), None)
        packages.append(
            Package(
                path=path,
                directory=Path(folder) if folder else None,
                files=tuple(by_kind["F"]),
                main_module=bool(by_kind["M"]),
                failed=bool(by_kind["E"]),
            )
        )
    return tuple(packages)


def _within(path: str, module: str | None) -> bool:
    return module is not None and (path == module or path.startswith(f"{module}/"))
