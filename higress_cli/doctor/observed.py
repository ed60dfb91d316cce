"""What doctor finds on a machine and in a folder, as values; the checks judge them."""

from dataclasses import dataclass
from pathlib import Path

from higress_cli.fault import Fault
from higress_cli.project.settings import FILE_NAME

_MARKS = (FILE_NAME, "go.mod", "main.wasm", "config.yaml")


def looks_like_project(directory: Path) -> bool:
    """Whether somebody keeps a plugin in this folder, a broken one included."""
    return any((directory / name).exists() for name in _MARKS) or any(directory.glob("*.go"))


@dataclass(frozen=True, kw_only=True)
class ModuleFile:
    """What is at the module's path: nothing, a folder, or a module with its ABI.

    `fault` is what a build would say about it, None where it is sound; `stale` that its source is newer.
    """

    path: Path
    exists: bool
    entries: int | None = None
    bytes: int = 0
    abi: str | None = None
    fault: Fault | None = None
    stale: bool = False


@dataclass(frozen=True, kw_only=True)
class PortFacts:
    """A port that `hgw run` would listen on. `option` and `source` say where the number is from.

    `refusal` is the system's reason where it is not just taken; `holder` who has it; `other` is a free one.
    """

    bind: str
    port: int
    option: str
    source: str
    free: bool
    refusal: str | None = None
    holder: str | None = None
    other: int | None = None


@dataclass(frozen=True, kw_only=True)
class DockerFacts:
    """`server` is the daemon's version, None where it does not answer; `problem` is what the client said then."""

    client: bool
    server: str | None = None
    problem: str | None = None
