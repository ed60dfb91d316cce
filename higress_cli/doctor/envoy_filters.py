"""The wasm filters in an Envoy configuration, and which of them runs the plugin of a folder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from higress_cli.doctor.written_configuration import PluginNames, Written
from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _
from higress_cli.project.yaml_node import Node

INVALID: Final = "gateway-file-invalid"
_VM: Final = "vm_config"


def filters_below(node: Node) -> Iterator[Mapping[str, Node]]:
    """The entries of each filter in a node: whatever has a `vm_config`."""
    if node.is_mapping:
        entries = node.mapping()
        if _VM in entries:
            yield entries
        for entry in entries.values():
            yield from filters_below(entry)
    elif node.is_list:
        for item in node.items():
            yield from filters_below(item)


def read_filters(filters: Sequence[Mapping[str, Node]], plugin: PluginNames) -> Iterator[Written]:
    """What each filter of one file configures.

    A filter is the plugin's if its module or its name is. Where no filter of the file is so named, one that loads
    `main.wasm` or `plugin.wasm` is, if it is the only filter, whatever it is called.
    """
    owned = [_is_owned(entries, plugin) for entries in filters]
    for entries, is_owned in zip(filters, owned, strict=True):
        alone = len(filters) == 1 and (plugin.is_general(_module(entries)) or not _module(entries))
        if is_owned or alone:
            yield _configuration(entries)
        else:
            owner = _module(entries) or next(iter(_names(entries)), "?")
            yield Written(place=entries[_VM].place, values=None, owner=owner)


def unreadable(place: str, problem: str) -> Fault:
    """The fault of a file for a gateway that cannot be read."""
    return Fault(
        id=INVALID,
        severity=Severity.WARNING,
        message=problem.removeprefix(f"{place}: "),
        places=() if place in problem.removeprefix(f"{place}: ") else (place,),
        hint=_("fix that line"),
    )


def _is_owned(entries: Mapping[str, Node], plugin: PluginNames) -> bool:
    module = _module(entries)
    if module:
        return plugin.is_own_module(module)
    return any(plugin.include(name) for name in _names(entries))


def _names(entries: Mapping[str, Node]) -> tuple[str, ...]:
    found = (entries.get(key) for key in ("name", "root_id"))
    return tuple(node.text() for node in found if node is not None and node.is_scalar)


def _module(entries: Mapping[str, Node]) -> str:
    """The file name of the module, empty if it is not a file."""
    node: Node | None = entries[_VM]
    for key in ("code", "local", "filename"):
        node = node.mapping().get(key) if node is not None and node.is_mapping else None
    return PurePosixPath(node.text()).name if node is not None and node.is_scalar else ""


def _configuration(entries: Mapping[str, Node]) -> Written:
    given = entries.get("configuration")
    if given is None or given.is_null:
        return Written(place=entries[_VM].place, values={})
    try:
        value = given.value()
    except InvalidInput as error:
        return _unreadable(given.place, error.message)
    text = value.get("value") if isinstance(value, dict) else value
    if not isinstance(text, str):
        return Written(place=given.place, values=text if isinstance(text, dict) else {})
    try:
        values = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        return _unreadable(given.place, _("the configuration is not JSON: {reason}").format(reason=error))
    if not isinstance(values, dict):
        return _unreadable(given.place, _("the configuration is not a JSON object"))
    return Written(place=given.place, values=values)


def _unreadable(place: str, problem: str) -> Written:
    return Written(place=place, values=None, faults=(unreadable(place, problem),))
