"""Finds the configurations of plugins in a folder's YAML files for a gateway."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from higress_cli.doctor.envoy_filters import filters_below, read_filters, unreadable
from higress_cli.doctor.wasm_plugin import is_resource, names_in, read_resource
from higress_cli.doctor.written_configuration import PluginNames, Written
from higress_cli.errors import InvalidInput
from higress_cli.project.yaml_node import compose_all
from higress_cli.system.user_file import read_text

_LARGEST: Final = 1 << 18
_MOST_FILES: Final = 60
_MARKS: Final = ("vm_config", "WasmPlugin")
# A module that a compose file or a command mounts under another name: `./out/main.wasm:/etc/envoy/plugin.wasm:ro`.
_MOUNT: Final = re.compile(r"([\w.-]+\.wasm)[\"']?:[\"']?/?(?:[\w.-]+/)*([\w.-]+\.wasm)")

# An action of Go's text/template, which Helm charts are written in: {{ .Values.url }}, {{- if ... }}.
_ACTION: Final = re.compile(r"\{\{-?\s*[A-Za-z.$(/]")


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


def written_in(path: Path, text: str, plugin: PluginNames) -> tuple[Written, ...]:
    """The configurations in a YAML text with one or more documents."""
    try:
        documents = compose_all(path, text)
        resources = [read_resource(node, plugin) for node in documents if is_resource(node)]
        filters = [entries for node in documents if not is_resource(node) for entries in filters_below(node)]
        return (*(found for found in resources if found is not None), *read_filters(filters, plugin))
    except InvalidInput as error:
        if _ACTION.search(text):  # YAML only once Helm has filled it in
            return ()
        return (Written(place=str(path), values=None, faults=(unreadable(str(path), error.message),)),)


def _plugin_files(directory: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files that mention wasm plugins, with their text."""
    return (found for found in _yaml_files(directory) if any(mark in found[1] for mark in _MARKS))


def _yaml_files(directory: Path) -> Iterator[tuple[Path, str]]:
    """The YAML files of the folder and its immediate subfolders, with their text."""
    candidates = [path for pattern in ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml") for path in directory.glob(pattern)]
    for path in sorted(candidates)[:_MOST_FILES]:
        try:
            yield path, read_text(path, most_bytes=_LARGEST)
        except (OSError, UnicodeDecodeError):
            continue
