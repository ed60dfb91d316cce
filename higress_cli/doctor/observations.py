"""Facts about a machine and a folder, as values for the checks to judge."""

from dataclasses import dataclass
from pathlib import Path

from higress_cli.errors import HgwError
from higress_cli.fault import Fault
from higress_cli.project.settings import FILE_NAME

_MARKS = (FILE_NAME, "go.mod", "main.wasm", "config.yaml")


def looks_like_project(directory: Path) -> bool:
    """Whether the folder seems to hold a plugin, even a broken one."""
    return any((directory / name).exists() for name in _MARKS) or any(directory.glob("*.go"))


@dataclass(frozen=True, kw_only=True)
class ModuleFile:
    """What is at the module's path: nothing, a folder with that many `entries`, or a module with its ABI.

    `fault` is the worst fault that a build would find, if any; `stale` says why it is not what a build would make now.
    """

    path: Path
    exists: bool
    entries: int | None = None
    bytes: int = 0
    abi: str | None = None
    fault: Fault | None = None
    stale: str | None = None


@dataclass(frozen=True, kw_only=True)
class PortFacts:
    """A port that `hgw run` would listen on; `source` says where it came from.

    If the port is not free, `refusal` is the operating system's reason (None if it is just in use), `holder` is the
    program that uses it, and `command` runs a gateway on free ports.
    """

    bind: str
    port: int
    source: str
    free: bool
    refusal: str | None = None
    holder: str | None = None
    command: str | None = None


@dataclass(frozen=True, kw_only=True)
class EnvoyFacts:
    """`package` is the installed one with its version, `obstacle` why this machine has no Envoy.

    `used` is the engine that `hgw run` takes, `problem` the error that it would raise instead.
    """

    package: str | None = None
    obstacle: HgwError | None = None
    used: str = "envoy"
    problem: HgwError | None = None


@dataclass(frozen=True, kw_only=True)
class DockerFacts:
    """`server` is the daemon's version, None where it does not answer; `problem` is what the client said about a fault.

    `too_old`: the client is older than the daemon takes, or has no `docker compose`.
    """

    client: bool
    server: str | None = None
    too_old: bool = False
    problem: str | None = None
