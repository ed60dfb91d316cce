"""What one run of hgw knows about its surroundings: read once at the top, passed down, never changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from higress_cli.choice import Choice
from higress_cli.i18n import _
from higress_cli.reporter import Reporter
from higress_cli.settings.resolver import Given, machine_resolver
from higress_cli.settings.setting import Setting
from higress_cli.system.host import Host
from higress_cli.system.moves import undo_interrupted
from higress_cli.system.paths import Dirs, expanded

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Session:
    """The process state and the global options, in one value.

    `directory` is the absolute folder that relative paths start from (`-C` or the working directory);
    `variables` is the environment; `given` are the settings that were typed; `interactive` says
    whether somebody can answer a question.
    """

    directory: Path
    variables: Mapping[str, str]
    dirs: Dirs
    host: Host
    reporter: Reporter
    given: Given = field(default_factory=dict)
    interactive: bool = False
    assume_yes: bool = False
    offline: bool = False
    verbose: bool = False

    def path(self, given: str | Path) -> Path:
        """`given` as an absolute path without `..`, relative ones taken from `directory`."""
        return Path(os.path.normpath(self.directory / given))

    def folder(self, given: str | Path | None) -> Path:
        """The folder that a command works in: `given`, as by `path`, or `directory`.

        What an hgw that was killed began there is taken back, and said.
        """
        folder = self.path(expanded(given)) if given else self.directory
        for undone in undo_interrupted(folder):
            self.reporter.warn(
                _("an earlier `hgw init` in {path} was ended before it was done: its changes were undone").format(
                    path=undone.folder
                )
            )
            for path in undone.changed:
                self.reporter.warn(_("{path} has been edited since, and stays").format(path=path))
        return folder

    def choose(self, setting: Setting[T]) -> Choice[T]:
        """A setting of the machine, which projects cannot change.

        Raises:
            UsageError: the option or the variable has an invalid value.
        """
        return machine_resolver(self.variables, given=self.given).choose(setting)

    def typed(self, given: Given) -> "Session":
        """A session with these settings added to the typed ones."""
        return replace(self, given={**self.given, **given})

    def variable(self, name: str) -> str | None:
        """An environment variable; an empty one counts as absent."""
        return self.variables.get(name) or None
