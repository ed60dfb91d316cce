"""The one return value of a header phase that the two ABIs interpret differently.

A header phase that returns 1 (`HeaderStopIteration`, `ActionPause`) stops everything under ABI 0.2.1. Under 0.2.100 it
stops only the headers, and the body continues (proxy-wasm-cpp-host of Higress, src/context.cc). If the plugin answers
the request in the same call, both ABIs stop everything, whatever it returns (same file).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from higress_cli.abi import Abi
from higress_cli.fault import Fault, Severity
from higress_cli.go.paths import outcomes_of
from higress_cli.go.syntax import GoFile, declared_functions, last_name, named_fields, place, text, walk
from higress_cli.go.values import BeyondError, GoSource, Value, listed
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
# The SDK's SendHttpResponse and its variants, and similar names that plugins and wrappers use.
_ANSWERS: Final = re.compile(r"[sS]end\w*Response\w*")
_COMPARISONS: Final = frozenset({"==", "!="})
_Functions = Mapping[str, Sequence[tuple[GoFile, "Node"]]]


def header_faults(files: Sequence[GoFile], *, abi: Abi) -> tuple[Fault, ...]:
    """Faults where a header phase, built for this ABI, does not do what its author expects."""
    if abi == Abi.V0_2_1:
        places = tuple(dict.fromkeys(_returned(files, _STOP)))
        message = _("types.{value} needs ABI 0.2.100: under {abi} the body stops as well, and the request hangs")
        stops = Fault(
            id="header-stop-iteration",
            message=message.format(value=_STOP, abi=abi),
            places=places,
            hint="hgw build --abi 0.2.100",
            facts={"abi": abi},
        )
        return (stops,) if places else ()
    message = _("under ABI {abi} types.{value} in a header phase lets the body go on; types.{safe} never does")
    return tuple(
        Fault(
            id="header-pause",
            severity=Severity.WARNING,
            message=message.format(abi=abi, value=_PAUSE, safe=_SAFE),
            places=(where,),
            facts={"abi": abi},
        )
        for where in dict.fromkeys(_returned(files, _PAUSE))
    )


def names_stop_iteration(files: Sequence[GoFile]) -> bool:
    """Whether the files use `HeaderStopIteration`, which needs ABI 0.2.100, anywhere."""
    return any(True for file in files for _node in _uses(file, file.root, _STOP))


def _returned(files: Sequence[GoFile], name: str) -> Iterator[str]:
    """The places of a constant that a header phase returns without having answered the request.

    In a phase that cannot be followed, every use of `HeaderStopIteration` counts, since a plugin for ABI 0.2.1 has no
    reason to mention it. `ActionPause` does not count there: it is right more often than wrong.
    """
    functions = declared_functions(files)
    source = GoSource(
        constant=partial(_constant, name=name),
        answers=lambda called: _ANSWERS.fullmatch(called) is not None,
        functions=functions,
        named=dict(_named(files, name)),
    )
    for file, function in _header_phases(files, functions):
        try:
            outcomes = outcomes_of(source, file, function)
        except BeyondError:
            if name == _STOP:
                yield from (place(file, node) for node in _uses(file, function, name))
            continue
        yield from sorted(
            value.place
            for outcome in outcomes
            for value in outcome.results[:1]
            if value is not None and value.name == name and not outcome.answered
        )


def _header_phases(files: Sequence[GoFile], functions: _Functions) -> Iterator[tuple[GoFile, "Node"]]:
    """The functions registered with the wrapper for a header phase, and the methods that the SDK calls in one."""
    for method in sorted(_METHODS):
        yield from functions.get(method, ())
    for file in files:
        for argument in (argument for node in walk(file.root) for argument in _registered(node)):
            if argument.type == "func_literal":
                yield file, argument
            else:
                yield from functions.get(last_name(argument), ())


def _registered(node: "Node") -> Sequence["Node"]:
    """The arguments of a registration. One with a type argument, `w.Process...[Config](f)`, parses as a conversion."""
    if node.type == "call_expression" and last_name(node.child_by_field_name("function")) in _REGISTRATIONS:
        arguments = node.child_by_field_name("arguments")
        return arguments.named_children if arguments is not None else ()
    if node.type == "type_conversion_expression" and last_name(node.child_by_field_name("type")) in _REGISTRATIONS:
        operand = node.child_by_field_name("operand")
        return (operand,) if operand is not None else ()
    return ()


def _constant(file: GoFile, node: "Node", *, name: str) -> str | None:
    """`name` if the node is the SDK's constant of that name, else None."""
    packages = file.names_of(_TYPES)
    if node.type == "selector_expression":
        operand = node.child_by_field_name("operand")
        return name if operand is not None and text(operand) in packages and last_name(node) == name else None
    return name if node.type == "identifier" and "." in packages and text(node) == name else None


def _named(files: Sequence[GoFile], name: str) -> Iterator[tuple[str, Value]]:
    """The plugin's own constants that are aliases of the SDK's: `const wait = types.ActionPause`."""
    for file in files:
        for declaration in file.root.named_children:
            if declaration.type != "const_declaration":
                continue
            for spec in declaration.named_children:
                values = listed(spec.child_by_field_name("value"))
                for named, value in zip(named_fields(spec, "name"), values, strict=False):
                    if _constant(file, value, name=name):
                        yield text(named), Value(name, place(file, value))


def _uses(file: GoFile, below: "Node", name: str) -> Iterator["Node"]:
    """The uses of the constant as a value, comparisons excluded."""
    for node in walk(below):
        if _constant(file, node, name=name) and not _is_compared(node):
            yield node


def _is_compared(node: "Node") -> bool:
    parent = node.parent
    while parent is not None and parent.type in {"parenthesized_expression", "expression_list"}:
        parent = parent.parent
    if parent is not None and parent.type == "binary_expression":
        operator = parent.child_by_field_name("operator")
        return operator is not None and text(operator) in _COMPARISONS
    return parent is not None and parent.type == "expression_case"
