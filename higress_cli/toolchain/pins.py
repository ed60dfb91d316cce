"""What hgw knows how to get, and by which digest it knows that it got it. All of it is data."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from higress_cli.knowledge import compatibility
from higress_cli.system.host import Host

ARCHIVED: Final = ("go", "tinygo", "binaryen")


@dataclass(frozen=True, kw_only=True)
class ArchivePin:
    """An official release archive: its file name and the SHA-256 of its bytes in lower-case hex."""

    tool: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TinygoModule:
    """TinyGo as a Go module; `llvm` are the major versions of LLVM that it links to, its default first."""

    version: str
    module: str
    h1: str
    llvm: tuple[str, ...]
    drop: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The Python package that carries a Go; `oldest` is the first Go that can fetch another by itself."""

    oldest: str
    distribution: str
    version: str
    root: str
    sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Manager:
    """A package manager that changes the system: the command for binaryen, the package of a C++ compiler."""

    program: str
    root: bool
    binaryen: tuple[str, ...]
    compiler: str


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Debian's packages for LLVM and binaryen, and what to do with them; texts hold `{llvm}`."""

    llvm: tuple[str, ...]
    suffixes: tuple[str, ...]
    libraries_of: tuple[str, ...]
    never: tuple[str, ...]
    prune: tuple[str, ...]
    programs: tuple[str, ...]
    binaryen: tuple[str, ...]
    binaryen_executable: str


@dataclass(frozen=True, kw_only=True)
class NpmPackage:
    """A version of a package of npm and npm's own integrity value for it."""

    package: str
    version: str
    integrity: str
    executable: str


def archive_pin(tool: str, version: str, host: Host) -> ArchivePin | None:
    """The archive of a tool for a machine, or for a kind of machine whose programs it runs too."""
    rows = _file("archives.toml")[tool].get(version, {})
    for platform in (host.platform, _file("mirrors.toml")["also_runs"].get(host.platform)):
        if platform in rows:
            row = rows[platform]
            return ArchivePin(tool=tool, version=version, file=row["file"], sha256=row["sha256"])
    return None


def known_versions(tool: str, host: Host) -> tuple[str, ...]:
    """The versions of a tool that some source has for a machine, oldest first."""
    versions = {version for version in _file("archives.toml")[tool] if archive_pin(tool, version, host)}
    match tool:
        case "go":
            versions |= {row["go"] for row in _file("go-modules.toml")["toolchain"] if row["platform"] == host.platform}
        case "tinygo" if host.system == "linux":
            versions |= {row["version"] for row in _file("go-modules.toml")["tinygo"]}
        case "binaryen":
            versions |= set(_file("packages.toml")["npm"]["integrity"])
    return tuple(sorted(versions, key=compatibility.release))


def newest_matching(tool: str, wanted: str, host: Host) -> str | None:
    """The newest version there is of what was asked for: itself, or of its line."""
    return next((known for known in reversed(known_versions(tool, host)) if compatibility.matches(known, wanted)), None)


def toolchain_h1(go: str, host: Host) -> str | None:
    """The hash of a Go toolchain module, None where no proxy serves it for the machine."""
    for row in _file("go-modules.toml")["toolchain"]:
        if row["go"] == go and row["platform"] == host.platform:
            return str(row["h1"])
    return None


def tinygo_module(version: str) -> TinygoModule | None:
    """TinyGo of this version as a Go module, None where it cannot be had that way."""
    for row in _file("go-modules.toml")["tinygo"]:
        if row["version"] == version:
            return TinygoModule(
                version=version,
                module=row["module"],
                h1=row["h1"],
                llvm=tuple(row["llvm"]),
                drop=tuple(row["drop"]),
            )
    return None


def bootstrap() -> Bootstrap:
    row = _file("go-modules.toml")["bootstrap"]
    return Bootstrap(
        oldest=row["oldest"],
        distribution=row["distribution"],
        version=row["version"],
        root=row["root"],
        sha256=tuple(row["sha256"]),
    )


def packages() -> Packages:
    data = _file("packages.toml")
    row = data["llvm"]
    return Packages(
        llvm=tuple(row["packages"]),
        suffixes=tuple(row["suffixes"]),
        libraries_of=tuple(row["libraries_of"]),
        never=tuple(row["never"]),
        prune=tuple(row["prune"]),
        programs=tuple(row["programs"]),
        binaryen=tuple(data["binaryen"]["packages"]),
        binaryen_executable=data["binaryen"]["executable"],
    )


def managers() -> tuple[Manager, ...]:
    """The package managers other than apt, whose packages cannot be had without changing the system."""
    return tuple(
        Manager(program=row["program"], root=row["root"], binaryen=tuple(row["binaryen"]), compiler=row["compiler"])
        for row in _file("packages.toml")["manager"]
    )


def npm_binaryen(version: str | None) -> NpmPackage | None:
    """The npm package of binaryen in a version (None: any), the newest that is pinned and matches."""
    row = _file("packages.toml")["npm"]
    for known in sorted(row["integrity"], key=compatibility.release, reverse=True):
        if version is None or compatibility.matches(known, version):
            return NpmPackage(
                package=row["package"],
                version=known,
                integrity=row["integrity"][known],
                executable=row["executable"],
            )
    return None


@cache
def _file(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("higress_cli.data").joinpath(name).read_text("utf-8"))
