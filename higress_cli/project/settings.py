"""hgw.yaml as typed values. Every key is optional and corresponds to a row of the settings table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from higress_cli.project import shapes
from higress_cli.project.scenario_files import ScenarioList
from higress_cli.project.yaml_node import Node, compose
from higress_cli.settings.kinds import Kind, Pairs, Scenarios, Several, Text, Unfit, Whole
from higress_cli.settings.resolver import SettingValues
from higress_cli.settings.setting import Scope, Setting
from higress_cli.settings.table import SETTINGS
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_text

T = TypeVar("T")

FILE_NAME: Final = "hgw.yaml"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one hgw.yaml says, with the lines of the values; settings that it does not mention have no value."""

    file: Path
    values: SettingValues = field(default_factory=dict)
    lines: Mapping[Setting[object], int] = field(default_factory=dict)

    def get(self, setting: Setting[T]) -> T | None:
        """The value of `setting`, None if the file does not mention it."""
        value: T | None = self.values.get(setting)
        return value


def read_settings(path: Path) -> Settings:
    """Read an hgw.yaml.

    Raises:
        InvalidInput: `yaml-invalid`, `settings-invalid` (place, key and what was expected), `file-unreadable`.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise read_error(path, error, is_fixed=True) from error
    root = compose(path, text)
    if root is None:
        return Settings(file=path)
    nodes = _nodes(root)
    named = (setting for setting in SETTINGS if setting.scope is Scope.PROJECT and setting.key in nodes)
    values = {setting: shape_of(setting.kind).read(nodes[setting.key]) for setting in named}
    return Settings(
        file=path,
        values={setting: value for setting, value in values.items() if value is not None},
        lines={setting: nodes[setting.key].line for setting in values},
    )


@dataclass(frozen=True)
class Written:
    """A text that a kind of setting parses; where the kind takes any text, an empty one is None and counts as unset."""

    kind: Kind[object]

    def read(self, node: Node) -> object:
        text = node.text()
        if not text and isinstance(self.kind, Text):
            return None
        try:
            return self.kind.parse(text)
        except Unfit as error:
            node.fail(f"`{text}` {error.problem}", hint=error.hint)


def shape_of(kind: Kind[object]) -> shapes.Shape[object]:
    """How the values of a setting look in hgw.yaml."""
    match kind:
        case Whole():
            return shapes.Whole(least=kind.least, most=kind.most)
        case Several():
            return shapes.Items(shapes.Scalar())
        case Pairs():
            return shapes.Pairs(shapes.Scalar())
        case Scenarios():
            return ScenarioList()
    return Written(kind)


def _nodes(root: Node) -> dict[str, Node]:
    """The nodes of the file by setting key; unknown keys are refused."""
    sections: dict[str, list[str]] = {}
    elsewhere: dict[str, str] = {}
    for setting in SETTINGS:
        if setting.scope is Scope.PROJECT:
            section, _dot, name = setting.key.partition(".")
            sections.setdefault(section, []).extend([name] if name else [])
            elsewhere |= {name: setting.key} if name else {}
    found: dict[str, Node] = {}
    for section, node in root.mapping(tuple(sections), elsewhere=elsewhere).items():
        names = sections[section]
        found |= {child.key: child for child in node.mapping(tuple(names)).values()} if names else {section: node}
    return found
