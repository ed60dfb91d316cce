"""The JSON Schema of hgw.yaml, for editors: made of the shapes that read the file."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, Final

from higress_cli.i18n import _
from higress_cli.project import shapes
from higress_cli.project.reference import all_shapes, named_shapes, project_settings
from higress_cli.project.scenario_files import ScenarioList
from higress_cli.project.settings import Written, shape_of
from higress_cli.settings.kinds import Word
from higress_cli.settings.setting import Setting

Schema = dict[str, Any]
SCHEMA_FILE: Final = ".hgw/hgw.schema.json"
"""Where `hgw init` puts it in a project."""
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# An unquoted 1.20 or true is text to hgw, and a number or a boolean to an editor.
_TEXT: Final = ("string", "number", "boolean")
_NOT_A_SCALAR: Final = {"type": ["object", "array", "null"]}


def file_schema() -> Schema:
    """The schema, with descriptions in the language of the user."""
    settings = project_settings()
    maker = _Maker({setting: shape_of(setting.kind) for setting in settings})
    sections: dict[str, Schema] = {}
    for setting in settings:
        section, _dot, name = setting.key.partition(".")
        schema = maker.of_setting(setting)
        if name:
            sections.setdefault(section, _mapping({}))["properties"][name] = schema
        else:
            sections[section] = schema
    return {
        "$schema": _DIALECT,
        "title": "hgw.yaml",
        **_mapping(sections),
        "$defs": maker.definitions(),
    }


def file_schema_text() -> str:
    """The schema as a file."""
    return json.dumps(file_schema(), ensure_ascii=False, indent=1) + "\n"


class _Maker:
    def __init__(self, settings: Mapping[Setting[object], object]) -> None:
        self._settings = settings
        self._shared = {
            number: (named.name, named.shape()) for number, named in named_shapes(settings.values()).items()
        }
        self._shared |= _repeated(settings.values())

    def definitions(self) -> dict[str, Schema]:
        return {name: self._inline(shape) for name, shape in self._shared.values()}

    def of_setting(self, setting: Setting[object]) -> Schema:
        about = _("{text} (default: {value})").format(text=_(setting.help), value=setting.shown_default)
        return {**self._of(self._settings[setting]), "description": about}

    def _of(self, shape: object) -> Schema:
        if isinstance(shape, shapes.Named):
            return {"$ref": f"#/$defs/{shape.name}"}
        if id(shape) in self._shared:
            return {"$ref": f"#/$defs/{self._shared[id(shape)][0]}"}
        return self._inline(shape)

    def _inline(self, shape: object) -> Schema:  # noqa: PLR0911, C901 -- a table of shapes
        match shape:
            case Written():
                return _written(shape)
            case shapes.Scalar():
                return {"enum": list(shape.choices)} if shape.choices else {"type": list(_TEXT)}
            case shapes.Patterned():
                return {"type": list(_TEXT), "pattern": f"^(?:{shape.pattern})$"}
            case shapes.Whole():
                return {"type": "integer", "minimum": shape.least, "maximum": shape.most}
            case shapes.Seconds():
                return {"type": "number", "minimum": 0, "maximum": shapes.MOST_SECONDS}
            case shapes.FileName():
                return {"type": list(_TEXT)}
            case shapes.Items():
                return {"type": ["array", "null"], "items": self._of(shape.item)}
            case shapes.Pairs():
                names = {"propertyNames": {"pattern": self._of(shape.name)["pattern"]}} if shape.name else {}
                return {"type": ["object", "null"], "additionalProperties": self._of(shape.value), **names}
            case shapes.Turned():
                return self._of(shape.shape)
            case shapes.Either():
                return self._either(shape)
            case shapes.Record():
                return self._record(shape)
            case ScenarioList():
                return {"type": ["array", "null"], "items": self._scenario(shape)}
        return {}

    def _either(self, shape: shapes.Either[object]) -> Schema:
        """One branch for each kind of value that has a shape."""
        branches = (
            (shape.scalar, {"not": _NOT_A_SCALAR}),
            (shape.mapping, {"type": "object"}),
            (shape.items, {"type": "array"}),
            (shape.null, {"type": "null"}),
        )
        options = [
            {**limit, **self._of(part)} if not isinstance(self._of(part).get("type"), list) else self._of(part)
            for part, limit in branches
            if part is not None
        ]
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _record(self, shape: shapes.Record[object]) -> Schema:
        found = _mapping({entry.name: self._entry(entry) for entry in shape.entries})
        if shape.required:
            found |= {"type": "object", "required": list(shape.required)}
        if shape.just_one:
            found |= {"type": "object", "minProperties": 1, "maxProperties": 1}
        pairs = [{"not": {"required": list(pair)}} for group in shape.exclusive for pair in combinations(group, 2)]
        return {**found, "allOf": pairs} if pairs else found

    def _entry(self, entry: shapes.Entry) -> Schema:
        return {**self._of(entry.shape), **({"description": _(entry.help)} if entry.help else {})}

    def _scenario(self, shape: ScenarioList) -> Schema:
        """A scenario, or the name of files with some: by `file` an editor tells them apart."""
        include = self._of(shape.include)
        return {"if": {"required": list(include["properties"])}, "then": include, "else": self._of(shape.scenario)}


def _repeated(roots: Iterable[object]) -> dict[int, tuple[str, shapes.Shape[object]]]:
    """The records that are the value of several keys, each with the name of its first key."""
    entries = [entry for shape in all_shapes(roots) if isinstance(shape, shapes.Record) for entry in shape.entries]
    counts = Counter(id(entry.shape) for entry in entries)
    return {
        id(entry.shape): (entry.name, entry.shape)
        for entry in reversed(entries)
        if counts[id(entry.shape)] > 1 and isinstance(entry.shape, shapes.Record)
    }


def _written(shape: Written) -> Schema:
    if isinstance(shape.kind, Word):
        return {"enum": list(shape.kind.words)}
    return {"type": list(_TEXT), **({"pattern": f"^(?:{shape.kind.pattern})$"} if shape.kind.pattern else {})}


def _mapping(properties: Mapping[str, Schema]) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": dict(properties)}
