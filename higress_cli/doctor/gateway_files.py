"""Copies of the plugin's configuration in other files, such as an Envoy bootstrap or a WasmPlugin resource."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from higress_cli.doctor.model import Finding, Fix, Status, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.project.yaml_node import Node, compose_all

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

_LARGEST: Final = 1 << 18
_MOST_FILES: Final = 60
_MARKS: Final = ("vm_config", "WasmPlugin")
_MOST_DIFFERENCES: Final = 3


def check_gateway_files(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    try:
        config, path = facts.config(project)
    except InvalidInput:
        return skip(_("judged once the plugin configuration can be read"))
    return judge_written(find_written(project.directory), values=config.values if config else {}, config=path)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A plugin configuration in another file: `place` is FILE:LINE:COLUMN; `problem` is why it cannot be read."""

    place: str
    values: Mapping[str, Any]
    problem: str | None = None


def find_written(directory: Path) -> tuple[Written, ...]:
    """The plugin configurations in the YAML files of the folder and its immediate subfolders.

    Files that do not mention a wasm plugin are ignored, valid or not.
    """
    return tuple(written for path, text in _plugin_files(directory) for written in written_in(path, text))


def resource_of(directory: Path, *, name: str) -> Path | None:
    """The first file with a WasmPlugin resource that has this name itself or in its image; None if there is none."""
    for path, text in _plugin_files(directory):
        try:
            values = [document.value() for document in compose_all(path, text)]
        except InvalidInput:
            continue
        if any(name in _names(value) for value in values if isinstance(value, dict)):
            return path
    return None


def _names(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a WasmPlugin resource: its own, and that of its image without registry and tag."""
    if resource.get("kind") != "WasmPlugin":
        return ()
    metadata, spec = resource.get("metadata"), resource.get("spec")
    url = str(spec.get("url", "")) if isinstance(spec, dict) else ""
    image = url.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return (str(metadata.get("name", "")) if isinstance(metadata, dict) else "", image)


def _plugin_files(directory: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files of the folder and its immediate subfolders that mention wasm plugins, with their text."""
    candidates = [path for pattern in ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml") for path in directory.glob(pattern)]
    for path in sorted(candidates)[:_MOST_FILES]:
        try:
            if path.stat().st_size > _LARGEST:
                continue
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue
        if any(mark in text for mark in _MARKS):
            yield path, text


def written_in(path: Path, text: str) -> tuple[Written, ...]:
    """The plugin configurations in a YAML text with one or more documents."""
    try:
        return tuple(written for document in compose_all(path, text) for written in _in_node(document))
    except InvalidInput as error:
        return (Written(place=str(path), values={}, problem=error.message),)


def judge_written(written: tuple[Written, ...], *, values: Mapping[str, Any], config: Path) -> Finding:
    """Whether each equals `values`, which are those of the plugin's configuration file `config`."""
    if not written:
        return skip(_("no other file configures the plugin"))
    wrong = [text for item in written if (text := _difference(item, values, config)) is not None]
    if not wrong:
        return Finding(
            status=Status.OK,
            found=_("the same as {file}").format(file=config.name),
            detail=tuple(item.place for item in written),
        )
    return Finding(
        status=Status.WARN,
        code="config-differs",
        found=wrong[0],
        expected=_("the same as {file}").format(file=config.name),
        why=_("`hgw run` and `hgw verify` go by {file}; a gateway that is started otherwise does not").format(
            file=config.name
        ),
        fix=Fix(summary=_("make the two say the same")),
        detail=tuple(wrong[1:]),
    )


def _difference(item: Written, values: Mapping[str, Any], config: Path) -> str | None:
    if item.problem is not None:
        return item.problem if item.place in item.problem else f"{item.place}: {item.problem}"
    if item.values == values:
        return None
    keys = [key for key in {**values, **item.values} if values.get(key, _ABSENT) != item.values.get(key, _ABSENT)]
    shown = [
        _key_difference(key, item.values, values).format(key=key, file=config.name) for key in keys[:_MOST_DIFFERENCES]
    ]
    return f"{item.place}: " + "; ".join(shown) + (" ..." if len(keys) > _MOST_DIFFERENCES else "")


_ABSENT: Final = object()


def _key_difference(key: str, here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """How a key differs. Values may be secrets, so they are not shown."""
    if key not in there:
        return _("{key} is not in {file}")
    if key not in here:
        return _("{key} is only in {file}")
    return _("{key} is not as in {file}")


def _in_node(node: Node) -> Iterator[Written]:
    """The configurations in a node: an Envoy filter has a `vm_config`, and a resource the kind `WasmPlugin`."""
    if node.is_mapping:
        entries = node.mapping()
        if "vm_config" in entries:
            yield _filter_configuration(entries)
        elif "kind" in entries and entries["kind"].is_scalar and entries["kind"].text() == "WasmPlugin":
            yield from _resource_configuration(entries)
            return
        for entry in entries.values():
            yield from _in_node(entry)
    elif node.is_list:
        for item in node.items():
            yield from _in_node(item)


def _filter_configuration(entries: Mapping[str, Node]) -> Written:
    given = entries.get("configuration")
    if given is None or given.is_null:
        return Written(place=entries["vm_config"].place, values={})
    value = given.value()
    text = value.get("value") if isinstance(value, dict) else value
    if not isinstance(text, str):
        return Written(place=given.place, values=text if isinstance(text, dict) else {})
    try:
        values = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        problem = _("the configuration is not JSON: {reason}").format(reason=error)
        return Written(place=given.place, values={}, problem=problem)
    return Written(place=given.place, values=values if isinstance(values, dict) else {"": values})


def _resource_configuration(entries: Mapping[str, Node]) -> Iterator[Written]:
    spec = entries["spec"].mapping() if "spec" in entries and entries["spec"].is_mapping else {}
    # `pluginConfig` overrides everything else (pkg/ingress/config/ingress_config.go of Higress).
    default = spec.get("pluginConfig") or spec.get("defaultConfig")
    disabled = spec.get("defaultConfigDisable")
    if "pluginConfig" not in spec and disabled is not None and disabled.value() is True:
        return
    if default is not None and default.is_mapping:
        yield Written(place=default.place, values=default.value())
    elif "matchRules" not in spec and "url" in spec:
        yield Written(place=spec["url"].place, values={})
