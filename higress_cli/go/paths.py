"""What a function may return on each of its paths, and whether the plugin has answered the request by then.

A small abstract interpreter over syntax trees. It follows branches, loops, variables and the plugin's own functions.
The only values that it tracks are actions, and the `true`, `false` and `nil` with which a helper reports to its caller.
It gives up on code that it cannot follow (goto, labels, too many paths): its results are used for warnings, and a
missing warning is better than a wrong one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from higress_cli.go.syntax import GoFile, called_names, last_name, named_fields, text
from higress_cli.go.values import (
    NOWHERE,
    BeyondError,
    GoSource,
    Outcome,
    State,
    States,
    Values,
    branch,
    evaluate_all,
    kept,
    listed,
    required,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_ENDINGS: Final = frozenset({"panic", "Exit", "Fatal", "Fatalf", "Goexit"})
_CASES: Final = frozenset({"expression_case", "type_case", "communication_case", "default_case"})


_Key = tuple[int, Values, bool]


@dataclass
class _Run:
    """The analysis of one function, which collects its returns, breaks and continues; all analyses share `known`."""

    source: GoSource
    file: GoFile
    function: "Node"
    known: dict[_Key, frozenset[Outcome]]
    outcomes: set[Outcome] = field(default_factory=set)
    breaks: list[set[State]] = field(default_factory=list)
    continues: list[set[State]] = field(default_factory=list)

    def ends(self, file: GoFile, function: "Node", *, arguments: Values, answered: bool) -> frozenset[Outcome]:
        """How a function called here may end; failing to follow it matters only if it may answer the request."""
        try:
            return _outcomes(_Run(self.source, file, function, self.known), arguments=arguments, answered=answered)
        except BeyondError:
            if any(self.source.answers(name) for name in called_names([replace(file, root=function)])):
                raise
            return frozenset({Outcome((), answered)})


def outcomes_of(source: GoSource, file: GoFile, function: "Node") -> frozenset[Outcome]:
    """How a function (a declaration or a literal) may end, for any arguments.

    Raises:
        BeyondError: the interpreter cannot follow the function.
    """
    return _outcomes(_Run(source, file, function, {}), arguments=(), answered=False)


def _outcomes(run: _Run, *, arguments: Values, answered: bool) -> frozenset[Outcome]:
    body = required(run.function, "body")
    key = (run.function.id, arguments, answered)
    if key in run.known:
        return run.known[key]
    # A recursive call is assumed to have no effect.
    run.known[key] = frozenset({Outcome((), answered)})
    state = State(answered)
    for name, value in zip(_parameters(run.function), arguments, strict=False):
        state = state.having(name, value)
    try:
        for end in _block(run, body, frozenset({state})):
            run.outcomes.add(Outcome((), end.answered))
    except BeyondError:
        del run.known[key]
        raise
    run.known[key] = frozenset(run.outcomes)
    return run.known[key]


# Statements -----------------------------------------------------------------------------------------------------------


def _block(run: _Run, block: "Node", states: States) -> States:
    for statement in block.named_children:
        states = _statement(run, statement, states)
    return states


def _statement(run: _Run, node: "Node", states: States) -> States:
    """The states after a statement; none if control never gets past it."""
    handler = _STATEMENTS.get(node.type, _effects)
    return handler(run, node, states) if states else states


def _beyond(_run: _Run, _node: "Node", _states: States) -> States:
    raise BeyondError


def _nothing(_run: _Run, _node: "Node", states: States) -> States:
    return states


def _effects(run: _Run, node: "Node", states: States) -> States:
    """The states after all calls in the statement."""
    after = frozenset(state for _values, state in evaluate_all(run, node.named_children, states))
    return NOWHERE if node.type == "expression_statement" and _ends(node) else after


def _return(run: _Run, node: "Node", states: States) -> States:
    listed = next(iter(node.named_children), None)
    if listed is None or listed.type == "comment":
        names = _named_results(run.function)
        run.outcomes |= {Outcome(tuple(state.value_of(name) for name in names), state.answered) for state in states}
    else:
        run.outcomes |= {
            Outcome(values, state.answered) for values, state in evaluate_all(run, listed.named_children, states)
        }
    return NOWHERE


def _if(run: _Run, node: "Node", states: States) -> States:
    initializer = node.child_by_field_name("initializer")
    if initializer is not None:
        states = _statement(run, initializer, states)
    condition = node.child_by_field_name("condition")
    when_true, when_false = branch(run, condition, states) if condition is not None else (states, states)
    consequence, alternative = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
    after = _statement(run, consequence, when_true) if consequence is not None else when_true
    return kept(after | (_statement(run, alternative, when_false) if alternative is not None else when_false))


def _for(run: _Run, node: "Node", states: States) -> States:
    body = required(node, "body")
    header = next((child for child in node.named_children if child.type != "block"), None)
    condition = header
    if header is not None and header.type in {"for_clause", "range_clause"}:
        initializer = header.child_by_field_name("initializer")
        states = _statement(run, initializer, states) if initializer is not None else states
        condition = header.child_by_field_name("condition")
    run.breaks.append(set())
    run.continues.append(set())
    left: States = NOWHERE
    reached, fresh = states, states
    while fresh:
        entering = fresh
        if condition is not None:
            entering, leaving = branch(run, condition, fresh)
            left |= leaving
        elif header is not None and header.type == "range_clause":
            left |= fresh
            entering = _range(run, header, fresh)
        after = _statement(run, body, entering) | frozenset(run.continues[-1])
        fresh = after - reached
        reached = kept(reached | after)
    run.continues.pop()
    return kept(left | frozenset(run.breaks.pop()))


def _range(run: _Run, header: "Node", states: States) -> States:
    """The states in which the body starts: nothing is known of the loop's variables."""
    right = header.child_by_field_name("right")
    after = {state for _values, state in evaluate_all(run, [right] if right is not None else [], states)}
    for target in listed(header.child_by_field_name("left")):
        after = {state.having(text(target), None) for state in after}
    return frozenset(after)


def _switch(run: _Run, node: "Node", states: States) -> States:
    for name in ("initializer", "value"):
        part = node.child_by_field_name(name)
        if part is not None:
            handle = _statement if name == "initializer" else _value_of_switch
            states = handle(run, part, states)
    tagless = node.type == "expression_switch_statement" and node.child_by_field_name("value") is None
    run.breaks.append(set())
    after: set[State] = set()
    falling: States = NOWHERE
    remaining = states
    default: Node | None = None
    cases = [child for child in node.named_children if child.type in _CASES]
    for case in cases:
        if case.type == "default_case" and case is not cases[-1]:
            default = case
            continue
        entering = remaining
        conditions = case.child_by_field_name("value")
        if tagless and conditions is not None and len(conditions.named_children) == 1:
            entering, remaining = branch(run, conditions.named_children[0], remaining)
        ended = _case(run, case, entering | falling)
        falling = ended if _falls_through(case) else NOWHERE
        after |= NOWHERE if _falls_through(case) else ended
        if case.type == "default_case":
            remaining = NOWHERE
    if default is not None:
        after |= _case(run, default, remaining)
        remaining = NOWHERE
    if node.type == "select_statement":
        remaining = NOWHERE
    return kept(frozenset(after) | remaining | frozenset(run.breaks.pop()))


def _value_of_switch(run: _Run, node: "Node", states: States) -> States:
    return frozenset(state for _values, state in evaluate_all(run, [node], states))


def _case(run: _Run, case: "Node", states: States) -> States:
    for child in case.named_children:
        if child.type == "statement_list":
            states = _block(run, child, states)
    return states


def _falls_through(case: "Node") -> bool:
    body = next((child for child in case.named_children if child.type == "statement_list"), None)
    return body is not None and bool(body.named_children) and body.named_children[-1].type == "fallthrough_statement"


def _leave(run: _Run, node: "Node", states: States) -> States:
    collected = run.breaks if node.type == "break_statement" else run.continues
    if node.named_children or not collected:
        raise BeyondError
    collected[-1].update(states)
    return NOWHERE


def _assign(run: _Run, node: "Node", states: States) -> States:
    is_spec = node.type in {"var_spec", "const_spec"}
    targets = named_fields(node, "name") if is_spec else listed(node.child_by_field_name("left"))
    values = listed(node.child_by_field_name("value" if is_spec else "right"))
    after = set()
    for found, state in evaluate_all(run, values, states):
        for index, target in enumerate(targets):
            if target.type == "identifier" and text(target) != "_":
                value = found[index] if index < len(found) and _is_plain(node) else None
                state = state.having(text(target), value)  # noqa: PLW2901 -- the state with one variable more
        after.add(state)
    return kept(frozenset(after))


def _is_plain(node: "Node") -> bool:
    operator = node.child_by_field_name("operator")
    return operator is None or text(operator) == "="


def _ends(node: "Node") -> bool:
    """Whether a statement is a call that does not return."""
    call = node.named_children[0]
    return call.type == "call_expression" and last_name(call.child_by_field_name("function")) in _ENDINGS


_STATEMENTS: Final[Mapping[str, Callable[[_Run, "Node", States], States]]] = {
    "block": _block,
    "statement_list": _block,
    "var_declaration": _block,
    "var_spec_list": _block,
    "const_declaration": _block,
    "return_statement": _return,
    "if_statement": _if,
    "for_statement": _for,
    "expression_switch_statement": _switch,
    "type_switch_statement": _switch,
    "select_statement": _switch,
    "short_var_declaration": _assign,
    "assignment_statement": _assign,
    "var_spec": _assign,
    "const_spec": _assign,
    "break_statement": _leave,
    "continue_statement": _leave,
    "labeled_statement": _beyond,
    "goto_statement": _beyond,
    "comment": _nothing,
    "defer_statement": _nothing,
    "go_statement": _nothing,
    "type_declaration": _nothing,
    "empty_statement": _nothing,
    "fallthrough_statement": _nothing,
}


# Syntax ---------------------------------------------------------------------------------------------------------------


def _parameters(function: "Node") -> Iterator[str]:
    parameters = function.child_by_field_name("parameters")
    for declaration in parameters.named_children if parameters is not None else ():
        names = named_fields(declaration, "name")
        yield from (text(name) for name in names)


def _named_results(function: "Node") -> tuple[str, ...]:
    results = function.child_by_field_name("result")
    if results is None or results.type != "parameter_list":
        return ()
    return tuple(
        text(name) for name in chain.from_iterable(named_fields(item, "name") for item in results.named_children)
    )
