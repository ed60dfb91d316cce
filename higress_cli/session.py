"""What one run of hgw knows about its surroundings: read once at the top, passed down, never changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from higress_cli.reporter import Reporter
from higress_cli.system.host import Host
from higress_cli.system.paths import Dirs


@dataclass(frozen=True, kw_only=True)
class Session:
    """The process state and the global options, in one value.

    `directory` is the absolute folder that relative paths start from (`-C` or the working directory);
    `variables` is the environment; `interactive` says that a question would reach a person.
    """

    directory: Path
    variables: Mapping[str, str]
    dirs: Dirs
    host: Host
    reporter: Reporter
    interactive: bool = False
    assume_yes: bool = False
    offline: bool = False
    verbose: bool = False

    def path(self, given: str | Path) -> Path:
        """`given` as an absolute path without `..`, relative ones taken from `directory`."""
        return Path(os.path.normpath(self.directory / given))

    def variable(self, name: str) -> str | None:
        """An environment variable; an empty one counts as absent."""
        return self.variables.get(name) or None
