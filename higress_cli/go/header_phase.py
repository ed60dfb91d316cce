"""The one value that the two ABIs understand differently, found in the source where it decides something.

A header phase that returns 1 (`HeaderStopIteration`, `ActionPause`) stops everything under ABI 0.2.1, and under 0.2.100
the headers only: the body goes on (proxy-wasm-cpp-host of Higress, src/context.cc).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from higress_cli.abi import Abi
from higress_cli.fault import Fault, Severity
from higress_cli.go.syntax import GoFile, place, text, walk
from higress_cli.i18n import _

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES: Final = "/proxywasm/types"
_STOP: Final = "HeaderStopIteration"
_PAUSE: Final = "ActionPause"
_SAFE: Final = "HeaderStopAllIterationAndWatermark"
_REGISTRATIONS: Final = frozenset(
    f"Process{side}Headers{style}" for side in ("Request", "Response") for style in ("", "By")
)
_METHODS: Final = frozenset({"OnHttpRequestHeaders", "OnHttpResponseHeaders"})
_DECLARATIONS: Final = frozenset({"function_declaration", "method_declaration"})
# Where the last name of an expression is: the field of each kind of node around it.
_INNER: Final = {
    "selector_expression": "field",
    "qualified_type": "name",
    "generic_type": "type",
    "type_instantiation_expression": "type",
    "index_expression": "operand",
    "parenthesized_expression": "expression",
}
_COMPARISONS: Final = frozenset({"==", "!="})


@dataclass(frozen=True, kw_only=True)
class Uses:
    """Where the value is used, as `FILE:LINE:COLUMN`."""

    stop_iteration: tuple[str, ...]
    pause_in_headers: tuple[str, ...]


def find_uses(files: Sequence[GoFile]) -> Uses:
    """`HeaderStopIteration` anywhere in the plugin's own files, and `ActionPause` where a header phase returns it."""
    stops = tuple(place(file, node) for file in files for node in _values(file, file.root, _STOP))
    pauses = tuple(dict.fromkeys(place(file, node) for file, node in _pauses(files)))
    return Uses(stop_iteration=stops, pause_in_headers=pauses)


def header_faults(files: Sequence[GoFile], *, abi: str) -> tuple[Fault, ...]:
    """What the values mean otherwise than the author expects, in a build for this ABI."""
    uses = find_uses(files)
    if abi == Abi.V0_2_1 and uses.stop_iteration:
        message = _("types.{value} needs ABI 0.2.100: under {abi} the body stops as well, and the request hangs")
        return (
            Fault(
                id="header-stop-iteration",
                message=message.format(value=_STOP, abi=abi),
                places=uses.stop_iteration,
                hint="hgw build --abi 0.2.100",
                facts={"abi": abi},
            ),
        )
    if abi != Abi.V0_2_100:
        return ()
    message = _("under ABI {abi} types.{value} in a header phase lets the body go on; types.{safe} never does")
    return tuple(
        Fault(
            id="header-pause",
            severity=Severity.WARNING,
            message=message.format(abi=abi, value=_PAUSE, safe=_SAFE),
            places=(where,),
            facts={"abi": abi},
        )
        for where in uses.pause_in_headers
    )


def _pauses(files: Sequence[GoFile]) -> Iterator[tuple[GoFile, "Node"]]:
    """`ActionPause` as a result of the header phases, and of the plugin's functions whose result they return."""
    declared: dict[str, list[tuple[GoFile, Node]]] = {}
    for file in files:
        for node in file.root.named_children:
            if node.type in _DECLARATIONS and (name := node.child_by_field_name("name")) is not None:
                declared.setdefault(text(name), []).append((file, node))
    waiting = list(_header_phases(files, declared))
    seen: set[int] = set()
    while waiting:
        file, function = waiting.pop(0)
        body = function.child_by_field_name("body")
        if function.id in seen or body is None:
            continue
        seen.add(function.id)
        for result in _results(function, body):
            yield from ((file, node) for node in _values(file, result, _PAUSE))
            for called in _called(result):
                waiting += declared.get(called, [])


def _header_phases(
    files: Iterable[GoFile], declared: Mapping[str, Sequence[tuple[GoFile, "Node"]]]
) -> Iterator[tuple[GoFile, "Node"]]:
    """What is registered with the wrapper for a header phase, and the methods that the bare SDK calls in one."""
    for method in _METHODS:
        yield from declared.get(method, ())
    for file in files:
        for argument in (argument for node in walk(file.root) for argument in _registered(node)):
            if argument.type == "func_literal":
                yield file, argument
            else:
                yield from declared.get(_last_name(argument), ())


def _registered(node: "Node") -> Sequence["Node"]:
    """The arguments of a registration. With a type argument it reads like a conversion: `w.Process...[Config](f)`."""
    if node.type == "call_expression" and _last_name(node.child_by_field_name("function")) in _REGISTRATIONS:
        arguments = node.child_by_field_name("arguments")
        return arguments.named_children if arguments is not None else ()
    if node.type == "type_conversion_expression" and _last_name(node.child_by_field_name("type")) in _REGISTRATIONS:
        operand = node.child_by_field_name("operand")
        return (operand,) if operand is not None else ()
    return ()


def _results(function: "Node", body: "Node") -> Iterator["Node"]:
    """The expressions that a function may return: in its return statements, and assigned to what they name."""
    returned: set[str] = set()
    for node in walk(body, into_functions=False):
        if node.type == "return_statement":
            yield node
            returned |= {text(leaf) for leaf in walk(node, into_functions=False) if leaf.type == "identifier"}
    results = function.child_by_field_name("result")
    if results is not None and results.type == "parameter_list":
        returned |= {text(leaf) for leaf in walk(results) if leaf.type == "identifier"}
    for node in walk(body, into_functions=False):
        targets, values = _assigned(node)
        if values is not None and returned & targets:
            yield values


def _assigned(node: "Node") -> tuple[set[str], "Node | None"]:
    if node.type in {"assignment_statement", "short_var_declaration"}:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    elif node.type in {"var_spec", "const_spec"}:
        left, right = node.child_by_field_name("name"), node.child_by_field_name("value")
    else:
        return set(), None
    return {text(leaf) for leaf in walk(left) if leaf.type == "identifier"} if left is not None else set(), right


def _called(node: "Node") -> Iterator[str]:
    for call in walk(node, into_functions=False):
        if call.type == "call_expression":
            yield _last_name(call.child_by_field_name("function"))


def _values(file: GoFile, below: "Node", name: str) -> Iterator["Node"]:
    """Where the constant `name` of the SDK is used as a value; being compared with does not count."""
    packages = file.names_of(_TYPES)
    for node in walk(below):
        if node.type == "selector_expression":
            operand = node.child_by_field_name("operand")
            found = _last_name(node) == name and operand is not None and text(operand) in packages
        else:
            found = node.type == "identifier" and text(node) == name and "." in packages
        if found and not _is_compared(node):
            yield node


def _is_compared(node: "Node") -> bool:
    parent = node.parent
    while parent is not None and parent.type in {"parenthesized_expression", "expression_list"}:
        parent = parent.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        operator = parent.child_by_field_name("operator")
        return operator is not None and text(operator) in _COMPARISONS
    return parent.type == "expression_case"


def _last_name(node: "Node | None") -> str:
    """`f` of `f`, `pkg.f`, `x.f`, and of `f[T]`."""
    while node is not None and (inner := _INNER.get(node.type)):
        node = node.child_by_field_name(inner) or (node.named_children[0] if node.named_children else None)
    return text(node) if node is not None else ""
