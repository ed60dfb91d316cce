"""Which machine this is, in Go's terms for operating systems and processors."""

import os
import platform
from dataclasses import dataclass
from typing import Final

_SYSTEMS: Final = {"linux": "linux", "darwin": "darwin", "windows": "windows"}
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Host:
    """`system` is Go's GOOS, `machine` Go's GOARCH; a machine unknown to hgw keeps its own name."""

    system: str
    machine: str

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


def this_host() -> Host:
    """The machine that runs this process."""
    system = platform.system().lower()
    machine = platform.machine().lower()
    return Host(_SYSTEMS.get(system, system), _MACHINES.get(machine, machine))
