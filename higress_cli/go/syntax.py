"""Go source as syntax trees, for the few questions that a compiler does not answer. Grammar: tree-sitter-go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_FUNCTIONS: Final = frozenset({"function_declaration", "method_declaration", "func_literal"})


@dataclass(frozen=True, kw_only=True)
class GoFile:
    """A parsed file; `imports` maps the name that a package goes by in it (`.` for a dot import) to its path."""

    path: Path
    root: "Node"
    imports: dict[str, str]

    def names_of(self, suffix: str) -> frozenset[str]:
        """The names by which packages whose path ends in `suffix` go here."""
        return frozenset(name for name, path in self.imports.items() if path.endswith(suffix))


def parse(path: Path, content: bytes) -> GoFile:
    """Parse one file; what is not Go becomes error nodes, which the compiler will tell about."""
    root = _parser().parse(content).root_node
    imports = dict(_imports(root))
    return GoFile(path=path, root=root, imports=imports)


def text(node: "Node") -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", errors="replace")


def walk(node: "Node", *, into_functions: bool = True) -> Iterator["Node"]:
    """`node` and all below it, in source order; without `into_functions`, functions inside are left out."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        children = current.named_children
        if not into_functions:
            children = [child for child in children if child.type not in _FUNCTIONS]
        stack.extend(reversed(children))


def called_names(files: Iterable[GoFile]) -> frozenset[str]:
    """The last names of everything that is called: `f` for `f()`, `pkg.f()` and `x.f()`."""
    names = set()
    for file in files:
        for node in walk(file.root):
            called = node.child_by_field_name("function") if node.type == "call_expression" else None
            if called is not None:
                names.add(text(called.child_by_field_name("field") or called))
    return frozenset(names)


def place(file: GoFile, node: "Node") -> str:
    """`FILE:LINE:COLUMN` as compilers write it, columns in bytes."""
    return f"{file.path}:{node.start_point.row + 1}:{node.start_point.column + 1}"


def _imports(root: "Node") -> Iterator[tuple[str, str]]:
    for node in walk(root, into_functions=False):
        if node.type != "import_spec":
            continue
        path = node.child_by_field_name("path")
        name = node.child_by_field_name("name")
        if path is not None:
            target = text(path).strip('"`')
            yield (text(name) if name is not None else target.rpartition("/")[2]), target


@cache
def _parser() -> "Parser":
    import tree_sitter_go
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_go.language()))
