"""Go source as syntax trees, for questions that the compiler does not answer. The grammar is tree-sitter-go's."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# The field of each kind of node that leads to the last name of an expression.
_INNER: Final = {
    "selector_expression": "field",
    "qualified_type": "name",
    "generic_type": "type",
    "type_instantiation_expression": "type",
    "index_expression": "operand",
    "parenthesized_expression": "expression",
}
_DECLARATIONS: Final = frozenset({"function_declaration", "method_declaration"})
_FUNCTIONS: Final = frozenset({*_DECLARATIONS, "func_literal"})


@dataclass(frozen=True, kw_only=True)
class GoFile:
    """A parsed file; `imports` maps the local name of each imported package (`.` for a dot import) to its path.

    `import_lines` maps each path to the 1-based line that imports it.
    """

    path: Path
    root: "Node"
    imports: dict[str, str]
    import_lines: dict[str, int]

    def names_of(self, suffix: str) -> frozenset[str]:
        """The names in this file of the imported packages whose path ends in `suffix`."""
        return frozenset(name for name, path in self.imports.items() if path.endswith(suffix))


def parse(path: Path, content: bytes) -> GoFile:
    """Parse one file. Invalid Go becomes error nodes, which are ignored: the compiler will report them."""
    root = _parser().parse(content).root_node
    found = tuple(_imports(root))
    return GoFile(
        path=path,
        root=root,
        imports={name: target for name, target, _line in found},
        import_lines={target: line for _name, target, line in reversed(found)},
    )


def text(node: "Node") -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", errors="replace")


def walk(node: "Node", *, into_functions: bool = True) -> Iterator["Node"]:
    """`node` and its descendants in source order, without those in nested functions unless `into_functions`."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        children = current.named_children
        if not into_functions:
            children = [child for child in children if child.type not in _FUNCTIONS]
        stack.extend(reversed(children))


def last_name(node: "Node | None") -> str:
    """`f` for each of `f`, `pkg.f`, `x.f` and `f[T]`."""
    while node is not None and (inner := _INNER.get(node.type)):
        node = node.child_by_field_name(inner) or (node.named_children[0] if node.named_children else None)
    return text(node) if node is not None else ""


def named_fields(node: "Node", field: str) -> list["Node"]:
    """The nodes of a field that may occur several times, without the commas that the grammar includes."""
    return [child for child in node.children_by_field_name(field) if child.is_named]


def declared_functions(files: Iterable[GoFile]) -> dict[str, list[tuple[GoFile, "Node"]]]:
    """The functions and methods that the files declare, by name."""
    declared: dict[str, list[tuple[GoFile, Node]]] = {}
    for file in files:
        for node in file.root.named_children:
            if node.type in _DECLARATIONS and (name := node.child_by_field_name("name")) is not None:
                declared.setdefault(text(name), []).append((file, node))
    return declared


def functions_meant(
    file: GoFile, expression: "Node | None", functions: Mapping[str, Sequence[tuple[GoFile, "Node"]]]
) -> Sequence[tuple[GoFile, "Node"]]:
    """The `functions` (given by name) that an expression may refer to: those of its package, or else methods."""
    if expression is None:
        return ()
    candidates = functions.get(last_name(expression), ())
    operand = expression.child_by_field_name("operand")
    if operand is None:
        here = file.path.parent
        return [found for found in candidates if not _is_method(found[1]) and found[0].path.parent == here]
    package = file.imports.get(text(operand))
    if package is not None:
        folder = package.rpartition("/")[2]
        return [found for found in candidates if not _is_method(found[1]) and found[0].path.parent.name == folder]
    return [found for found in candidates if _is_method(found[1])]


def called_names(files: Iterable[GoFile]) -> frozenset[str]:
    """The last name of each function that is called: `f` for `f()`, `pkg.f()`, `x.f()` and `f[T]()`."""
    names = set()
    for file in files:
        for node in walk(file.root):
            called = node.child_by_field_name("function") if node.type == "call_expression" else None
            if node.type == "type_conversion_expression":
                # The grammar parses `f[T](x)` as a conversion to a generic type.
                called = node.child_by_field_name("type")
            if called is not None:
                names.add(last_name(called))
    return frozenset(names)


def place(file: GoFile, node: "Node") -> str:
    """`FILE:LINE:COLUMN` as compilers write it, columns in bytes."""
    return f"{file.path}:{node.start_point.row + 1}:{node.start_point.column + 1}"


def _is_method(function: "Node") -> bool:
    return function.type == "method_declaration"


def _imports(root: "Node") -> Iterator[tuple[str, str, int]]:
    """The local name, the path and the 1-based line of each import."""
    specs = (node for node in walk(root, into_functions=False) if node.type == "import_spec")
    for node, path in ((node, path) for node in specs if (path := node.child_by_field_name("path")) is not None):
        name = node.child_by_field_name("name")
        target = text(path).strip('"`')
        local = text(name) if name is not None else target.rpartition("/")[2]
        yield local, target, node.start_point.row + 1


_of_thread: Final = threading.local()


def _parser() -> "Parser":
    """The parser of this thread: several plugins may be built at once, and a parser has state."""
    if not hasattr(_of_thread, "parser"):
        import tree_sitter_go
        from tree_sitter import Language, Parser

        _of_thread.parser = Parser(Language(tree_sitter_go.language()))
    parser: Parser = _of_thread.parser
    return parser
