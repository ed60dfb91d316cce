"""The grammar of hgw.yaml: forms made of other forms, down to mappings with known keys.

What `hgw help hgw.yaml` and its JSON Schema say comes from the forms that read the file, so it cannot differ from them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from itertools import combinations
from typing import Any, TypeVar

from higress_cli.i18n import _
from higress_cli.project.forms import Form, Schema, Shape
from higress_cli.project.yaml_node import Node

T = TypeVar("T")


class As(Form[T]):
    """What `form` reads, passed through `make`."""

    def __init__(self, form: Form[Any], make: Callable[[Any], T]) -> None:
        self.shapes = form.shapes  # type: ignore[misc] # a class variable of forms whose shape is always the same
        self._form = form
        self._make = make

    def read(self, node: Node) -> T:
        return self._make(self._form.read(node))

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return self._form.schema(shared)

    def words(self) -> str:
        return self._form.words()

    def records(self) -> Iterator["Record[Any]"]:
        return self._form.records()


class Raw(Form[Any]):
    """A value as YAML types it, once `form` finds nothing wrong with it."""

    def __init__(self, form: Form[Any]) -> None:
        self.shapes = form.shapes  # type: ignore[misc] # a class variable of forms whose shape is always the same
        self._form = form

    def read(self, node: Node) -> Any:
        self._form.read(node)
        return node.value()

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return self._form.schema(shared)

    def words(self) -> str:
        return self._form.words()

    def records(self) -> Iterator["Record[Any]"]:
        return self._form.records()


class ListOf(Form[tuple[T, ...]]):
    """A list; nothing written is an empty one."""

    shapes = frozenset({Shape.LIST, Shape.NULL})

    def __init__(self, form: Form[T]) -> None:
        self._form = form

    def read(self, node: Node) -> tuple[T, ...]:
        return tuple(self._form.read(item) for item in node.items())

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": ["array", "null"], "items": self._form.schema(shared)}

    def words(self) -> str:
        return _("[{form}, ...]").format(form=self._form.words())

    def records(self) -> Iterator["Record[Any]"]:
        return self._form.records()


class TableOf(Form[Mapping[str, T]]):
    """A mapping whose keys the author chooses, called `name` in the reference; `lower` if their case does not count."""

    shapes = frozenset({Shape.MAPPING, Shape.NULL})

    def __init__(self, form: Form[T], *, name: str = "NAME", lower: bool = False) -> None:
        self._form = form
        self._name = name
        self._lower = lower

    def read(self, node: Node) -> Mapping[str, T]:
        entries = node.mapping().items()
        return {name.lower() if self._lower else name: self._form.read(value) for name, value in entries}

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"type": ["object", "null"], "additionalProperties": self._form.schema(shared)}

    def words(self) -> str:
        return f"{{{self._name}: {self._form.words()}}}"

    def records(self) -> Iterator["Record[Any]"]:
        return self._form.records()


class Either(Form[T]):
    """One of several forms, which differ in shape; the first that accepts the shape of a value reads it."""

    def __init__(self, *forms: Form[T]) -> None:
        self.shapes = frozenset().union(*(form.shapes for form in forms))  # type: ignore[misc] # fixed where it is made
        self._forms = forms

    def read(self, node: Node) -> T:
        shape = Shape.of(node)
        form = next((form for form in self._forms if shape in form.shapes), None)
        if form is None:
            node.fail(_("expected: {words}").format(words=self.words()))
        return form.read(node)

    def schema(self, shared: dict[str, Schema]) -> Schema:
        return {"anyOf": [form.schema(shared) for form in self._forms]}

    def words(self) -> str:
        return " | ".join(form.words() for form in self._forms)

    def records(self) -> Iterator["Record[Any]"]:
        for form in self._forms:
            yield from form.records()


@dataclass(frozen=True)
class Key:
    """A key of a record. `field` is its name in the values if that is another."""

    name: str
    form: Form[Any]
    help: str
    required: bool = False
    field: str = ""
    default: str = ""
    """The default in words, where it is not the default of the dataclass's field."""


class Record(Form[T]):
    """A mapping with known keys, which becomes the dataclass `of`, or what `make` makes of it.

    `name` names it in the reference and the schema. At most one of the keys in `one_of` may be there, with
    `exactly_one` just one of all; a key in `alone` allows no other. `title` calls the mapping something else in errors.
    """

    shapes = frozenset({Shape.MAPPING, Shape.NULL})

    def __init__(
        self,
        name: str,
        keys: Sequence[Key],
        *,
        of: type[T] | None = None,
        make: Callable[[Node, dict[str, Any]], T] | None = None,
        one_of: tuple[str, ...] = (),
        exactly_one: bool = False,
        alone: tuple[str, ...] = (),
        title: Callable[[Node], Node] | None = None,
    ) -> None:
        self.name = name
        self.keys = tuple(keys)
        self._of = of
        self._make = make
        self._one_of = tuple(key.name for key in keys) if exactly_one else one_of
        self._exactly_one = exactly_one
        self._alone = alone
        self._title = title

    def read(self, node: Node) -> T:
        node = self._title(node) if self._title else node
        entries = node.mapping(tuple(key.name for key in self.keys))
        for key in self.keys:
            if key.required and key.name not in entries:
                node.fail(_("`{name}` is missing").format(name=key.name))
        together = [name for name in entries if name in self._one_of]
        if len(together) > 1 or (self._exactly_one and not together):
            where = node if self._exactly_one else entries[together[-1]]
            where.fail(_("say exactly one of: {choices}").format(choices=", ".join(self._one_of)))
        for name in self._alone:
            if name in entries and len(entries) > 1:
                node.fail(_("`{name}` stands alone").format(name=name))
        given = {key.field or key.name: key.form.read(entries[key.name]) for key in self.keys if key.name in entries}
        if self._make is not None:
            return self._make(node, given)
        assert self._of is not None  # noqa: S101 -- a record is made one way or the other
        return self._of(**given)

    def schema(self, shared: dict[str, Schema]) -> Schema:
        if self.name not in shared:
            shared[self.name] = {}  # so that a record can hold itself
            shared[self.name] = self._definition(shared)
        return {"$ref": f"#/$defs/{self.name}"}

    def _definition(self, shared: dict[str, Schema]) -> Schema:
        found: Schema = {
            "type": "object" if self._exactly_one or self.required else ["object", "null"],
            "additionalProperties": False,
            "properties": {key.name: described(key, key.form.schema(shared), self.default(key)) for key in self.keys},
        }
        if self.required:
            found["required"] = list(self.required)
        if self._exactly_one:
            found |= {"minProperties": 1, "maxProperties": 1}
        elif self._one_of:
            found["allOf"] = [{"not": {"required": list(pair)}} for pair in combinations(self._one_of, 2)]
        if self._alone:
            found["anyOf"] = [{"maxProperties": 1}, *({"not": {"required": [name]}} for name in self._alone)]
        return found

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys if key.required)

    def default(self, key: Key) -> str:
        """The default of one of its keys in words, empty if it has none."""
        if key.default:
            return _(key.default)
        own = {field.name: field.default for field in fields(self._of)} if self._of else {}  # type: ignore[arg-type] # a dataclass
        value = own.get(key.field or key.name, MISSING)
        return "" if value in (MISSING, None, "", False) else str(value)

    def words(self) -> str:
        return f"<{self.name}>"

    def records(self) -> Iterator["Record[Any]"]:
        yield self


def described(key: Key, schema: Schema, default: str) -> Schema:
    """The schema of a key, with its help as editors show it."""
    help_ = _(key.help) + (" " + _("(default: {value})").format(value=default) if default else "")
    return {**schema, "description": help_}
