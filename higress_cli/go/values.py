"""Evaluate Go expressions, as far as they decide whether a plugin answers a request before it pauses it.

The only values that are tracked are the constants that matter, and the `true`, `false` and `nil` with which a helper
reports to its caller. `go/paths.py` follows the statements.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from higress_cli.go.syntax import GoFile, functions_meant, last_name, place, text

if TYPE_CHECKING:
    from tree_sitter import Node

MOST_STATES: Final = 256
_NOT_NIL: Final = "not nil"
_ERRORS: Final = frozenset({"New", "Errorf"})


@dataclass(frozen=True)
class Value:
    """A known value: a constant, with its name and the place where it is written, or a literal."""

    name: str
    place: str = ""


Values = tuple[Value | None, ...]


@dataclass(frozen=True)
class Outcome:
    """One way in which a function may end: its results, and whether it has answered the request by then."""

    results: Values
    answered: bool


@dataclass(frozen=True)
class State:
    answered: bool
    variables: frozenset[tuple[str, Value]] = frozenset()

    def value_of(self, name: str) -> Value | None:
        return next((value for known, value in self.variables if known == name), None)

    def having(self, name: str, value: Value | None) -> "State":
        others = frozenset(item for item in self.variables if item[0] != name)
        return replace(self, variables=others | {(name, value)} if value is not None else others)


States = frozenset[State]
NOWHERE: Final[States] = frozenset()


class BeyondError(Exception):
    """The interpreter cannot follow the code."""


@dataclass(frozen=True)
class GoSource:
    """What the interpreter needs to know about the plugin's own files.

    `constant` returns the name of a constant that matters, and None for any other node. `answers` says whether a
    function of this name answers the request. `functions` are the plugin's own functions by name; `named` are its
    constants that are aliases of one that matters.
    """

    constant: Callable[[GoFile, "Node"], str | None]
    answers: Callable[[str], bool]
    functions: Mapping[str, Sequence[tuple[GoFile, "Node"]]]
    named: Mapping[str, Value]


class Context(Protocol):
    """The function that contains an expression."""

    source: GoSource
    file: GoFile

    def ends(self, file: GoFile, function: "Node", *, arguments: Values, answered: bool) -> frozenset[Outcome]:
        """How one of the plugin's functions may end when it is called here."""


# Conditions -----------------------------------------------------------------------------------------------------------


def branch(context: Context, node: "Node", states: States) -> tuple[States, States]:
    """The states in which a condition may be true, and those in which it may be false."""
    match node.type:
        case "parenthesized_expression":
            return branch(context, node.named_children[0], states)
        case "unary_expression" if _operator(node) == "!":
            when_true, when_false = branch(context, node.named_children[0], states)
            return when_false, when_true
        case "binary_expression" if _operator(node) in {"&&", "||"}:
            return _branch_logical(context, node, states)
        case "binary_expression" if _operator(node) in {"==", "!="}:
            return _branch_comparison(context, node, states)
    may_be_true, may_be_false = set(), set()
    for values, state in evaluate(context, node, states):
        known = values[0].name if values and values[0] is not None else ""
        if known != "false":
            may_be_true.add(state)
        if known != "true":
            may_be_false.add(state)
    return frozenset(may_be_true), frozenset(may_be_false)


# Expressions ----------------------------------------------------------------------------------------------------------


def evaluate_all(context: Context, nodes: Iterable["Node"], states: States) -> frozenset[tuple[Values, State]]:
    """The values of expressions that are evaluated in order; a call with several results contributes all of them."""
    found: frozenset[tuple[Values, State]] = frozenset(((), state) for state in states)
    for node in nodes:
        if node.type == "comment":
            continue
        found = frozenset(
            ((*before, *values), after)
            for before, state in found
            for values, after in evaluate(context, node, frozenset({state}))
        )
        if len(found) > MOST_STATES:
            raise BeyondError
    return found


def evaluate(context: Context, node: "Node", states: States) -> frozenset[tuple[Values, State]]:
    """The values that an expression may have in each of the states, and the states after it."""
    constant = context.source.constant(context.file, node)
    if constant is not None:
        return _same_in_each(states, Value(constant, place(context.file, node)))
    found: frozenset[tuple[Values, State]]
    match node.type:
        case "identifier":
            known = context.source.named.get(text(node))
            found = frozenset(((state.value_of(text(node)) or known,), state) for state in states)
        case "true" | "false" | "nil":
            found = _same_in_each(states, Value(node.type))
        case "func_literal":
            found = _same_in_each(states, None)
        case "parenthesized_expression":
            found = evaluate(context, node.named_children[0], states)
        case "call_expression" | "type_conversion_expression":
            found = _call(context, node, states)
        case _:
            found = _unknown(context, node.named_children, states)
    return found


def listed(node: "Node | None") -> list["Node"]:
    """The expressions in a list, or the single expression."""
    if node is None:
        return []
    return node.named_children if node.type == "expression_list" else [node]


def required(node: "Node", part: str) -> "Node":
    """A part of a syntax node that Go's grammar wants.

    Raises:
        BeyondError: it is not there, as the body of a function that is written in assembly.
    """
    found = node.child_by_field_name(part)
    if found is None:
        raise BeyondError
    return found


def kept(states: States) -> States:
    """The states, unchanged.

    Raises:
        BeyondError: there are too many of them to follow.
    """
    if len(states) > MOST_STATES:
        raise BeyondError
    return states


def _branch_logical(context: Context, node: "Node", states: States) -> tuple[States, States]:
    left, right = required(node, "left"), required(node, "right")
    true_left, false_left = branch(context, left, states)
    if _operator(node) == "&&":
        true_right, false_right = branch(context, right, true_left)
        return true_right, kept(false_left | false_right)
    true_right, false_right = branch(context, right, false_left)
    return kept(true_left | true_right), false_right


def _branch_comparison(context: Context, node: "Node", states: States) -> tuple[States, States]:
    equal, unequal = set(), set()
    sides = [side for side in (node.child_by_field_name("left"), node.child_by_field_name("right")) if side is not None]
    for values, state in evaluate_all(context, sides, states):
        same = _are_equal(*values) if len(values) == len(sides) == 2 else None  # noqa: PLR2004 -- both sides
        if same is not False:
            equal.add(state)
        if same is not True:
            unequal.add(state)
    pair = frozenset(equal), frozenset(unequal)
    return pair if _operator(node) == "==" else (pair[1], pair[0])


def _are_equal(left: Value | None, right: Value | None) -> bool | None:
    """Whether two values are the same; None if that is unknown."""
    if left is None or right is None:
        return None
    names = {left.name, right.name}
    if names == {_NOT_NIL}:
        return None
    return len(names) == 1


def _unknown(context: Context, parts: Iterable["Node"], states: States) -> frozenset[tuple[Values, State]]:
    return frozenset(((None,), state) for _values, state in evaluate_all(context, parts, states))


def _same_in_each(states: States, value: Value | None) -> frozenset[tuple[Values, State]]:
    return frozenset(((value,), state) for state in states)


def _call(context: Context, node: "Node", states: States) -> frozenset[tuple[Values, State]]:
    called = node.child_by_field_name("function") or node.child_by_field_name("type")
    name = last_name(called)
    given = node.child_by_field_name("arguments")
    arguments = given.named_children if given is not None else listed(node.child_by_field_name("operand"))
    receiver = called.child_by_field_name("operand") if called is not None else None
    if receiver is not None and receiver.type == "call_expression":
        states = frozenset(state for _values, state in evaluate(context, receiver, states))
    if called is not None and called.type == "func_literal":
        own: Sequence[tuple[GoFile, Node]] = [(context.file, called)]
    else:
        own = functions_meant(context.file, called, context.source.functions)
    found: set[tuple[Values, State]] = set()
    for values, state in evaluate_all(context, arguments, states):
        if own:
            found |= {
                (end.results or (None,), replace(state, answered=end.answered))
                for file, function in own
                for end in context.ends(file, function, arguments=values, answered=state.answered)
            }
        elif context.source.answers(name):
            found.add(((None,), replace(state, answered=True)))
        else:
            result = Value(_NOT_NIL) if name in _ERRORS and _is_package(context.file, called) else None
            found.add(((result,), state))
    return frozenset(found)


def _is_package(file: GoFile, called: "Node | None") -> bool:
    operand = called.child_by_field_name("operand") if called is not None else None
    return operand is not None and file.imports.get(text(operand)) in {"errors", "fmt"}


def _operator(node: "Node") -> str:
    operator = node.child_by_field_name("operator")
    return text(operator) if operator is not None else ""
