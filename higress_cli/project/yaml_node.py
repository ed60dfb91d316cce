"""YAML with the place of each value, so that every error can name its line and column."""

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

import yaml

from higress_cli.document import Json, JsonObject
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _, joined, listed
from higress_cli.project.parser_words import in_words
from higress_cli.spelling import did_you_mean

_MOST_VALUES: Final = 200_000
_INTEGER: Final = "tag:yaml.org,2002:int"
# Python writes no number of more than 4300 decimal digits, which 3570 hexadecimal ones have.
_MOST_DIGITS: Final = 3500
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """Reads scalars as the gateway's control plane does, without dates and base-60 numbers.

    PyYAML follows YAML 1.1, which reads 12:30:45 as the number 45045 and 1e3 as a string. A character that is escaped
    as two surrogates, as JSON does it, becomes that character.
    """

    def compose_scalar_node(self, anchor: dict[str, yaml.Node]) -> yaml.ScalarNode:
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        if _SURROGATE.search(node.value):
            node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        value = super().construct_scalar(node)
        fault = _half_a_character(value)
        if node.tag == _INTEGER and len(value) > _MOST_DIGITS:
            fault = _("a whole number has at most {most} digits").format(most=_MOST_DIGITS)
        if fault is not None:
            raise yaml.constructor.ConstructorError(None, None, fault, node.start_mark)
        return value


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.[0-9]+"
        r"(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


def compose(path: Path, text: str) -> "Node | None":
    """The document in `text`; None if it is empty.

    Raises:
        InvalidInput: `yaml-invalid` with line and column.
    """
    with _refusing(path, text):
        root = yaml.compose(text, Loader=_Loader)
    if root is None:
        return None
    _refuse_expansion(path, root)
    return Node(path, "", root)


def compose_all(path: Path, text: str) -> tuple["Node", ...]:
    """Every document in `text`.

    Raises:
        InvalidInput: `yaml-invalid` with line and column.
    """
    with _refusing(path, text):
        roots = list(yaml.compose_all(text, Loader=_Loader))
    for root in roots:
        _refuse_expansion(path, root)
    return tuple(Node(path, "", root) for root in roots)


def _half_a_character(text: str) -> str | None:
    """What is wrong with a text that cannot be encoded; None if nothing is."""
    found = _SURROGATE.search(text)
    if found is None:
        return None
    return _("{escape} alone is half a character: write the character itself, or both halves").format(
        escape=f"\\u{ord(found[0]):04X}"
    )


def _refuse_expansion(path: Path, root: yaml.Node) -> None:
    """Refuse aliases that would never end or would take too long: recursive ones, and ones that expand too far."""
    sizes: dict[int, int] = {}  # the number of values in each visited value, with its aliases expanded
    open_nodes: list[tuple[yaml.Node, Iterator[yaml.Node]]] = [(root, _parts(root))]
    entered = {id(root)}
    while open_nodes:
        node, parts = open_nodes[-1]
        part = next(parts, None)
        if part is None:
            open_nodes.pop()
            entered.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(inner)] for inner in _parts(node))
            if sizes[id(node)] > _MOST_VALUES:
                Node(path, "", node).fail(
                    _("with its aliases written out this is more than {most} values").format(most=_MOST_VALUES)
                )
        elif id(part) in entered:
            Node(path, "", part).fail(_("this value contains itself"))
        elif id(part) not in sizes:
            entered.add(id(part))
            open_nodes.append((part, _parts(part)))


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


@contextlib.contextmanager
def _refusing(path: Path, text: str) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = _mark(error, text)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InvalidInput(
            _("{place}: not valid YAML: {problem}").format(
                place=place,
                problem=in_words(
                    error.problem or str(error.context),
                    context=error.context or "",
                    opened=error.context_mark.line + 1 if error.context_mark else None,
                ),
            ),
            code="yaml-invalid",
            details={
                "path": path,
                "line": mark.line + 1 if mark else None,
                "column": mark.column + 1 if mark else None,
            },
        ) from error
    except yaml.YAMLError as error:
        raise InvalidInput(
            _("{place}: not valid YAML: {problem}").format(place=path, problem=str(error).splitlines()[0]),
            code="yaml-invalid",
            details={"path": path, "line": None, "column": None},
        ) from error
    except OverflowError as error:  # PyYAML lets it escape for "\UFFFFFFFF"
        raise InvalidInput(
            _("{place}: not valid YAML: {problem}").format(
                place=path, problem=_("the greatest character is \\U0010FFFF")
            ),
            code="yaml-invalid",
            details={"path": path, "line": None, "column": None},
        ) from error
    except RecursionError as error:
        raise InvalidInput(
            _("{place}: not valid YAML: {problem}").format(place=path, problem=_("it is nested too deeply")),
            code="yaml-invalid",
            details={"path": path, "line": None, "column": None},
        ) from error


def _mark(error: yaml.MarkedYAMLError, text: str) -> yaml.Mark | None:
    """Where the fault is: if that is only seen at the end of the file, where what is unfinished began."""
    mark = error.problem_mark or error.context_mark
    if mark is None or text[mark.index :].strip():
        return mark
    return _unclosed_bracket(text) or error.context_mark or mark


def _unclosed_bracket(text: str) -> yaml.Mark | None:
    """The mark of the innermost bracket that is not closed; None if there is none."""
    opened: list[yaml.Mark] = []
    with contextlib.suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
                opened.append(token.start_mark)
            elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
                opened.pop()
    return opened[-1] if opened else None


_INDEX: Final = re.compile(r"\[\d+\]")
"""The place of an item in a list, as in `verify[0].name`."""


@dataclass(frozen=True)
class Node:
    """One value of a YAML file; `key` is its path, such as `run.port`.

    `title` is a name for the part of the file below the key `titled`, which says more in errors than the key.
    """

    path: Path
    key: str
    raw: yaml.Node
    title: str = ""
    titled: str = ""

    @property
    def place(self) -> str:
        """`FILE:LINE:COLUMN`, counted from 1."""
        return f"{self.path}:{self.raw.start_mark.line + 1}:{self.raw.start_mark.column + 1}"

    @property
    def label(self) -> str:
        """What errors call it: `run.port`, or "scenario `it answers`: expect.status"."""
        if not self.title:
            return self.key
        return joined(filter(None, (self.title, self.key.removeprefix(self.titled).lstrip("."))))

    @property
    def _reference(self) -> str | None:
        """The command that explains the key, for a file that has a reference."""
        if self.path.name != "hgw.yaml" or not self.key:
            return None
        section, *names = _INDEX.sub("", self.key).split(".")
        return f"hgw help {self.path.name} {names[0] if section == 'verify' and names else '.'.join((section, *names))}"

    @property
    def line(self) -> int:
        """The 1-based line where it begins."""
        return int(self.raw.start_mark.line) + 1

    def fail(self, problem: str, *, hint: str | None = None) -> NoReturn:
        """Refuse the value.

        Raises:
            InvalidInput: `settings-invalid`, with the place and the key.
        """
        raise InvalidInput(
            joined(filter(None, (self.place, self.label, problem))),
            code="settings-invalid",
            hint=hint or self._reference,
            details={
                "path": self.path,
                "line": self.raw.start_mark.line + 1,
                "column": self.raw.start_mark.column + 1,
                "key": self.key,
            },
        )

    def called(self, title: str) -> "Node":
        """The same value; errors about it and about what it holds begin with `title`."""
        return replace(self, title=title, titled=self.key)

    def mapping(
        self, known: Collection[str] | None = None, *, elsewhere: Mapping[str, str] | None = None
    ) -> Mapping[str, "Node"]:
        """The entries of a mapping; with `known`, any other key is refused and the nearest one suggested.

        `elsewhere` maps keys that are known in another place of the file to that place.
        """
        if not isinstance(self.raw, yaml.MappingNode):
            if self.is_null:
                return {}
            self.fail(_("expected a mapping of keys to values"))
        entries: dict[str, Node] = {}
        for key, value in self.raw.value:
            if not isinstance(key, yaml.ScalarNode):
                replace(self, raw=key).fail(_("a key must be a string"))
            name = replace(self, raw=key).written()
            child = replace(self, key=f"{self.key}.{name}" if self.key else name, raw=value)
            if known is not None and name not in known:
                replace(self, raw=key).fail(
                    _("unknown key `{name}`").format(name=name), hint=_known_keys(name, known, elsewhere or {})
                )
            if name in entries:
                replace(child, raw=key).fail(_("this key appears twice"))
            entries[name] = child
        return entries

    def items(self) -> list["Node"]:
        """The entries of a list."""
        if not isinstance(self.raw, yaml.SequenceNode):
            if self.is_null:
                return []
            self.fail(_("expected a list"))
        return [replace(self, key=f"{self.key}[{index}]", raw=value) for index, value in enumerate(self.raw.value)]

    @property
    def is_null(self) -> bool:
        return isinstance(self.raw, yaml.ScalarNode) and self.raw.tag == "tag:yaml.org,2002:null"

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.raw, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.raw, yaml.SequenceNode)

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.raw, yaml.ScalarNode) and not self.is_null

    def text(self) -> str:
        """A scalar exactly as written: an unquoted 1.20 stays `1.20`."""
        if not isinstance(self.raw, yaml.ScalarNode) or self.is_null:
            self.fail(_("expected a string"))
        return self.written()

    def written(self) -> str:
        """The characters of a scalar, whatever its type."""
        text = str(self.raw.value)
        if fault := _half_a_character(text):
            self.fail(fault)
        return text

    def names(self) -> list["Node"]:
        """The keys of a mapping, as values with places of their own."""
        pairs = self.raw.value if isinstance(self.raw, yaml.MappingNode) else ()
        return [replace(self, raw=key) for key, _value in pairs]

    def choice(self, choices: Collection[str]) -> str:
        """A text that is one of `choices`."""
        value = self.text()
        if value not in choices:
            self.fail(
                _("`{value}` is none of: {choices}").format(value=value, choices=listed(choices)),
                hint=did_you_mean(value, choices),
            )
        return value

    def integer(self, *, least: int, most: int) -> int:
        """A whole number within the inclusive bounds."""
        value = self.value()
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fail(_("expected a whole number from {least} to {most}").format(least=least, most=most))
        return value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(item.text() for item in self.items())

    def value(self) -> Json:
        """The value as YAML types it: dict, list, str, int, float, bool, None."""
        loader = _Loader("")
        try:
            value: Json = loader.construct_document(self.raw)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            there = yaml.ScalarNode(self.raw.tag, "", mark, mark) if mark else self.raw
            replace(self, raw=there).fail(in_words(str(error.problem or error)))
        except RecursionError:
            self.fail(_("it is nested too deeply"))
        except ValueError as error:
            self.fail(str(error))
        except (AttributeError, IndexError, KeyError, TypeError, OverflowError):
            # PyYAML lets these escape for `!!bool maybe` and the like.
            self.fail(_("a value is not of the type that its tag names"))
        else:
            return value
        finally:
            loader.dispose()

    def values(self) -> JsonObject:
        """The value of a mapping, with what is in it as YAML types it."""
        value = self.value()
        if not isinstance(value, Mapping):  # `!!set` and the like
            self.fail(_("a value is not of the type that its tag names"))
        return value


def _known_keys(name: str, known: Collection[str], elsewhere: Mapping[str, str]) -> str:
    """The hint for an unknown key: the one that was probably meant, and all that there are."""
    all_of_them = _("known keys: {names}").format(names=listed(known))
    if name in elsewhere:
        near: str | None = _("did you mean `{near}`?").format(near=elsewhere[name])
    else:
        near = did_you_mean(name, known)
    return _("{sentence} {sentence_after}").format(sentence=near, sentence_after=all_of_them) if near else all_of_them
