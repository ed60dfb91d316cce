"""Read the imports, exports, sections and producers of a WebAssembly module."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.wasm.binary import CUSTOM_SECTION, EXPORT_SECTION, Cursor, MalformedError, frames

_TYPE_SECTION: Final = 1
_IMPORT_SECTION: Final = 2
# The collector, under the name of its repository whoever forked it, and the SDK that always imports it.
_COLLECTING: Final = (b"/nottinygc", b"higress-group/proxy-wasm-go-sdk")
_SECTION_NAMES: Final = {
    0: "custom", 1: "type", 2: "import", 3: "function", 4: "table", 5: "memory", 6: "global", 7: "export",
    8: "start", 9: "element", 10: "code", 11: "data", 12: "data count", 13: "tag",
}  # fmt: skip
_KINDS: Final = ("function", "table", "memory", "global", "tag")
_VALUE_TYPES: Final = {
    0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128", 0x70: "funcref", 0x6F: "externref",
}  # fmt: skip
_FUNCTION_FORM: Final = 0x60
_TYPED_REFERENCES: Final = (0x63, 0x64)


@dataclass(frozen=True, kw_only=True)
class Export:
    """An export."""

    name: str
    """Its name."""
    kind: str
    """function, table, memory, global or tag."""


@dataclass(frozen=True, kw_only=True)
class Import:
    """An import; `type` is the signature of a function, such as `(i32, i64) -> i32`, and None for other kinds."""

    module: str
    name: str
    kind: str
    type: str | None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section."""

    name: str
    """The specification's name, or a custom section's own."""
    custom: bool
    """Whether it is a custom section."""
    bytes: int
    """The size of its payload."""


@dataclass(frozen=True, kw_only=True)
class Producer:
    """An entry of the custom section `producers`."""

    field: str
    """language, processed-by or sdk."""
    name: str
    """What it names."""
    version: str
    """Its version, which may be empty."""


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module read from `path`, which is only used in messages.

    `may_collect` means that it may have the garbage collector of Higress's SDK for TinyGo in it: the names of functions
    say so, or there are none.
    """

    path: Path
    bytes: int
    imports: tuple[Import, ...]
    exports: tuple[Export, ...]
    sections: tuple[Section, ...]
    producers: tuple[Producer, ...]
    may_collect: bool = True

    @property
    def has_start(self) -> bool:
        """Whether a function runs as soon as the module is instantiated."""
        return any(section.name == "start" and not section.custom for section in self.sections)

    @property
    def has_memory(self) -> bool:
        """Whether a host can reach the module's memory."""
        kinds = {*(item.kind for item in self.exports), *(item.kind for item in self.imports)}
        return "memory" in kinds

    @property
    def functions(self) -> frozenset[str]:
        """The names of the exported functions."""
        return frozenset(export.name for export in self.exports if export.kind == "function")


def read_module(content: bytes, *, path: Path) -> Module:
    """Read a core module (version 1).

    Raises:
        InvalidInput: `wasm-invalid` with the reason.
    """
    types = _Types(known=(), count=0)
    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    producers: tuple[Producer, ...] = ()
    sections: list[Section] = []
    try:
        for frame in frames(content):
            cursor = Cursor(content, frame.payload, frame.end)
            name = _SECTION_NAMES.get(frame.id, f"#{frame.id}")
            if frame.id == CUSTOM_SECTION:
                name = cursor.name()
                if name == "producers":
                    # A custom section may hold anything; a damaged one does not make the module invalid.
                    with contextlib.suppress(MalformedError):
                        producers = _producers(cursor)
            elif frame.id == _TYPE_SECTION:
                types = _types(cursor)
            elif frame.id == _IMPORT_SECTION:
                imports = tuple(_import(cursor, types) for _index in range(cursor.u32()))
            elif frame.id == EXPORT_SECTION:
                exports = tuple(_export(cursor) for _index in range(cursor.u32()))
            sections.append(Section(name=name, custom=frame.id == CUSTOM_SECTION, bytes=frame.end - frame.payload))
    except MalformedError as error:
        raise invalid(path, str(error)) from error
    return Module(
        path=path,
        bytes=len(content),
        imports=imports,
        exports=exports,
        sections=tuple(sections),
        producers=producers,
        may_collect=not any(section.custom and section.name == "name" for section in sections)
        or any(package in content for package in _COLLECTING),
    )


def invalid(path: Path, reason: str) -> InvalidInput:
    """The error for bytes that are not a module."""
    return InvalidInput(
        _("{path} is not a valid WebAssembly module: {reason}").format(path=path, reason=reason),
        code="wasm-invalid",
        details={"path": path, "reason": reason},
    )


@dataclass(frozen=True)
class _Types:
    """The leading function types, out of the `count` types that the module declares; the rest are unknown."""

    known: tuple[str, ...]
    count: int


def _types(cursor: Cursor) -> _Types:
    """The types up to the first that is not a function type."""
    types: list[str] = []
    count = cursor.u32()
    while len(types) < count and cursor.byte() == _FUNCTION_FORM:
        parameters = ", ".join(_value_type(cursor) for _index in range(cursor.u32()))
        results = ", ".join(_value_type(cursor) for _index in range(cursor.u32()))
        types.append(f"({parameters}) -> {results or '()'}")
    return _Types(tuple(types), count)


def _value_type(cursor: Cursor) -> str:
    code = cursor.byte()
    if code in _TYPED_REFERENCES:
        cursor.skip_leb()
        return "ref"
    return _VALUE_TYPES.get(code, f"0x{code:02x}")


def _import(cursor: Cursor, types: _Types) -> Import:
    module, name, kind = cursor.name(), cursor.name(), _kind(cursor)
    signature = None
    match kind:
        case "function":
            index = cursor.u32()
            if index >= types.count:
                raise MalformedError(
                    _("import {module}.{name} has the type {index} of {count}").format(
                        module=module, name=name, index=index, count=types.count
                    )
                )
            signature = types.known[index] if index < len(types.known) else None
        case "table":
            _value_type(cursor)
            _skip_limits(cursor)
        case "memory":
            _skip_limits(cursor)
        case "global":
            _value_type(cursor)
            cursor.byte()
        case _:
            cursor.byte()
            cursor.skip_leb()
    return Import(module=module, name=name, kind=kind, type=signature)


def _skip_limits(cursor: Cursor) -> None:
    has_most = cursor.byte() & 1
    cursor.skip_leb()
    if has_most:
        cursor.skip_leb()


def _export(cursor: Cursor) -> Export:
    name, kind = cursor.name(), _kind(cursor)
    cursor.skip_leb()
    return Export(name=name, kind=kind)


def _kind(cursor: Cursor) -> str:
    code = cursor.byte()
    if code >= len(_KINDS):
        raise MalformedError(
            _("unknown kind of import or export {code} before byte {position}").format(
                code=code, position=cursor.position
            )
        )
    return _KINDS[code]


def _producers(cursor: Cursor) -> tuple[Producer, ...]:
    found: list[Producer] = []
    for _field in range(cursor.u32()):
        field = cursor.name()
        found += [Producer(field=field, name=cursor.name(), version=cursor.name()) for _entry in range(cursor.u32())]
    return tuple(found)
