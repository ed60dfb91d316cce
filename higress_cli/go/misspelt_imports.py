"""The Go module that a misspelt import probably means."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from higress_cli.go.mod import GoMod
from higress_cli.go.requirements import provides
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile
from higress_cli.spelling import nearest

_LIKENESS: Final = 0.9
"""`github.com/tidwal/gjson` is like `github.com/tidwall/gjson`; another owner's fork of the same name is not."""


def known_modules(go_mod: GoMod, *, go_sum: str = "") -> frozenset[str]:
    """The Go modules that plugins use, those that go.mod names, and those of the lines of go.sum."""
    pinned = (path for profile in Profile for path in go_profile(profile).pins)
    summed = (line.split()[0] for line in go_sum.splitlines() if line.strip())
    return frozenset((*pinned, *go_mod.versions, *summed))


def meant(package: str, known: Collection[str]) -> str | None:
    """The known Go module that resembles the start of a package's path; None if one of them provides the package."""
    if any(provides(module, package) for module in known):
        return None
    words = package.split("/")
    for count in range(len(words), 0, -1):
        alike = [module for module in known if module.count("/") + 1 == count]
        if near := nearest("/".join(words[:count]), alike, likeness=_LIKENESS):
            return near[0]
    return None


def in_own_wrapper(package: str, pins: Mapping[str, str]) -> str | None:
    """The path in this profile's wrapper of a package that the plugin imports from the wrapper of another profile.

    `pins` are the modules of this profile; None for any other package.
    """
    wrappers = [module.path for profile in Profile for module in go_profile(profile).direct(["wrapper"])]
    own = next((path for path in wrappers if path in pins), None)
    other = next((path for path in wrappers if path not in pins and provides(path, package)), None)
    return own + package.removeprefix(other) if own is not None and other is not None else None


def read_go_sum(directory: Path) -> str:
    """The go.sum of a Go module; empty if there is none that can be read."""
    try:
        return (directory / "go.sum").read_text("utf-8", errors="replace")
    except OSError:
        return ""
