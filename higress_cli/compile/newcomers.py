"""Go modules that `go mod tidy` would add although they need a newer Go than the one that builds the plugin.

`go mod tidy` takes the newest version of a Go module that is not required yet. Since 1.21 Go refuses one that is made
for a newer Go than itself; an older Go takes it, and what then fails are its packages (go.dev/ref/mod, "go directive").
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from higress_cli.errors import CompileError, HgwError, InvalidInput
from higress_cli.go.mod import GoMod, read_go_mod
from higress_cli.go.requirements import provides
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import is_newer

_ID: Final = "dependency-too-new"
_REFUSED: Final = re.compile(
    r"^go: (?P<module>[^@\s]+)@(?P<version>v\S+) requires go >= (?P<needs>[\d.]+)", re.MULTILINE
)
_LISTING: Final = ("go", "list", "-mod=mod", "-m", "-json")

Ask = Callable[[Sequence[str]], str]
"""Runs a go command in the plugin's folder and returns what it prints on stdout."""


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """A version of a Go module that go.mod does not require yet, and the Go that it is made for."""

    module: str
    version: str
    needs: str


def newcomer_in(before: GoMod, after: GoMod, *, go: str, ask: Ask) -> Newcomer | None:
    """The first direct requirement that only `after` has and that is made for a newer Go than `go`."""
    known = before.versions
    added = [item for item in after.requirements if item.path not in known and not item.indirect]
    asked = _listed(ask, [f"{item.path}@{item.version}" for item in added])
    found = (Newcomer(module=name, version=version, needs=needs) for name, version, needs in asked)
    return next((item for item in found if is_newer(item.needs, go)), None)


def newcomer_refused(output: str, before: GoMod, imports: Sequence[str]) -> Newcomer | None:
    """The module that Go refused for that reason, according to its output, if one of the `imports` asks for it."""
    for match in _REFUSED.finditer(output):
        module = match["module"]
        if module not in before.versions and any(provides(module, package) for package in imports):
            return Newcomer(module=module, version=match["version"], needs=match["needs"])
    return None


def newcomer_error(newcomer: Newcomer, *, go: str, imports: Sequence[str], ask: Ask) -> HgwError:
    """The error that names the newest version that fits, if there is one with the packages that the plugin imports."""
    fitting = _newest_fitting(newcomer, go=go, ask=ask)
    packages = [package for package in imports if provides(newcomer.module, package)]
    if fitting is not None and not _has_packages(newcomer.module, fitting, packages, ask=ask):
        fitting = None
    message = _(
        "{module} {version}, which `go mod tidy` adds, is made for Go {needs}; the Go that builds this plugin is {go}"
    ).format(module=newcomer.module, version=newcomer.version, needs=newcomer.needs, go=go)
    return CompileError(
        message,
        code=_ID,
        hint=f"hgw toolchain exec -- go get {newcomer.module}@{fitting}"
        if fitting
        else _("do without {module}, or ask for a newer Go under `toolchain` in hgw.yaml").format(
            module=newcomer.module
        ),
        details={
            "module": newcomer.module,
            "version": newcomer.version,
            "needs": newcomer.needs,
            "go": go,
            "fits": fitting,
            "imports": packages,
        },
    )


def _newest_fitting(newcomer: Newcomer, *, go: str, ask: Ask) -> str | None:
    """The newest release that is not made for a newer Go: by halving, as releases do not go back to an older Go."""
    (listing,) = _documents(ask([*_LISTING, "-versions", newcomer.module])) or [_Module()]
    versions = [version for version in listing.get("Versions", ()) if "-" not in version]
    low, high = 0, len(versions)
    while low < high:
        middle = (low + high) // 2
        found = _listed(ask, [f"{newcomer.module}@{versions[middle]}"])
        needs = next((needs for _module, _version, needs in found), None)
        if needs is None or is_newer(needs, go):
            high = middle
        else:
            low = middle + 1
    return versions[low - 1] if low else None


def _has_packages(module: str, version: str, packages: Sequence[str], *, ask: Ask) -> bool:
    (found,) = _documents(ask(["go", "mod", "download", "-json", f"{module}@{version}"])) or [_Module()]
    if "Dir" not in found:
        return False
    folders = [Path(found["Dir"]) / package.removeprefix(module).lstrip("/") for package in packages]
    return all(any(folder.glob("*.go")) for folder in folders)


def _listed(ask: Ask, versions: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Path, version and `go` line of each MODULE@VERSION; without such a line, the oldest that Go assumes."""
    for found in _documents(ask([*_LISTING, *versions])) if versions else ():
        needs = found.get("GoVersion")
        # Go does not tell the version of what is too new for itself, only where the file is.
        if needs is None and "GoMod" in found:
            try:
                needs = read_go_mod(Path(found["GoMod"])).go
            except InvalidInput:
                continue
        yield found["Path"], found["Version"], needs or "1.16"


class _Module(TypedDict, total=False):
    """What hgw reads of the go command's documents about a Go module (`go help list`, `go help mod download`)."""

    Path: str
    Version: str
    Versions: Sequence[str]
    GoVersion: str
    GoMod: str
    Dir: str


def _documents(text: str) -> list[_Module]:
    """JSON objects one after another, as the go command prints them; those before the first that is damaged."""
    decoder, at = json.JSONDecoder(), 0
    found: list[_Module] = []
    while (at := text.find("{", at)) >= 0:
        try:
            document, at = decoder.raw_decode(text, at)
        except ValueError:
            break
        found.append(document)
    return found
