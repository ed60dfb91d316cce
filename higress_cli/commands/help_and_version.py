"""The results of `hgw help` and `hgw version`."""

from dataclasses import dataclass
from pathlib import Path

from higress_cli.result import Result


@dataclass(frozen=True, kw_only=True)
class HelpResult(Result):
    """The help of a command or of hgw as a whole."""

    topic: str
    """The path of the command, such as `toolchain list`; hgw for all of it."""
    text: str
    """What `--help` prints, in the language of the user."""


@dataclass(frozen=True, kw_only=True)
class VersionResult(Result):
    """Which hgw this is, and what runs it."""

    version: str
    """The version of hgw."""
    python: str
    """The version of the Python that runs it."""
    platform: str
    """The machine in Go's words, such as linux-amd64."""
    path: Path
    """The folder of hgw's own files."""
