"""What hgw can download, and the digest that each file must have, from the data files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli import data
from higress_cli.digest import GoHash, Integrity, Sha256
from higress_cli.knowledge import compatibility
from higress_cli.system.host import Host
from higress_cli.toolchain.mirrors import mirrors

TOOLCHAIN_MODULE: Final = "golang.org/toolchain"


@dataclass(frozen=True, kw_only=True)
class ArchivePin:
    """An official release archive: its file name and the SHA-256 of its bytes in lower-case hex."""

    tool: str
    version: str
    file: str
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class TinygoModule:
    """TinyGo as a Go module; `llvm` lists the major versions of LLVM that it can link to, its default first."""

    version: str
    module: str
    h1: GoHash
    llvm: tuple[str, ...]
    drop: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The Python package that contains Go; `oldest` is the first Go that can fetch another by itself."""

    oldest: str
    distribution: str
    version: str
    root: str
    sha256: tuple[Sha256, ...]


@dataclass(frozen=True, kw_only=True)
class Manager:
    """A package manager that changes the system: the command for binaryen, the package of a C++ compiler."""

    program: str
    root: bool
    binaryen: tuple[str, ...]
    compiler: str


@dataclass(frozen=True, kw_only=True)
class LlvmPackages:
    """Debian's packages of LLVM and how to unpack them; texts contain `{llvm}`."""

    packages: tuple[str, ...]
    suffixes: tuple[str, ...]
    libraries_of: tuple[str, ...]
    never: tuple[str, ...]
    prune: tuple[str, ...]
    programs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BinaryenPackages:
    """Debian's packages of binaryen and where they put wasm-opt."""

    packages: tuple[str, ...]
    executable: str


@dataclass(frozen=True, kw_only=True)
class NpmPackage:
    """A version of an npm package and npm's own integrity value for it."""

    package: str
    version: str
    integrity: Integrity
    executable: str

    @property
    def specifier(self) -> str:
        """The package and its version as npm knows them: `binaryen@123.0.0`."""
        return f"{self.package}@{compatibility.release(self.version).major}.0.0"


@dataclass(frozen=True, kw_only=True)
class _Archive:
    """`source` says who published the digest."""

    file: str
    sha256: Sha256
    source: str


_Archives = Mapping[str, Mapping[str, _Archive]]


@dataclass(frozen=True, kw_only=True)
class _ArchivesFile:
    """data/archives.toml: the archives of each tool by version and platform."""

    go: _Archives
    tinygo: _Archives
    binaryen: _Archives

    def of(self, tool: str) -> _Archives:
        return {"go": self.go, "tinygo": self.tinygo, "binaryen": self.binaryen}[tool]


@dataclass(frozen=True, kw_only=True)
class _Toolchain:
    """Go as a Go module for a platform."""

    go: str
    platform: str
    h1: GoHash


@dataclass(frozen=True, kw_only=True)
class _GoModulesFile:
    """data/go-modules.toml."""

    toolchain: tuple[_Toolchain, ...]
    tinygo: tuple[TinygoModule, ...]
    bootstrap: Bootstrap


@dataclass(frozen=True, kw_only=True)
class _Npm:
    package: str
    executable: str
    integrity: Mapping[str, Integrity]


@dataclass(frozen=True, kw_only=True)
class Packages:
    """data/packages.toml: what the package managers of operating systems, and npm, offer."""

    llvm: LlvmPackages
    binaryen: BinaryenPackages
    manager: tuple[Manager, ...]
    npm: _Npm


def archive_pin(tool: str, version: str, host: Host) -> ArchivePin | None:
    """The archive of a tool for a machine, or for another platform whose programs the machine can run."""
    rows = _archives(tool).get(version, {})
    for platform in (host.platform, mirrors().also_runs.get(host.platform)):
        if platform is not None and (row := rows.get(platform)):
            return ArchivePin(tool=tool, version=version, file=row.file, sha256=row.sha256)
    return None


def known_versions(tool: str, host: Host) -> tuple[str, ...]:
    """The versions of a tool that at least one source has for a machine, oldest first."""
    versions = {version for version in _archives(tool) if archive_pin(tool, version, host)}
    match tool:
        case "go":
            versions |= {row.go for row in _go_modules().toolchain if row.platform == host.platform}
        case "tinygo" if host.system == "linux":
            versions |= {row.version for row in _go_modules().tinygo}
        case "binaryen":
            versions |= set(packages().npm.integrity)
    return tuple(sorted(versions, key=compatibility.release))


def newest_matching(tool: str, wanted: str, host: Host) -> str | None:
    """The newest known version that matches `wanted`: that version itself, or the newest of that release line."""
    return next((known for known in reversed(known_versions(tool, host)) if compatibility.matches(known, wanted)), None)


def toolchain_h1(go: str, host: Host) -> GoHash | None:
    """The hash of a Go toolchain module, None if no proxy serves it for the machine."""
    rows = _go_modules().toolchain
    return next((row.h1 for row in rows if row.go == go and row.platform == host.platform), None)


def go_modules() -> tuple[tuple[str, str], ...]:
    """The path and version of each pinned Go module."""
    rows = _go_modules()
    toolchains = ((TOOLCHAIN_MODULE, toolchain_version(row.go, row.platform)) for row in rows.toolchain)
    return (*toolchains, *((row.module, f"v{row.version}") for row in rows.tinygo))


def toolchain_version(go: str, platform: str) -> str:
    """The version of the Go module golang.org/toolchain that is this Go for this platform."""
    return f"v0.0.1-go{go}.{platform}"


def tinygo_module(version: str) -> TinygoModule | None:
    """TinyGo `version` as a Go module, None if no proxy serves it."""
    return next((row for row in _go_modules().tinygo if row.version == version), None)


def bootstrap() -> Bootstrap:
    return _go_modules().bootstrap


def packages() -> Packages:
    return data.load("packages.toml", Packages)


def managers() -> tuple[Manager, ...]:
    """The package managers other than apt, whose packages cannot be installed without changing the system."""
    return packages().manager


def npm_packages() -> tuple[NpmPackage, ...]:
    """The pinned npm packages of binaryen, newest first."""
    npm = packages().npm
    return tuple(
        NpmPackage(package=npm.package, version=known, integrity=npm.integrity[known], executable=npm.executable)
        for known in sorted(npm.integrity, key=compatibility.release, reverse=True)
    )


def npm_binaryen(version: str | None) -> NpmPackage | None:
    """The newest pinned npm package of binaryen that matches `version` (None: any)."""
    fitting = (row for row in npm_packages() if version is None or compatibility.matches(row.version, version))
    return next(fitting, None)


def _archives(tool: str) -> _Archives:
    return data.load("archives.toml", _ArchivesFile).of(tool)


def _go_modules() -> _GoModulesFile:
    return data.load("go-modules.toml", _GoModulesFile)
