"""Copies of the plugin's configuration in other files, such as an Envoy bootstrap or a WasmPlugin resource."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from higress_cli.doctor.envoy_filters import filters_below, read_filters, unreadable
from higress_cli.doctor.model import Finding, Fix, Status, combined, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.doctor.wasm_plugin import is_resource, names_in, read_resource
from higress_cli.doctor.written import RULES, PluginNames, Written
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.project.yaml_node import compose_all

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

_LARGEST: Final = 1 << 18
_MOST_FILES: Final = 60
_MARKS: Final = ("vm_config", "WasmPlugin")
_MOST_DIFFERENCES: Final = 3
# A module that a compose file or a command mounts under another name: `./out/main.wasm:/etc/envoy/plugin.wasm:ro`.
_MOUNT: Final = re.compile(r"([\w.-]+\.wasm)[\"']?:[\"']?/?(?:[\w.-]+/)*([\w.-]+\.wasm)")


def check_gateway_files(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    written = find_written(project.directory, facts.plugin_names(project))
    try:
        config, path = facts.config(project)
    except InvalidInput:
        return skip(_("judged once the plugin configuration can be read"))
    return judge_written(written, values=config.values if config else None, config=path)


def find_written(directory: Path, plugin: PluginNames) -> tuple[Written, ...]:
    """The configurations in the YAML files of the folder and its immediate subfolders, with places relative to it.

    Files that do not mention a wasm plugin are ignored, valid or not.
    """
    return tuple(
        written
        for path, text in _plugin_files(directory)
        for written in written_in(path.relative_to(directory), text, plugin)
    )


def mounts_in(directory: Path) -> Mapping[str, str]:
    """The names that modules have in the containers of the folder's YAML files, with those of the files mounted."""
    return {inside: outside for _path, text in _yaml_files(directory) for outside, inside in _MOUNT.findall(text)}


def resource_of(directory: Path, *, name: str) -> Path | None:
    """The first file with a WasmPlugin resource that has this name itself or in its image; None if there is none."""
    plugin = PluginNames(names=frozenset({name}))
    for path, text in _plugin_files(directory):
        try:
            documents = [document for document in compose_all(path, text) if is_resource(document)]
            if any(plugin.include(found) for document in documents for found in names_in(document)):
                return path
        except InvalidInput:
            continue
    return None


def _plugin_files(directory: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files that mention wasm plugins, with their text."""
    return (found for found in _yaml_files(directory) if any(mark in found[1] for mark in _MARKS))


def _yaml_files(directory: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files of the folder and its immediate subfolders, with their text."""
    candidates = [path for pattern in ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml") for path in directory.glob(pattern)]
    for path in sorted(candidates)[:_MOST_FILES]:
        try:
            if path.stat().st_size > _LARGEST:
                continue
            yield path, path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue


def written_in(path: Path, text: str, plugin: PluginNames) -> tuple[Written, ...]:
    """The configurations in a YAML text with one or more documents."""
    try:
        documents = compose_all(path, text)
        resources = [read_resource(node, plugin) for node in documents if is_resource(node)]
        filters = [entries for node in documents if not is_resource(node) for entries in filters_below(node)]
        return (*(found for found in resources if found is not None), *read_filters(filters, plugin))
    except InvalidInput as error:
        return (Written(place=str(path), values=None, faults=(unreadable(str(path), error.message),)),)


def judge_written(written: tuple[Written, ...], *, values: Mapping[str, Any] | None, config: Path) -> Finding:
    """Whether each equals `values`, those of the plugin's configuration file `config`; None if it is not there."""
    others = tuple(
        _("{place}: for another plugin, {name}").format(place=item.place, name=item.owner)
        for item in written
        if item.owner is not None
    )
    own = [item for item in written if item.owner is None]
    wrong = [from_fault(fault) for item in own for fault in item.faults]
    compared = [item for item in own if item.values is not None]
    if values is not None:
        wrong += [finding for item in compared if (finding := _difference(item, values, config)) is not None]
    if wrong:
        return combined(wrong).with_detail(*others)
    if not compared:
        return skip(_("no other file configures the plugin")).with_detail(*others)
    if values is None:
        return skip(_("no {file} to compare them with").format(file=config.name)).with_detail(*others)
    return Finding(
        status=Status.OK,
        found=_("the same as {file}").format(file=config.name),
        detail=(*(item.place for item in compared), *others),
    )


def _difference(item: Written, values: Mapping[str, Any], config: Path) -> Finding | None:
    here = {**(item.values or {}), **({RULES: list(item.rules)} if item.rules and RULES in values else {})}
    if here == values:
        return None
    keys = [key for key in {**values, **here} if values.get(key, _ABSENT) != here.get(key, _ABSENT)]
    shown = [_key_difference(key, here, values).format(key=key, file=config.name) for key in keys[:_MOST_DIFFERENCES]]
    return Finding(
        status=Status.WARN,
        code="config-differs",
        found=f"{item.place}: " + "; ".join(shown) + (" ..." if len(keys) > _MOST_DIFFERENCES else ""),
        expected=_("the same as {file}").format(file=config.name),
        why=_("`hgw run` and `hgw verify` go by {file}; a gateway that is started otherwise does not").format(
            file=config.name
        ),
        fix=Fix(summary=_("make the two say the same, or add `doctor: {ignore: [config-differs]}` to hgw.yaml")),
    )


_ABSENT: Final = object()


def _key_difference(key: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """How a key differs. Values may be secrets, so they are not shown."""
    if key not in there:
        return _("{key} is not in {file}")
    if key not in here:
        return _("{key} is only in {file}")
    return _("{key} is not as in {file}")
