"""Where a plugin compiled by Go itself registers: a gateway runs its init functions but never its main.

TinyGo's modules are started through `_start`, which runs both (proxy-wasm-cpp-host of Higress, src/wasm.cc).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from higress_cli.fault import Fault
from higress_cli.go.syntax import GoFile, place, text, walk
from higress_cli.i18n import _
from higress_cli.profile import Profile

if TYPE_CHECKING:
    from tree_sitter import Node

_REGISTRATIONS: Final = frozenset({"SetCtx", "SetVMContext"})


def registration_faults(files: Sequence[GoFile], *, profile: Profile) -> tuple[Fault, ...]:
    """The fault of a plugin for native Go that registers only in `main`, so that nothing would ever call it."""
    if profile != Profile.GO:
        return ()
    calls = list(_registrations(files))
    if not calls or any(function != "main" for _file, _node, function in calls):
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


def _registrations(files: Iterable[GoFile]) -> Iterator[tuple[GoFile, "Node", str]]:
    """The calls with which a plugin registers itself, each with the name of the function around it."""
    return ((file, node, _function_of(node)) for file in files for node in walk(file.root) if _registers(node))


def _registers(node: "Node") -> bool:
    if node.type not in {"call_expression", "type_conversion_expression"}:
        return False
    called = node.child_by_field_name("function") or node.child_by_field_name("type")
    return called is not None and any(
        leaf.type in {"field_identifier", "type_identifier"} and text(leaf) in _REGISTRATIONS
        for leaf in walk(called, into_functions=False)
    )


def _function_of(node: "Node") -> str:
    """The name of the function declaration around a node; empty in a method or outside of any function."""
    parent = node.parent
    while parent is not None and parent.type != "function_declaration":
        parent = parent.parent
    name = parent.child_by_field_name("name") if parent is not None else None
    return text(name) if name is not None else ""
