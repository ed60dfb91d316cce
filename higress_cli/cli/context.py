"""Where process state enters: environment, working folder, streams, platform. Nothing else reads them."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from higress_cli import i18n
from higress_cli.cli.ui import Ui
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.system.host import this_host
from higress_cli.system.paths import find_dirs

OUTPUTS = ("text", "json")
COLORS = ("auto", "always", "never")
_TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass
class Invocation:
    """One call of `main`: what was typed so far, and the terminal it was typed at."""

    argv: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    command: str = "hgw"
    is_parsed: bool = False
    missing_texts: Path | None = None
    ui: Ui = field(init=False)

    def __post_init__(self) -> None:
        self.configure()

    def configure(self) -> None:
        """Apply language, output and colour as far as they are known: before parsing from a look at the words."""
        language = self.option("lang", "HGW_LANG", i18n.LANGUAGES) or i18n.language_of_locale(self.variables)
        self.missing_texts = i18n.activate(language)
        output = self.option("output", "HGW_OUTPUT", OUTPUTS) or "text"
        color = self.option("color", "HGW_COLOR", COLORS) or "auto"
        self.ui = Ui(
            output=output,
            color=color,
            no_color=bool(self.variables.get("NO_COLOR")),
            quiet=bool(self.options.get("quiet")),
            verbose=bool(self.options.get("verbose")) or self.debug,
        )

    def parsed(self) -> None:
        """From now on only what was parsed counts: words like `--output` may belong to another program."""
        if not self.is_parsed:
            self.is_parsed = True
            self.configure()

    def option(self, name: str, variable: str, choices: tuple[str, ...]) -> str | None:
        """A global option: as parsed, as seen among the words, or from its variable; None if it is no choice."""
        seen = None if self.is_parsed else _seen(self.argv, f"--{name}")
        value = self.options.get(name) or seen or self.variables.get(variable)
        return value if value in choices else None

    @property
    def path(self) -> str:
        """The command as it is typed, `hgw` alone where none was reached yet."""
        return "hgw" if self.command == "hgw" else f"hgw {self.command}"

    @property
    def debug(self) -> bool:
        return bool(self.options.get("debug")) or self._is_set("HGW_DEBUG")

    def _is_set(self, variable: str) -> bool:
        return self.variables.get(variable, "").lower() in _TRUE

    def session(self) -> Session:
        """The session of a command.

        Raises:
            UsageError: `choice-invalid` where a variable has a value that its option would refuse.
            InvalidInput: `directory-missing` where `-C` names no folder.
        """
        for variable, choices in (
            ("HGW_OUTPUT", OUTPUTS),
            ("HGW_COLOR", COLORS),
            ("HGW_LANG", i18n.LANGUAGES),
        ):
            value = self.variables.get(variable)
            if value and value not in choices:
                raise UsageError(
                    _("{variable}={value}: not one of {choices}").format(
                        variable=variable, value=value, choices=", ".join(choices)
                    ),
                    code="choice-invalid",
                )
        given = self.options.get("directory") or self.variables.get("HGW_DIRECTORY")
        try:
            directory = Path(os.path.normpath(Path(given).expanduser().absolute())) if given else Path.cwd()
        except FileNotFoundError as error:
            raise InvalidInput(
                _("the folder that hgw was started in no longer exists"),
                code="directory-missing",
                hint=_("go to another folder, or name one with -C"),
            ) from error
        if not directory.is_dir():
            raise InvalidInput(
                _("the folder {path} (from -C) does not exist").format(path=directory),
                code="directory-missing",
            )
        unattended = self.variables.get("CI", "").lower() in _TRUE or not sys.stdin.isatty() or not sys.stderr.isatty()
        return Session(
            directory=directory,
            variables=self.variables,
            dirs=find_dirs(self.variables),
            host=this_host(),
            reporter=self.ui,
            interactive=not unattended and self.ui.output == "text",
            assume_yes=bool(self.options.get("yes")) or self._is_set("HGW_YES"),
            offline=bool(self.options.get("offline")) or self._is_set("HGW_OFFLINE"),
            verbose=self.ui.verbose,
        )


def command_id(path: str) -> str:
    """What a command is called in JSON and by its schema, from its path: `toolchain list` for `hgw toolchain list`."""
    return path.removeprefix("hgw ")


def new_invocation(argv: list[str]) -> Invocation:
    """An invocation with the environment of this process."""
    return Invocation(argv, variables=dict(os.environ))


def _seen(argv: list[str], option: str) -> str | None:
    """The value of `option` among words that were not parsed yet (they may never be: usage errors come first)."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    for index, word in enumerate(words):
        if word == option and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None
