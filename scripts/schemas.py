"""Write the JSON Schemas of what commands return, from the types that they return.

    python scripts/schemas.py [--check]

A result's dataclass is the one truth. What `higress_cli.result.plain` makes of a value is what a schema says of its
type; the string below a field is its description. `--check` writes nothing and fails where a file is out of date.
"""

import argparse
import ast
import dataclasses
import inspect
import json
import sys
import textwrap
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.commands.build_result import BuildResult, CommandsResult  # noqa: E402
from higress_cli.commands.clean import CleanResult  # noqa: E402
from higress_cli.commands.doctor import ChecksResult, DoctorResult  # noqa: E402
from higress_cli.commands.help_and_version import HelpResult, VersionResult  # noqa: E402 -- from this checkout
from higress_cli.commands.help_file import FileReferenceResult  # noqa: E402
from higress_cli.commands.help_settings import SettingsResult  # noqa: E402
from higress_cli.commands.init import InitResult, TemplatesResult  # noqa: E402
from higress_cli.commands.inspect import InspectResult  # noqa: E402
from higress_cli.commands.install import InstallResult  # noqa: E402
from higress_cli.commands.matrix import MatrixResult  # noqa: E402
from higress_cli.commands.package import PackageResult  # noqa: E402
from higress_cli.commands.push import PushResult  # noqa: E402
from higress_cli.commands.quickstart import QuickstartResult  # noqa: E402
from higress_cli.commands.run import RunResult  # noqa: E402
from higress_cli.commands.toolchain import (  # noqa: E402
    EnvironmentResult,
    ExecutedResult,
    PathsResult,
    ToolsResult,
)
from higress_cli.commands.verify import VerifyResult  # noqa: E402
from higress_cli.result import Result  # noqa: E402

FOLDER: Final = ROOT / "higress_cli" / "data" / "schemas"
# What each command can return, by the path of the command.
RESULTS: Final[Mapping[str, tuple[type[Result], ...]]] = {
    "build": (BuildResult, CommandsResult, MatrixResult),
    "doctor": (DoctorResult, ChecksResult),
    "help": (HelpResult, SettingsResult, FileReferenceResult),
    "init": (InitResult, TemplatesResult),
    "install": (InstallResult,),
    "quickstart": (QuickstartResult,),
    "inspect": (InspectResult,),
    "clean": (CleanResult,),
    "package": (PackageResult,),
    "push": (PushResult,),
    "run": (RunResult,),
    "toolchain env": (EnvironmentResult,),
    "toolchain exec": (ExecutedResult,),
    "toolchain list": (ToolsResult,),
    "toolchain path": (PathsResult,),
    "verify": (VerifyResult,),
    "version": (VersionResult,),
}

Schema = dict[str, Any]
_SCALARS: Final[Mapping[Any, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_DIGEST: Final[Schema] = {"pattern": "^[0-9a-f]{64}$"}
# What a key means in every document, in the order of the first that fits the key's end.
_MEANINGS: Final[Mapping[str, Schema]] = {"sha256": _DIGEST, "bytes": {"minimum": 0}, "seconds": {"minimum": 0}}


class UndescribedError(Exception):
    """A type or a field that no schema can be made of; the message says which."""


class Document:
    """The schema of one command's `data`, made of its result types; shared types are its `$defs`."""

    def __init__(self, command: str, results: Sequence[type[Result]]) -> None:
        self._definitions: dict[str, Schema] = {}
        shapes = [self._shape(result) for result in results]
        self.schema: Schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"data of hgw {command}",
            **(shapes[0] if len(shapes) == 1 else {"oneOf": shapes}),
        }
        if self._definitions:
            self.schema["$defs"] = dict(sorted(self._definitions.items()))

    def text(self) -> str:
        """The file's content."""
        return json.dumps(self.schema, indent=2, ensure_ascii=False) + "\n"

    def _shape(self, origin: Any, arguments: Sequence[Any] = ()) -> Schema:
        """The object that a dataclass becomes; `arguments` take the place of its type parameters."""
        parameters = dict(zip(getattr(origin, "__parameters__", ()), arguments, strict=True))
        descriptions = _descriptions(origin)
        properties = {}
        for name, kind in _fields(origin).items():
            if name not in descriptions:
                raise UndescribedError(f"the string below {origin.__module__}.{origin.__qualname__}.{name} is missing")
            schema = self._schema(parameters.get(kind, kind))
            meaning = next((found for end, found in _MEANINGS.items() if name.endswith(end)), {})
            properties[name] = {**schema, **meaning, "description": descriptions[name]}
        return {
            "type": "object",
            "description": inspect.cleandoc(origin.__doc__ or ""),
            "required": list(properties),
            "additionalProperties": False,
            "properties": properties,
        }

    def _schema(self, kind: Any) -> Schema:  # noqa: C901, PLR0911 -- a table of types, as `plain` is one of values
        origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
        if kind in (Any, object):
            return {}
        if isinstance(kind, typing.NewType):
            return self._schema(kind.__supertype__)
        if kind in _SCALARS:
            return {"type": _SCALARS[kind]}
        if origin in (typing.Union, types.UnionType):
            return _either([self._schema(one) for one in arguments])
        if origin is typing.Literal:
            return {"enum": list(arguments)}
        if kind is types.NoneType:
            return {"type": "null"}
        if issubclass(origin, Enum):
            return {"enum": [member.value for member in origin]}
        if "__str__" in vars(origin) or issubclass(origin, Path):
            return {"type": "string"}
        if hasattr(origin, "document"):
            return self._schema(typing.get_type_hints(origin.document)["return"])
        if isinstance(origin, type) and dataclasses.is_dataclass(origin):
            return self._reference(origin, arguments)
        if issubclass(origin, Mapping):
            return self._mapping(*arguments)
        if issubclass(origin, Collection):
            return {"type": "array", "items": self._schema(arguments[0])}
        raise UndescribedError(f"no schema is known for the type {kind}")

    def _mapping(self, key: Any, value: Any) -> Schema:
        if isinstance(key, type) and issubclass(key, Enum):
            names = [str(member.value) for member in key]
            properties = {name: self._schema(value) for name in names}
            return {"type": "object", "required": names, "additionalProperties": False, "properties": properties}
        return {"type": "object", "additionalProperties": self._schema(value)}

    def _reference(self, origin: type, arguments: Sequence[Any]) -> Schema:
        name = "".join([origin.__name__, *(_word(argument) for argument in arguments)])
        if name not in self._definitions:
            self._definitions[name] = {}  # so that a type can hold itself
            self._definitions[name] = self._shape(origin, arguments)
        return {"$ref": f"#/$defs/{name}"}


def _fields(origin: Any) -> dict[str, Any]:
    """The names and types of what `plain` shows of this dataclass."""
    hints = typing.get_type_hints(origin)
    hidden = origin.internal if issubclass(origin, Result) else frozenset()
    fields = {field.name: hints[field.name] for field in dataclasses.fields(origin) if field.name not in hidden}
    computed = origin.computed if issubclass(origin, Result) else ()
    return {**fields, **{name: typing.get_type_hints(getattr(origin, name).fget)["return"] for name in computed}}


def _descriptions(origin: type) -> dict[str, str]:
    """The strings below the fields, and the docstrings of properties, inherited ones included."""
    found: dict[str, str] = {}
    for base in reversed(origin.__mro__[:-1]):
        if not dataclasses.is_dataclass(base):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for before, after in zip(body.body, body.body[1:], strict=False):
            match before, after:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                    found[name] = " ".join(words.split())
        for name, value in vars(base).items():
            if isinstance(value, property) and value.__doc__:
                found[name] = " ".join(value.__doc__.split())
    return found


def _either(options: Sequence[Schema]) -> Schema:
    """One of `options`, as short as it can be said."""
    if all(option.keys() == {"type"} for option in options):
        types_ = list(dict.fromkeys(option["type"] for option in options))
        return {"type": types_[0] if len(types_) == 1 else types_}
    if all(option.keys() == {"enum"} or option == {"type": "null"} for option in options):
        return {"enum": [value for option in options for value in option.get("enum", [None])]}
    return {"oneOf": list(options)}


def _word(argument: Any) -> str:
    """A type argument as part of a name: `tuple[str, ...]` is TupleStr."""
    inner = [_word(one) for one in typing.get_args(argument) if one is not ...]
    name = getattr(typing.get_origin(argument) or argument, "__name__", str(argument))
    return "".join([name[:1].upper() + name[1:], *inner])


def documents() -> dict[Path, str]:
    """Each schema's file and its content."""
    return {
        FOLDER / f"{command.replace(' ', '-')}.json": Document(command, results).text()
        for command, results in RESULTS.items()
    }


def outdated() -> list[Path]:
    """The files that are missing, differ from the types, or belong to no command, in order."""
    wanted = documents()
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted([*stale, *(path for path in FOLDER.glob("*.json") if path not in wanted)])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file is out of date")
    check = parser.parse_args().check
    wanted = documents()
    for path in outdated():
        print(path.relative_to(ROOT))
        if check:
            continue
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 1 if check and outdated() else 0


if __name__ == "__main__":
    sys.exit(main())
