"""What `hgw build` returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from higress_cli.abi import Abi
from higress_cli.choice import Choice
from higress_cli.digest import Sha256
from higress_cli.errors import ExitCode
from higress_cli.profile import Profile
from higress_cli.result import Result


@dataclass(frozen=True, kw_only=True)
class PackageBytes:
    """The code of a package in a module."""

    name: str
    """Its name; empty for functions without a package."""
    bytes: int
    """The size of its functions."""
    delta: int | None
    """How many bytes more than in the module that was replaced; null where that is not known."""


@dataclass(frozen=True, kw_only=True)
class BuiltImport:
    """A function that a module imports."""

    module: str
    """The module that it is imported from, such as env."""
    name: str
    """Its name there."""
    since: str | None
    """The first gateway that has it; null where every gateway has it that hgw knows, or none."""
    supported: bool | None
    """Whether the gateway that the plugin is for has it; null where hgw does not know."""
    packages: tuple[str, ...]
    """The Go packages through which the plugin comes to it, from its own to the one that declares it; empty where
    libraries in C do, or nothing is known."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A module that was built or is up to date."""

    directory: Path
    """The plugin's folder, absolute."""
    abi: Abi
    """The ABI that was asked for and found."""
    path: Path
    """The module, absolute."""
    bytes: int
    """The module's size."""
    delta: int | None
    """How many bytes more than the module that it replaced; null where that is not known, or nothing was compiled."""
    packages: tuple[PackageBytes, ...]
    """The packages of its code, largest first; none if the compiler left no names."""
    imports: tuple[BuiltImport, ...]
    """The functions that it imports."""
    sha256: Sha256
    """The digest of the module."""
    abi_export: str
    """The export that declares the ABI."""
    compiler: Profile
    """What compiled it: tinygo or go."""
    go: str
    """The version of Go."""
    tinygo: str | None
    """The version of TinyGo, null in profile go."""
    wasm_opt: str | None
    """The version of wasm-opt, null in profile go."""
    derived: bool
    """Whether it was made from another module."""
    up_to_date: bool
    """Whether nothing had to be compiled."""
    seconds: float
    """How long the compiler took."""


@dataclass(frozen=True, kw_only=True)
class BuiltProject:
    """The settings that a plugin was built with."""

    directory: Path
    """The plugin's folder, absolute."""
    name: str
    """The plugin's name."""
    profile: Choice[Profile]
    """tinygo or go."""
    abi: Choice[str]
    """0.2.1, 0.2.100 or all."""
    gateway: Choice[str]
    """The gateway whose host functions the module may use."""
    out_file: Choice[str]
    """As it was given."""
    tags: Choice[tuple[str, ...]]
    """Build tags besides those of the profile and the ABI."""
    flags: Choice[tuple[str, ...]]
    """Compiler flags besides those of the profile."""
    tidied: bool
    """Whether `go mod tidy` had to be run."""
    changes: tuple[str, ...]
    """What that changed in go.mod: `+ PATH VERSION`, `- PATH VERSION`, `PATH OLD -> NEW`."""


@dataclass(frozen=True, kw_only=True)
class FailedPlugin:
    """A plugin that was not built, of several."""

    directory: Path
    """The plugin's folder, absolute."""
    code: str
    """The id of the error."""
    exit_code: int
    """The exit code of a build of this plugin alone."""
    message: str
    """What failed."""
    hint: str | None
    """The next command to type, or what to do."""


@dataclass(frozen=True, kw_only=True)
class BuildResult(Result):
    """The modules that were built or are up to date."""

    artifacts: tuple[Artifact, ...]
    """The modules, in the order of the plugins and their ABIs."""
    projects: tuple[BuiltProject, ...]
    """The plugins and the settings that they were built with."""
    failures: tuple[FailedPlugin, ...]
    """The plugins that were not built, where several were asked for; the highest of their exit codes is hgw's."""
    seconds: float
    """How long all of it took."""
    engine_problem: str | None
    """Why no engine on this machine can run one of the modules; null where each can be run."""
    engine_hint: str | None
    """What to do about that."""

    @property
    def exit_code(self) -> int:
        return max((failure.exit_code for failure in self.failures), default=ExitCode.OK)


@dataclass(frozen=True, kw_only=True)
class PlannedCommand:
    """A compiler's command line."""

    directory: Path
    """Where it is run, absolute."""
    abi: Abi
    """The ABI that it builds for."""
    argv: tuple[str, ...]
    """The program and its arguments."""
    environment: Mapping[str, str | None]
    """The variables that differ from those of the caller; null is unset."""
    text: str
    """The same for the shell at hand, ready to be pasted."""


@dataclass(frozen=True, kw_only=True)
class CommandsResult(Result):
    """With --print-command: the commands that would be run."""

    commands: tuple[PlannedCommand, ...]
    """What would be run, in order."""
