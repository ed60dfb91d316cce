"""Which machine this is, in Go's terms for operating systems and processors."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_SYSTEMS: Final = {"linux": "linux", "darwin": "darwin", "windows": "windows"}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Host:
    """`system` is Go's GOOS, `machine` Go's GOARCH; a machine unknown to hgw keeps its own name.

    `variables` are the environment by which programs are found on it.
    """

    system: str
    machine: str
    variables: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False, kw_only=True)

    @property
    def platform(self) -> str:
        """The key of the data files: `linux-amd64`."""
        return f"{self.system}-{self.machine}"

    @property
    def executable_suffix(self) -> str:
        return ".exe" if self.system == "windows" else ""


def is_root() -> bool:
    """Whether this process may change the system without sudo."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def this_host(variables: Mapping[str, str] | None = None) -> Host:
    """The machine that runs this process, with its environment."""
    system = platform.system().lower()
    machine = platform.machine().lower()
    return Host(_SYSTEMS.get(system, system), _MACHINES.get(machine, machine), variables=variables or {})


def usable_cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
