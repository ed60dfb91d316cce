"""The forms of hgw.yaml's values: each reads a value, and says what it reads as JSON Schema and in words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from enum import StrEnum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from higress_cli.i18n import N_, _
from higress_cli.project.yaml_node import Node

if TYPE_CHECKING:
    from higress_cli.project.grammar import Record

T = TypeVar("T")
Schema = dict[str, Any]


class Shape(StrEnum):
    """What a value of YAML looks like, whatever it stands for."""

    NULL = auto()
    SCALAR = auto()
    LIST = auto()
    MAPPING = auto()

    @classmethod
    def of(cls, node: Node) -> "Shape":
        if node.is_null:
            return cls.NULL
        return cls.MAPPING if node.is_mapping else cls.LIST if node.is_list else cls.SCALAR


class Form(ABC, Generic[T]):
    """How a value is written."""

    shapes: ClassVar[frozenset[Shape]] = frozenset({Shape.SCALAR})
    """What `read` can accept, by which `Either` tells its forms apart."""

    @abstractmethod
    def read(self, node: Node) -> T:
        """The value.

        Raises:
            InvalidInput: `settings-invalid` with the place.
        """

    @abstractmethod
    def schema(self, shared: dict[str, Schema]) -> Schema:
        """Its JSON Schema (draft 2020-12); what several places refer to is added to `shared` under its name."""

    @abstractmethod
    def words(self) -> str:
        """What stands for a value in the reference: `text`, `a number of seconds`."""

    def records(self) -> Iterator["Record[Any]"]:
        """The records that a value can be or hold, without those inside them."""
        yield from ()


class Text(Form[str]):
    """A scalar as it is written; `pattern` is what it has to match, and `problem` says so."""

    def __init__(self, words: str = N_("text"), *, pattern: str = "", problem: Callable[[], str] | None = None) -> None:
        self._words = words
        self._pattern = pattern
        self._problem = problem

    def read(self, node: Node) -> str:
        import re

        text = node.text()
        if self._problem is not None and not re.search(self._pattern, text):
            node.fail(self._problem())
        return text

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        # An unquoted 1.20 or true is text to hgw, and a number or a boolean to an editor.
        return {"type": ["string", "number", "boolean"], **({"pattern": self._pattern} if self._pattern else {})}

    def words(self) -> str:
        return _(self._words)


class Word(Form[str]):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self._choices = words

    def read(self, node: Node) -> str:
        return node.choice(self._choices)

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"enum": list(self._choices)}

    def words(self) -> str:
        return " | ".join(self._choices)


class Whole(Form[int]):
    """A whole number within bounds that are allowed themselves."""

    def __init__(self, *, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def read(self, node: Node) -> int:
        return node.integer(least=self._least, most=self._most)

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": "integer", "minimum": self._least, "maximum": self._most}

    def words(self) -> str:
        return f"{self._least}..{self._most}"


class Seconds(Form[float]):
    """A duration."""

    def read(self, node: Node) -> float:
        value = node.value()
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            node.fail(_("expected a number of seconds"))
        return float(value)

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": "number", "minimum": 0}

    def words(self) -> str:
        return _("seconds")


class Pattern(Form[str]):
    """A regular expression."""

    def read(self, node: Node) -> str:
        import re

        text = node.text()
        try:
            re.compile(text)
        except re.error as error:
            node.fail(_("not a regular expression: {reason}").format(reason=error))
        return text

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": ["string", "number", "boolean"], "format": "regex"}

    def words(self) -> str:
        return _("regular expression")


class File(Form[Path]):
    """An existing file, relative to the file that names it."""

    def read(self, node: Node) -> Path:
        path = node.path.parent / node.text()
        if not path.is_file():
            node.fail(_("the file {path} does not exist").format(path=path))
        return path

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": ["string", "number"]}

    def words(self) -> str:
        return _("file")


class Null(Form[T]):
    """Nothing written, or null; it stands for `value`."""

    shapes = frozenset({Shape.NULL})

    def __init__(self, value: T) -> None:
        self._value = value

    def read(self, node: Node) -> T:  # noqa: ARG002 -- a Form
        return self._value

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": "null"}

    def words(self) -> str:
        return "null"


class Anything(Form[Any]):
    """Any value, as YAML types it; with `only`, one of this shape."""

    def __init__(self, only: Shape | None = None) -> None:
        self.shapes = frozenset({only} if only else Shape)  # type: ignore[misc] # fixed where it is made
        self._only = only

    def read(self, node: Node) -> Any:
        if self._only is Shape.MAPPING and not node.is_mapping:
            node.fail(_("expected a mapping of keys to values"))
        return node.value()

    def schema(self, shared: dict[str, Schema]) -> Schema:  # noqa: ARG002 -- a Form
        return {"type": "object"} if self._only is Shape.MAPPING else {}

    def words(self) -> str:
        return _("a mapping") if self._only is Shape.MAPPING else _("any value")


TEXT: Final = Text()
