"""Make the Go modules of a plugin available before the compiler starts: download them, and tidy go.mod if needed."""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from higress_cli.compile.packages import Listing, list_packages
from higress_cli.errors import HgwError, InvalidInput
from higress_cli.go.mod import GoMod, go_mod_at, read_go_mod
from higress_cli.i18n import _, listed
from higress_cli.knowledge.disk import Place, full_disk
from higress_cli.reporter import Activity, Reporter
from higress_cli.system import process
from higress_cli.system.fs import write_atomically
from higress_cli.system.urls import shown
from higress_cli.system.user_file import read_bytes

if TYPE_CHECKING:
    from higress_cli.compile.module_failure import Tried
    from higress_cli.compile.newcomers import Ask, Newcomer

_FILES: Final = ("go.mod", "go.sum")
_TIDY: Final = ("go", "mod", "tidy")
_MOST_SECONDS: Final = 600.0
_TIDYING: Final = threading.Lock()
"""Plugins that are built at once may share a go.mod, and one that fails writes back what it was."""


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where and how the go command runs: `variables` is its environment, `platform` and `tags` are the build's.

    `go` is its version. `places` are the folders that it writes to; `pins` maps the path of a Go module to the version
    for the profile.
    """

    directory: Path
    variables: Mapping[str, str]
    platform: Mapping[str, str]
    tags: str
    offline: bool
    reporter: Reporter
    go: str
    places: tuple[Place, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)

    @property
    def go_mod(self) -> Path:
        return go_mod_at(self.directory)

    def listing(self, *, goproxy: str | None = None, on_line: Callable[[str], None] | None = None) -> Listing:
        """The packages that the build reads; `goproxy` overrides GOPROXY."""
        variables = {**self.variables, **self.platform, **({"GOPROXY": goproxy} if goproxy else {})}
        return list_packages(directory=self.directory, variables=variables, tags=self.tags, on_line=on_line)

    def ask(self, argv: Sequence[str], *, goproxy: str | None = None) -> str:
        """What a go command prints on stdout; `goproxy` overrides GOPROXY."""
        variables = {**self.variables, **({"GOPROXY": goproxy} if goproxy else {})}
        return process.run(argv, variables=variables, cwd=self.directory, timeout=_MOST_SECONDS).stdout


@dataclass(frozen=True, kw_only=True)
class Modules:
    """What the build reads, and how go.mod was changed for it, as lines such as `+ PATH VERSION`, `- PATH VERSION`."""

    listing: Listing
    tidied: bool = False
    changes: tuple[str, ...] = ()


class Tidy(StrEnum):
    """When to run `go mod tidy`: where go.mod or go.sum lack an import, before each build, or never."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def provide_modules(place: Workplace, *, tidy: Tidy = Tidy.AUTO) -> Modules:
    """Make sure that the compiler finds every Go module that the plugin imports.

    The network is used only if go.mod, go.sum and the module cache do not provide them all.

    Raises:
        InvalidInput: `go-mod-incomplete`: with `Tidy.NEVER`, go.mod or go.sum lack something.
        DownloadError: `go-modules-unreachable`; go.mod and go.sum are unchanged.
        HgwError: a Go module cannot be fetched: the catalogue's error if it knows the cause, else `go-mod-unresolved`.
    """
    go_mod = read_go_mod(place.go_mod)
    listing = place.listing(goproxy="off")
    if listing.complete(go_mod.module) and tidy is not Tidy.ALWAYS:
        return Modules(listing=listing)
    with place.reporter.activity(_("Getting the Go modules")) as activity:
        tried = _unreachable(place)
        if not tried:
            listing = place.listing(on_line=_progress(activity, place.reporter, only="go: "))
            if listing.complete(go_mod.module) and tidy is not Tidy.ALWAYS:
                return Modules(listing=listing)
        if tidy is Tidy.NEVER:
            raise _incomplete(place, listing, tried)
        with _TIDYING:
            # Another plugin of the same Go module may have done it in the meantime.
            if read_go_mod(place.go_mod) != go_mod:
                listing = place.listing(goproxy="off" if tried else None)
                if listing.complete(go_mod.module) and tidy is not Tidy.ALWAYS:
                    return Modules(listing=listing)
            tidied = _tidy(place, listing, tried, activity)
    after = read_go_mod(place.go_mod)
    return Modules(listing=place.listing(), tidied=tidied, changes=changes(go_mod, after))


def changes(before: GoMod, after: GoMod) -> tuple[str, ...]:
    """How go.mod changed, one line per Go module."""
    old = {item.path: item.version for item in before.requirements}
    new = {item.path: item.version for item in after.requirements}
    lines = [f"- {path} {version}" for path, version in old.items() if path not in new]
    lines += [f"+ {path} {version}" for path, version in new.items() if path not in old]
    lines += [
        f"  {path} {old[path]} -> {version}" for path, version in new.items() if old.get(path, version) != version
    ]
    return tuple(lines)


def _tidy(place: Workplace, listing: Listing, tried: "tuple[Tried, ...]", activity: Activity) -> bool:
    """Run `go mod tidy` and return whether it changed anything; on failure, restore go.mod and go.sum."""
    from higress_cli.compile.newcomers import (  # noqa: PLC0415 -- only where go.mod lacks something
        newcomer_in,
        newcomer_refused,
    )

    before = {name: _content(place.go_mod.with_name(name)) for name in _FILES}
    required = read_go_mod(place.go_mod)
    variables = {**place.variables, "GOPROXY": "off"} if tried else dict(place.variables)
    ask = partial(place.ask, goproxy="off" if tried else None)
    activity.describe("go mod tidy")
    is_good = False
    try:
        _write_pins(place, listing)
        done = process.run(
            _TIDY,
            variables=variables,
            cwd=place.directory,
            timeout=_MOST_SECONDS,
            on_line=_progress(activity, place.reporter),
        )
        imports = listing.uncovered(None)
        if done.returncode:
            newcomer = newcomer_refused(done.output, required, imports)
        else:
            newcomer = newcomer_in(required, read_go_mod(place.go_mod), go=place.go, ask=ask)
        is_good = not done.returncode and newcomer is None
    finally:
        if not is_good:
            _restore(place.go_mod.parent, before)
    if newcomer is not None:
        raise _newcomer_error(place, newcomer, imports=imports, ask=ask)
    if done.returncode:
        full = full_disk(f"{listing.problem}\n{done.output}", program="go mod tidy", places=place.places)
        raise full or _failure(place, listing, tried, output=done.output)
    return any(_content(place.go_mod.with_name(name)) != content for name, content in before.items())


def _newcomer_error(place: Workplace, newcomer: "Newcomer", *, imports: Sequence[str], ask: "Ask") -> HgwError:
    from higress_cli.compile.module_failure import own_wrapper_hint  # noqa: PLC0415 -- only for an error
    from higress_cli.compile.newcomers import newcomer_error  # noqa: PLC0415 -- only for an error
    from higress_cli.go.misspelt_imports import in_own_wrapper  # noqa: PLC0415 -- only for an error

    error = newcomer_error(newcomer, go=place.go, imports=imports, ask=ask)
    if (own := next(filter(None, (in_own_wrapper(package, place.pins) for package in imports)), None)) is not None:
        error.hint = own_wrapper_hint(own, where="")
    return error


def _failure(place: Workplace, listing: Listing, tried: "tuple[Tried, ...]", *, output: str) -> HgwError:
    from higress_cli.compile.module_failure import Missing, module_error  # noqa: PLC0415 -- only for an error

    missing = Missing(
        directory=place.directory,
        imports=listing.uncovered(None),
        pins=place.pins,
        tried=tried,
        offline=place.offline,
    )
    return module_error(missing, output)


def _incomplete(place: Workplace, listing: Listing, tried: "tuple[Tried, ...]") -> HgwError:
    """The error for go.mod and go.sum that lack something, where they are not to be changed."""
    if tried:
        return _failure(place, listing, tried, output="")
    imports = listing.uncovered(None)
    return InvalidInput(
        _("go.mod or go.sum of {path} lacks what the plugin imports: {imports}").format(
            path=place.directory, imports=listed(imports) or listing.problem
        ),
        code="go-mod-incomplete",
        hint="hgw build --tidy auto",
        details={"directory": place.directory, "imports": list(imports)},
    )


def _write_pins(place: Workplace, listing: Listing) -> None:
    """Add imports that go.mod lacks at the versions that fit the profile, so that `go mod tidy` picks no newer ones."""
    from higress_cli.go.requirements import missing_pins  # noqa: PLC0415 -- only where go.mod lacks something

    go_mod = read_go_mod(place.go_mod)
    missing = missing_pins(go_mod, listing.uncovered(None), pins=place.pins)
    if missing:
        edits = [f"-require={path}@{version}" for path, version in missing.items()]
        process.run(["go", "mod", "edit", *edits], variables=place.variables, cwd=place.directory)


def _progress(activity: Activity, reporter: Reporter, *, only: str = "") -> Callable[[str], None]:
    """A callback that shows the lines of a go command that begin with `only`, which excludes the data of `go list`."""

    def on_line(line: str) -> None:
        if not line.startswith(only):
            return
        activity.describe(line.removeprefix("go: ").removeprefix("downloading "))
        reporter.detail(line)

    return on_line


def _content(path: Path) -> bytes | None:
    return read_bytes(path) if path.exists() else None


def _restore(directory: Path, before: Mapping[str, bytes | None]) -> None:
    for name, content in before.items():
        path = directory / name
        if _content(path) == content:
            continue
        if content is None:
            path.unlink()
        else:
            write_atomically(path, content)


def _unreachable(place: Workplace) -> "tuple[Tried, ...]":
    """The module proxies that cannot be reached; empty if any may work."""
    from higress_cli.compile.module_failure import Tried  # noqa: PLC0415 -- only for what is not in the cache

    if place.offline:
        return (Tried(source=_("network"), reason=_("--offline forbids it")),)
    answer = process.run(["go", "env", "-json", "GOPROXY"], variables=place.variables, cwd=place.directory)
    try:
        setting = str(json.loads(answer.stdout)["GOPROXY"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    entries = [entry.strip() for entry in re.split(r"[,|]", setting) if entry.strip()]
    if entries[:1] == ["off"]:
        return (Tried(source=_("module proxy"), reason="GOPROXY=off"),)
    urls = [entry for entry in entries if urlsplit(entry).scheme in {"http", "https"}]
    # The go command ignores this variable, so what hgw reaches through it says nothing about the go command.
    elsewhere = any(place.variables.get(name) for name in ("ALL_PROXY", "all_proxy"))
    if not urls or entries[0] != urls[0] or elsewhere:
        return ()
    from higress_cli.system.http import ObstacleKind  # noqa: PLC0415 -- it loads httpx; only for what is not in the cache
    from higress_cli.system.reach import Reach  # noqa: PLC0415 -- the same

    reach = Reach(place.variables, offline=False)
    reach.ask(urls)
    # If a host answers at all, let the go command try: it may have credentials or certificates that hgw has not.
    closed = tuple(
        Tried(source=shown(url), reason=found.text, remedy=found.hint)
        for url in urls
        if (found := reach.obstacle(url)) is not None and found.kind in {ObstacleKind.SILENT, ObstacleKind.PROXY}
    )
    return closed if len(closed) == len(urls) else ()
