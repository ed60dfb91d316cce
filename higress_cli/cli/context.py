"""Where process state enters: environment, working folder, streams, platform. Nothing else reads them."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from higress_cli import i18n
from higress_cli.choice import Choice
from higress_cli.cli.own_command import seen_from_here
from higress_cli.cli.ui import Ui
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.settings.kinds import Switch
from higress_cli.settings.machine import COLOR, DEBUG, DIRECTORY, HOME, LANG, OFFLINE, OUTPUT, QUIET, VERBOSE, YES
from higress_cli.settings.resolver import GivenValue, machine_resolver
from higress_cli.settings.setting import Setting
from higress_cli.settings.table import SETTINGS
from higress_cli.system.host import this_host
from higress_cli.system.paths import expanded, find_dirs

T = TypeVar("T")
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass
class Invocation:
    """One call of `main`: the words and settings typed so far, and the terminal."""

    argv: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    given: dict[Setting[object], GivenValue] = field(default_factory=dict)
    command: str = "hgw"
    is_parsed: bool = False
    missing_texts: Path | None = None
    place: Path | None = None
    ui: Ui = field(init=False)

    def __post_init__(self) -> None:
        self.configure()

    def configure(self) -> None:
        """Apply language, output format and colour; before parsing, they come from a first look at the words."""
        self.missing_texts = i18n.activate(self.lang)
        self.ui = Ui(
            output=self._shown_by(OUTPUT),
            color=self._shown_by(COLOR),
            allows_color=not self.variables.get("NO_COLOR"),
            quiet=self._shown_by(QUIET),
            verbose=self._shown_by(VERBOSE) or self.debug,
        )

    def parsed(self) -> None:
        """Use only parsed options from now on: words like `--output` may belong to another program."""
        if not self.is_parsed:
            self.is_parsed = True
            self.configure()

    @property
    def lang(self) -> str:
        """The language of hgw's texts."""
        return self._shown_by(LANG) or i18n.language_of_locale(self.variables)

    @property
    def path(self) -> str:
        """The command as typed, only `hgw` if parsing has not reached one yet."""
        return "hgw" if self.command == "hgw" else f"hgw {self.command}"

    @property
    def debug(self) -> bool:
        return self._shown_by(DEBUG)

    def choose(self, setting: Setting[T]) -> Choice[T]:
        """A setting as typed or as in its variable.

        Raises:
            UsageError: its value is invalid.
        """
        return machine_resolver(self.variables, given=self.given).choose(setting)

    def _shown_by(self, setting: Setting[T]) -> T:
        """A setting that decides how errors are shown; an invalid value is ignored."""
        takes_value = not isinstance(setting.kind, Switch)
        seen = _seen(self.argv, setting.flag) if takes_value and not self.is_parsed else None
        try:
            return machine_resolver(self.variables, given={setting: seen, **self.given}).choose(setting).value
        except UsageError:
            return setting.default

    def session(self, *, tolerant: bool = False) -> Session:
        """The session of a command; a `tolerant` one takes the default where a variable is invalid.

        Raises:
            UsageError: `choice-invalid` and the like: the variable of a setting that the command uses is invalid.
            InvalidInput: `directory-missing` if `-C` does not name a folder.
        """
        choose = self._valid_or_default if tolerant else self.choose
        for setting in SETTINGS:
            if setting.counts_in(self.command):
                choose(setting)
        in_ci = self.variables.get("CI", "").lower() in _TRUE
        attended = not in_ci and sys.stdin.isatty() and sys.stderr.isatty()
        session = Session(
            directory=_working_folder(choose(DIRECTORY)),
            variables=self.variables,
            dirs=find_dirs(choose(HOME).value),
            host=this_host(self.variables),
            reporter=self.ui,
            given=dict(self.given),
            interactive=attended and self.ui.output == "text",
            assume_yes=choose(YES).value,
            offline=choose(OFFLINE).value,
            verbose=self.ui.verbose,
        )
        session.folder(None)
        if self.place is None:
            self.works_in(session.directory)
        return session

    def works_in(self, folder: Path) -> Path:
        """`folder`, which the command works in: the commands in hints are for it from now on."""
        self.place = folder
        self.ui.folder = seen_from_here(folder)
        self.ui.obeys_cd = not self.variables.get(DIRECTORY.variable or "")
        return folder

    def _valid_or_default(self, setting: Setting[T]) -> Choice[T]:
        try:
            return self.choose(setting)
        except UsageError:
            if setting in self.given:
                raise
            return Choice(setting.default)


def command_id(path: str) -> str:
    """The name of a command in JSON and of its schema: `toolchain list` for `hgw toolchain list`."""
    return path.removeprefix("hgw ")


def new_invocation(argv: list[str]) -> Invocation:
    """An invocation with the environment of this process."""
    return Invocation(argv, variables=dict(os.environ))


def _working_folder(given: Choice[str | None]) -> Path:
    try:
        directory = Path(os.path.normpath(expanded(given.value).absolute())) if given.value else Path.cwd()
    except FileNotFoundError as error:
        raise InvalidInput(
            _("the folder that hgw was started in no longer exists"),
            code="directory-missing",
            hint=_("go to another folder, or name one with -C"),
        ) from error
    if not os.path.isdir(directory):  # noqa: PTH112 -- False for a name that is too long, where Path raises
        is_there = os.path.lexists(directory)
        message = (
            _("{path} (from {source}) is a file, not a folder")
            if is_there
            else _("the folder {path} (from {source}) does not exist")
        )
        raise InvalidInput(
            message.format(path=directory, source=given.source),
            code="directory-missing",
        )
    return directory


def _seen(argv: list[str], option: str) -> str | None:
    """The value of `option` among words that are not parsed yet, and never will be after a usage error."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    for index, word in enumerate(words):
        if word == option and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
