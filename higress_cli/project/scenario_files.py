"""Scenarios of hgw.yaml, and of the files that it names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.project.scenario import Scenario
from higress_cli.project.scenario_grammar import INCLUDE, SCENARIO
from higress_cli.project.shapes import Record
from higress_cli.project.yaml_node import Node, compose
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_text

_FILE: Final = "file"


@dataclass(frozen=True)
class ScenarioList:
    """A list of scenarios and of files that hold some."""

    scenario: Record[Scenario] = SCENARIO
    include: Record[Mapping[str, object]] = INCLUDE

    def read(self, node: Node) -> tuple[Scenario, ...]:
        return read_scenarios(node)


def read_scenarios(node: Node) -> tuple[Scenario, ...]:
    """The scenarios of a list; `file: PATTERN` in it stands for those of the files that fit, sorted by name.

    Raises:
        InvalidInput: `settings-invalid`, `yaml-invalid` with the place; `file-unreadable`.
    """
    return tuple(_read(node, above=(node.path,)))


def _read(node: Node, *, above: tuple[Path, ...]) -> Iterator[Scenario]:
    for item in node.items():
        if item.is_mapping and _FILE in item.mapping():
            INCLUDE.read(item)
            yield from _included(item.mapping()[_FILE], above=above)
        else:
            yield SCENARIO.read(item)


def _included(node: Node, *, above: tuple[Path, ...]) -> Iterator[Scenario]:
    try:
        paths = sorted(path for path in node.path.parent.glob(node.text()) if path.is_file())
    except (NotImplementedError, ValueError) as error:  # an absolute or an empty pattern
        node.fail(str(error))
    if not paths:
        node.fail(_("no file fits `{pattern}`").format(pattern=node.text()))
    for path in paths:
        if path in above:
            node.fail(_("{path} would contain itself").format(path=path))
        try:
            root = compose(path, read_text(path))
        except (OSError, UnicodeDecodeError) as error:
            raise read_error(path, error) from error
        if root is not None:
            yield from _read(root, above=(*above, path))
