"""Whether a gateway would ever run a plugin: its package, and where it registers.

A gateway runs the init functions of a plugin compiled by Go itself but never its main.

TinyGo's modules are started through `_start`, which runs both (proxy-wasm-cpp-host of Higress, src/wasm.cc).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.fault import Fault
from higress_cli.go.syntax import GoFile, place, text, walk
from higress_cli.i18n import _
from higress_cli.profile import Profile

if TYPE_CHECKING:
    from tree_sitter import Node

_REGISTRATIONS: Final = frozenset({"SetCtx", "SetVMContext"})
_PACKAGES: Final = ("/pkg/wrapper", "/proxywasm")
_NAMES: Final = frozenset({"field_identifier", "type_identifier"})
_MENTIONS: Final = frozenset({"identifier", "field_identifier"})


def registration_faults(files: Sequence[GoFile], *, profile: Profile) -> tuple[Fault, ...]:
    """The fault of a plugin for native Go that registers only in `main`, so that nothing would ever call it.

    It may do so in a function that only `main` calls. A `main` that the plugin's own code names is left alone:
    `func init() { main() }` runs it.
    """
    if profile != Profile.GO:
        return ()
    calls = list(_registrations(files))
    if not calls or _starts(files, {function for _file, _node, function in calls}) != {"main"}:
        return ()
    return (
        Fault(
            id="registration-in-main",
            message=_("the plugin registers itself in main, which a gateway does not run when Go built it"),
            places=tuple(place(file, call) for file, call, _function in calls),
            hint=_("move it into func init() and leave func main() empty"),
        ),
    )


def registering_functions(files: Iterable[GoFile]) -> frozenset[str]:
    """The names of the functions in which a plugin registers itself; empty in a method or outside of any function."""
    return frozenset(function for _file, _node, function in _registrations(files))


def package_faults(files: Sequence[GoFile]) -> tuple[Fault, ...]:
    """The fault of a folder whose package is a library: a compiler makes a module of a package called main only.

    `files` are those that a build compiles, with paths relative to the plugin's folder.
    """
    here = [(file, node) for file in files if file.path.parent == Path() and (node := _package_name(file)) is not None]
    if not here or any(text(node) == "main" for _file, node in here):
        return ()
    name = text(here[0][1])
    message = _("the package in this folder is called {name}, and only one called main can be built")
    return (
        Fault(
            id="package-not-main",
            message=message.format(name=name),
            places=tuple(place(file, node) for file, node in here),
            hint=_("if this is the plugin itself, write `package main` in each of its files"),
            facts={"package": name},
        ),
    )


def _registrations(files: Iterable[GoFile]) -> Iterator[tuple[GoFile, "Node", str]]:
    """The calls with which a plugin registers itself, each with the name of the function around it."""
    for file in files:
        # After a dot import, the name stands alone.
        bare = {"identifier"} if any("." in file.names_of(package) for package in _PACKAGES) else frozenset[str]()
        for node in walk(file.root):
            if _registers(node, names=_NAMES | bare):
                yield file, node, _function_of(node)


def _registers(node: "Node", *, names: Collection[str]) -> bool:
    if node.type not in {"call_expression", "type_conversion_expression"}:
        return False
    called = node.child_by_field_name("function") or node.child_by_field_name("type")
    return called is not None and any(
        leaf.type in names and text(leaf) in _REGISTRATIONS for leaf in walk(called, into_functions=False)
    )


def _starts(files: Sequence[GoFile], functions: Collection[str]) -> frozenset[str]:
    """The names of the functions that lead to one of these, by calls or otherwise, and that no function names itself.

    The empty name stands for a method and for what is outside of any function. Functions of different packages with
    the same name are not told apart.
    """
    users: dict[str, set[str]] = {}
    for file in files:
        for node in walk(file.root):
            if node.type in _MENTIONS and not _is_declared_name(node):
                users.setdefault(text(node), set()).add(_function_of(node))
    found, left, seen = set[str](), list(functions), set(functions)
    while left:
        name = left.pop()
        above = users.get(name, set()) - {name} if name else set()
        if not above:
            found.add(name)
        left += above - seen
        seen |= above
    return frozenset(found)


def _is_declared_name(node: "Node") -> bool:
    parent = node.parent
    return parent is not None and parent.type == "function_declaration" and parent.child_by_field_name("name") == node


def _function_of(node: "Node") -> str:
    """The name of the function declaration around a node; empty in a method or outside of any function."""
    parent = node.parent
    while parent is not None and parent.type != "function_declaration":
        parent = parent.parent
    name = parent.child_by_field_name("name") if parent is not None else None
    return text(name) if name is not None else ""


def _package_name(file: GoFile) -> "Node | None":
    clause = next((node for node in file.root.named_children if node.type == "package_clause"), None)
    return clause.named_children[0] if clause is not None and clause.named_children else None
