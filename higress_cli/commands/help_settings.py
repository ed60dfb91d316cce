"""`hgw help settings`: every setting, and its current value in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from higress_cli.choice import Source, SourceKind
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.i18n import _
from higress_cli.project.project import Project, open_project, plugin_here
from higress_cli.project.resolution import settings_of
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.kinds import Word
from higress_cli.settings.resolver import Resolver
from higress_cli.settings.setting import Scope, Setting
from higress_cli.settings.table import SETTINGS
from higress_cli.spelling import did_you_mean
from higress_cli.system.urls import shown


@dataclass(frozen=True, kw_only=True)
class SettingEntry:
    """A setting: how to set it, and its current value."""

    key: str
    """Its place in hgw.yaml or in the user's configuration."""
    scope: Scope
    """Whether it belongs to a project or to a machine."""
    help: str
    """What it means, in the language of the user."""
    flag: str | None
    """Its option, null if it has none."""
    variable: str | None
    """Its environment variable, null if it has none."""
    form: str
    """What stands for a value in help."""
    choices: tuple[str, ...]
    """The allowed words; empty if others are allowed."""
    commands: tuple[str, ...]
    """The commands that use it; `*` is all of them."""
    default: str
    """The default, as text."""
    value: str | None
    """The current value as a variable would hold it; null if it is not set or not valid."""
    source: str
    """Who chose the value: an option, a variable, the path of an hgw.yaml, what it follows from, or default."""
    source_kind: SourceKind
    """The kind of the source."""
    problem: str | None
    """Why what is set is not valid; null if it is."""


@dataclass(frozen=True, kw_only=True)
class SettingsResult(Result):
    """Every setting, in the order of hgw.yaml and then those of the machine."""

    topic: str
    """The words after `hgw help`."""
    directory: str
    """The folder that the values are for, absolute."""
    settings: tuple[SettingEntry, ...] = field(default_factory=tuple)
    """The settings."""


def help_settings(session: Session, *, names: Sequence[str] = ()) -> SettingsResult:
    """Every setting, or those whose key, option or variable is in `names`; a section stands for all its settings.

    Raises:
        UsageError: `setting-unknown`, with the nearest names.
    """
    project, warnings = _project(session)
    resolver = settings_of(project, session)
    chosen = [setting for setting in SETTINGS if not names or any(_is_selected_by(setting, name) for name in names)]
    for name in names:
        if not any(_is_selected_by(setting, name) for setting in SETTINGS):
            raise _unknown(name)
    return SettingsResult(
        topic=" ".join(("settings", *names)),
        directory=str(project.directory),
        settings=tuple(_entry(setting, resolver) for setting in chosen),
        warnings=warnings,
    )


def _project(session: Session) -> tuple[Project, tuple[str, ...]]:
    """The project that the folder is in, and warnings; if its settings are invalid, a project without any."""
    here = plugin_here(session.directory)
    try:
        return open_project(here, needs_source=False), ()
    except InvalidInput as error:
        return Project(directory=here), (error.message,)


def _names(setting: Setting[object]) -> tuple[str, ...]:
    """The names that select a setting: its key, its option without dashes and its variable."""
    return tuple(filter(None, (setting.key, setting.flag.lstrip("-"), setting.variable)))


def _is_selected_by(setting: Setting[object], name: str) -> bool:
    return name in _names(setting) or setting.key.startswith(f"{name}.")


def _unknown(name: str) -> UsageError:
    known = [name for setting in SETTINGS for name in _names(setting)]
    return UsageError(
        _("there is no setting `{name}`").format(name=name),
        code="setting-unknown",
        hint=did_you_mean(name, known) or "hgw help settings",
        details={"name": name, "known": [setting.key for setting in SETTINGS]},
    )


def _entry(setting: Setting[object], resolver: Resolver) -> SettingEntry:
    problem = None
    try:
        choice = resolver.choose(setting)
        value = None if choice.value in (None, "", (), {}) else shown(setting.kind.show(choice.value))
        source = choice.source
    except UsageError as error:
        value, problem, source = None, shown(error.message), Source(SourceKind.VARIABLE, setting.variable)
    return SettingEntry(
        key=setting.key,
        scope=setting.scope,
        help=_(setting.help),
        flag=", ".join(filter(None, (setting.short, setting.flag))) or None,
        variable=setting.variable or None,
        form=setting.kind.metavar,
        choices=setting.kind.words if isinstance(setting.kind, Word) else (),
        commands=setting.commands,
        default=setting.shown_default,
        value=value,
        source=str(source),
        source_kind=source.kind,
        problem=problem,
    )
