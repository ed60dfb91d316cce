"""What a value of a YAML file may look like, declared once: by it files are read, and explained.

A shape is data. `read` turns a node into a value; everything else that has to know the grammar (reference, JSON
Schema) walks the shapes' fields.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from higress_cli.i18n import _, listed
from higress_cli.project.yaml_node import Node

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_SECONDS: Final = 1_000_000


class Shape(Protocol[T_co]):
    """The form of a value."""

    def read(self, node: Node) -> T_co:
        """The value of a node.

        Raises:
            InvalidInput: `settings-invalid` with the place.
        """


@dataclass(frozen=True)
class Scalar:
    """A text exactly as written; if there are `choices`, one of them."""

    choices: tuple[str, ...] = ()

    def read(self, node: Node) -> str:
        return node.choice(self.choices) if self.choices else node.text()


@dataclass(frozen=True, kw_only=True)
class Patterned:
    """A text that fits a regular expression as a whole, one that means the same to Python and to JSON Schema."""

    pattern: str
    wrong: Callable[[str], str]
    """What is wrong with a text that does not fit."""

    def read(self, node: Node) -> str:
        text = node.text()
        if re.fullmatch(self.pattern, text) is None:
            node.fail(self.wrong(text))
        return text


@dataclass(frozen=True)
class Whole:
    """A whole number within inclusive bounds."""

    least: int
    most: int

    def read(self, node: Node) -> int:
        return node.integer(least=self.least, most=self.most)


@dataclass(frozen=True)
class Seconds:
    """A number of seconds from 0 to MOST_SECONDS."""

    def read(self, node: Node) -> float:
        value = node.value()
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MOST_SECONDS:
            node.fail(_("expected a number of seconds from 0 to {most}").format(most=MOST_SECONDS))
        return float(value)


@dataclass(frozen=True)
class Anything:
    """Any value, as YAML types it."""

    def read(self, node: Node) -> object:
        return node.value()


@dataclass(frozen=True)
class Items(Generic[T]):
    """A list of values of one shape."""

    item: Shape[T]

    def read(self, node: Node) -> tuple[T, ...]:
        return tuple(self.item.read(each) for each in node.items())


@dataclass(frozen=True)
class Pairs(Generic[T]):
    """A mapping with keys of the author's choice; with `lower`, they are read in lower case."""

    value: Shape[T]
    lower: bool = False
    name: Shape[str] | None = None
    """The shape of the keys; None if any text will do."""

    def read(self, node: Node) -> dict[str, T]:
        if self.name is not None:
            for key in node.names():
                self.name.read(key)
        read = {name: self.value.read(value) for name, value in node.mapping().items()}
        return {name.lower(): value for name, value in read.items()} if self.lower else read


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A known key of a mapping; `help` is a sentence for people, untranslated."""

    name: str
    shape: Shape[object]
    help: str = ""


@dataclass(frozen=True, kw_only=True)
class Record(Generic[T]):
    """A mapping with known keys. At most one key of each group in `exclusive` may be there."""

    entries: tuple[Entry, ...]
    make: Callable[..., T]
    """The value, from the node and, called like its key, what was read of each key that is there."""
    exclusive: tuple[tuple[str, ...], ...] = ()
    required: tuple[str, ...] = ()
    """The keys that have to be there."""
    just_one: bool = False
    """Whether exactly one key has to be there."""
    title: Callable[[Node], Node] | None = None
    """Calls the mapping something else in errors."""

    def read(self, node: Node) -> T:
        node = self.title(node) if self.title is not None else node
        given = node.mapping(tuple(entry.name for entry in self.entries))
        for name in self.required:
            if name not in given:
                node.fail(_("`{name}` is missing").format(name=name))
        if self.just_one and len(given) != 1:
            choices = listed(entry.name for entry in self.entries)
            node.fail(_("say exactly one of: {choices}").format(choices=choices))
        for group in self.exclusive:
            named = [given[name] for name in given if name in group]
            if len(named) > 1:
                named[1].fail(_("say exactly one of: {choices}").format(choices=listed(group)))
        values = {entry.name: entry.shape.read(given[entry.name]) for entry in self.entries if entry.name in given}
        return self.make(node, **values)


@dataclass(frozen=True, kw_only=True)
class Either(Generic[T]):
    """A value whose shape depends on its kind in YAML; a kind without a shape is refused."""

    scalar: Shape[T] | None = None
    items: Shape[T] | None = None
    mapping: Shape[T] | None = None
    null: Shape[T] | None = None

    def read(self, node: Node) -> T:
        shape = self._shape(node)
        if shape is not None:
            return shape.read(node)
        if self.mapping is not None:
            node.mapping()
            return self.mapping.read(node)
        if self.items is not None:
            node.items()
            return self.items.read(node)
        return node.fail(_("expected a string"))

    def _shape(self, node: Node) -> Shape[T] | None:
        if node.is_null:
            return self.null
        if node.is_mapping:
            return self.mapping
        return self.items if node.is_list else self.scalar


@dataclass(frozen=True)
class Turned(Generic[S, T]):
    """A value of another shape, turned into something else; a ValueError of `turn` says what is wrong with it."""

    shape: Shape[S]
    turn: Callable[[S], T]

    def read(self, node: Node) -> T:
        value = self.shape.read(node)
        try:
            return self.turn(value)
        except ValueError as error:
            node.fail(str(error))


@dataclass(frozen=True)
class FileName:
    """A file that exists, relative to the YAML file that names it."""

    def read(self, node: Node) -> Path:
        path = node.path.parent / node.text()
        if not path.is_file():
            node.fail(_("the file {path} does not exist").format(path=path))
        return path


@dataclass(frozen=True)
class Named(Generic[T]):
    """A shape with a name of its own, which may contain itself."""

    name: str
    shape: Callable[[], Shape[T]]

    def read(self, node: Node) -> T:
        return self.shape().read(node)


def made(kind: Callable[..., T], values: Mapping[str, object], **more: object) -> T:
    """A value of a dataclass whose fields are called like the keys; the shapes of the keys see to the types."""
    return kind(**values, **more)


def fields(kind: Callable[..., T]) -> Callable[..., T]:
    """A `make` for a dataclass whose fields are called like the keys."""

    def make(_node: Node, **values: object) -> T:
        return kind(**values)

    return make
