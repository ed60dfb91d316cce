"""What a setting is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from higress_cli.i18n import _
from higress_cli.settings.kinds import Kind, Switch

T_co = TypeVar("T_co", covariant=True)

EVERY_COMMAND: Final = ("*",)
VARIABLE_PREFIX: Final = "HGW_"


class Scope(StrEnum):
    """Whether a setting belongs to a project (in hgw.yaml) or to a machine (in the user's configuration)."""

    MACHINE = "machine"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting(Generic[T_co]):
    """One setting. `key` is its place in a file, such as `run.port`; `flag` and `variable` are empty if it has none.

    `default` is the value if nothing else provides one; `otherwise` describes the default in words if it depends on
    something, and `values` provides what its placeholders stand for, from data that is not read before. `commands` are
    the commands that use the setting, and take its option if it has one; `metavars` are those of its options that
    differ from the kind's, by command. A setting that is not `inherited` is ignored in the hgw.yaml of a parent folder.
    """

    key: str
    kind: Kind[Any]
    help: str
    default: T_co
    otherwise: str = ""
    values: Callable[[], Mapping[str, str]] = dict
    scope: Scope = Scope.PROJECT
    flag: str = ""
    short: str = ""
    variable: str = ""
    commands: tuple[str, ...] = ()
    metavars: Mapping[str, str] = field(default_factory=dict)
    inherited: bool = True

    @property
    def shown_default(self) -> str:
        """What holds if nothing sets it, in the language of the user."""
        if not self.otherwise:
            return self.kind.show(self.default)
        return _(self.otherwise).format_map(self.values())

    @property
    def has_default(self) -> bool:
        """Whether its default says something: a switch is off, and a list is empty."""
        return not isinstance(self.kind, Switch) and self.default not in ((), {})

    def counts_in(self, command: str) -> bool:
        """Whether the command with this id uses the setting."""
        return self.commands == EVERY_COMMAND or command in self.commands


@dataclass(frozen=True, kw_only=True)
class Implication(Generic[T_co]):
    """How the value of another setting also determines this one, in each place that does not set this one."""

    setting: Setting[object]
    of: Callable[[Any], T_co | None]
