"""A plugin's configuration: the file is YAML or JSON, and the plugin receives JSON, as in Higress."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from higress_cli.document import JsonObject
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.project.parser_words import in_words
from higress_cli.project.yaml_node import compose
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_text

BOOTSTRAP: Final = "config-is-bootstrap"
_SECTIONS: Final = {
    "static_resources": ("listeners", "clusters"),
    "dynamic_resources": ("lds_config", "cds_config", "ads_config"),
}
"""The sections of a bootstrap that make an Envoy serve anything, and their keys."""


@dataclass(frozen=True, kw_only=True)
class PluginConfig:
    """A plugin's configuration and the file it came from; an empty configuration is an empty object."""

    values: JsonObject
    source: str

    @property
    def json(self) -> str:
        """The JSON text that the gateway passes to the plugin; empty if there is no configuration."""
        return _as_json(self.values) if self.values else ""


def read_plugin_config(path: Path, *, is_fixed: bool = False) -> PluginConfig:
    """Read `path` as YAML, which includes JSON; a file whose name ends in .json must be JSON.

    `is_fixed` says that nobody named the path.

    Raises:
        InvalidInput: `plugin-config-missing`, `file-unreadable`, `plugin-config-invalid` with line and column,
            `config-is-bootstrap`.
    """
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise InvalidInput(
            _("the plugin configuration {path} does not exist").format(path=path),
            code="plugin-config-missing",
            hint=_("create it, or name another file"),
            details={"path": path},
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise read_error(path, error, is_fixed=is_fixed) from error
    is_json = path.suffix == ".json" or text.lstrip().startswith("{")
    values = _from_json(path, text) if is_json else _from_yaml(path, text)
    if is_bootstrap(values):
        raise InvalidInput(
            _("{path} configures Envoy itself, not the plugin").format(path=path),
            code=BOOTSTRAP,
            hint=_("name the plugin's own file in hgw.yaml, such as `run: {config: config.json}`"),
            details={"path": path},
        )
    return PluginConfig(values=values, source=str(path))


def is_bootstrap(values: JsonObject) -> bool:
    """Whether this is the configuration that an Envoy starts with (envoy.config.bootstrap.v3.Bootstrap).

    Some plugins keep it in config.yaml and their own configuration in another file.
    """
    return any(
        isinstance(content := values.get(section), Mapping) and any(key in content for key in keys)
        for section, keys in _SECTIONS.items()
    )


def holds_bootstrap(path: Path) -> bool:
    """Whether a file, if it exists, is the configuration that an Envoy starts with."""
    try:
        read_plugin_config(path)
    except InvalidInput as error:
        return error.code == BOOTSTRAP
    return False


def _from_json(path: Path, text: str) -> JsonObject:
    if not text.strip():
        return {}
    try:
        values = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if path.suffix != ".json":
            with contextlib.suppress(InvalidInput):
                return _from_yaml(path, text)  # flow style, such as {mockEnable: true}
        raise _invalid(path, error.lineno, error.colno, in_words(error.msg)) from error
    except ValueError as error:
        raise _invalid(path, 1, 1, str(error)) from error
    except RecursionError as error:
        raise _invalid(path, 1, 1, _("it is nested too deeply")) from error
    if not isinstance(values, dict):
        raise _invalid(path, 1, 1, _("a plugin configuration is a mapping of keys to values"))
    return _sendable(path, values)


def _from_yaml(path: Path, text: str) -> JsonObject:
    try:
        node = compose(path, text)
        if node is None or node.is_null:
            return {}
        if not node.is_mapping:
            line, column = node.raw.start_mark.line + 1, node.raw.start_mark.column + 1
            raise _invalid(path, line, column, _("a plugin configuration is a mapping of keys to values"))
        node.mapping()  # refuses duplicate keys
        values = node.values()
    except InvalidInput as error:
        raise InvalidInput(
            error.message, code="plugin-config-invalid", hint=_fix_hint(), details=error.details
        ) from error
    return _sendable(path, values)


def _sendable(path: Path, values: JsonObject) -> JsonObject:
    """`values`, after checking that they can be encoded as JSON in UTF-8 for the plugin."""
    try:
        _as_json(values).encode()
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start]).strip("'")
        raise _invalid(path, 1, 1, _("`{escape}` is half a character").format(escape=half)) from error
    except (TypeError, ValueError) as error:
        raise _invalid(path, 1, 1, _("it cannot be written as JSON: {reason}").format(reason=error)) from error
    except RecursionError as error:
        raise _invalid(path, 1, 1, _("it is nested too deeply")) from error
    return values


def _as_json(values: JsonObject) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)


def _no_number(word: str) -> NoReturn:
    raise ValueError(_("{word} is not a value in JSON").format(word=word))


def _invalid(path: Path, line: int, column: int, problem: str) -> InvalidInput:
    return InvalidInput(
        _("{path}:{line}:{column}: not a valid plugin configuration: {problem}").format(
            path=path, line=line, column=column, problem=problem
        ),
        code="plugin-config-invalid",
        hint=_fix_hint(),
        details={"path": path, "line": line, "column": column},
    )


def _fix_hint() -> str:
    return _("the file is YAML or JSON; fix that line and try again")
