"""Goroutines that a plugin starts, which a gateway does not run.

TinyGo builds plugins without a scheduler and refuses a `go` statement that it cannot prove unreachable. A module built
by Go runs goroutines only while a callback blocks, so one that nothing waits for makes no progress.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from higress_cli.errors import CompileError
from higress_cli.fault import Fault, Severity
from higress_cli.go.syntax import (
    GoFile,
    declared_functions,
    functions_meant,
    last_name,
    named_fields,
    place,
    text,
    walk,
)
from higress_cli.i18n import _
from higress_cli.profile import Profile

if TYPE_CHECKING:
    from tree_sitter import Node

GOROUTINE: Final = "goroutine"
_STARTS: Final = frozenset({"main", "init"})
_BINDINGS: Final = {
    "short_var_declaration": ("left",),
    "range_clause": ("left",),
    "parameter_declaration": ("name",),
    "var_spec": ("name",),
}
_NAMES: Final = frozenset({"identifier", "field_identifier"})
_FUNCTIONS: Final = frozenset({"function_declaration", "method_declaration", "func_literal"})


def goroutine_faults(files: Sequence[GoFile], *, profile: Profile) -> tuple[Fault, ...]:
    """Goroutines started in code that the plugin may reach, as far as its own functions show.

    With TinyGo, a build only warns about them and leaves the decision to the compiler.
    """
    if profile == Profile.TINYGO:
        found = [place(file, node) for file, node in _started(files)]
        message = _("this starts a goroutine, and a plugin has no scheduler to run it: TinyGo refuses it")
    else:
        found = [place(file, node) for file, node in _started(files) if not _waits(node)]
        message = _("this starts a goroutine, and nothing runs it: a gateway calls a plugin and does not wait for it")
    return tuple(
        Fault(
            id=GOROUTINE,
            severity=Severity.ERROR if profile == Profile.TINYGO else Severity.WARNING,
            message=message,
            places=(where,),
            hint=_("continue in the callback of a call, or in a tick that the plugin registers"),
            error=CompileError,
            compiler_decides=True,
        )
        for where in dict.fromkeys(found)
    )


def _started(files: Sequence[GoFile]) -> Iterator[tuple[GoFile, "Node"]]:
    """The `go` statements in `main`, `init`, package variables and every function that these mention, transitively.

    A function that is mentioned is assumed to be called.
    """
    constants = _constants(files)
    functions = declared_functions(files)
    waiting: list[tuple[GoFile, Node]] = [
        (file, node) for name in sorted(_STARTS) for file, node in functions.get(name, ())
    ]
    # Only the values of package variables: their names must not hide functions.
    waiting += [
        (file, value)
        for file in files
        for declaration in file.root.named_children
        if declaration.type == "var_declaration"
        for value in walk(declaration)
        if value.type == "expression_list"
    ]
    seen: set[int] = set()
    while waiting:
        file, node = waiting.pop(0)
        if node.id in seen:
            continue
        seen.add(node.id)
        bound = _bound(node)
        for below in walk(node):
            if below.type == "go_statement" and not _may_be_left_out(below, constants):
                yield file, below
            elif below.type == "selector_expression" or (below.type == "identifier" and text(below) not in bound):
                waiting += functions_meant(file, below, functions)


def _bound(function: "Node") -> frozenset[str]:
    """The names of a function's local variables, which hide functions of the same name."""
    return frozenset(
        text(name)
        for node in walk(function)
        for field in _BINDINGS.get(node.type, ())
        for part in named_fields(node, field)
        for name in (part.named_children if part.type == "expression_list" else [part])
    )


def _may_be_left_out(node: "Node", constants: frozenset[str]) -> bool:
    """Whether the statement is in an `if` whose condition has a constant, so that the compiler may know it is false."""
    parent = node.parent
    while parent is not None and parent.type not in _FUNCTIONS:
        condition = parent.child_by_field_name("condition") if parent.type == "if_statement" else None
        if condition is not None and any(
            below.type == "false" or (below.type in _NAMES and text(below) in constants) for below in walk(condition)
        ):
            return True
        parent = parent.parent
    return False


def _constants(files: Sequence[GoFile]) -> frozenset[str]:
    return frozenset(
        text(name)
        for file in files
        for node in walk(file.root)
        if node.type == "const_spec"
        for name in named_fields(node, "name")
    )


def _waits(node: "Node") -> bool:
    """Whether the function that starts a goroutine waits for anything: a channel, a WaitGroup, a lock."""
    function = node.parent
    while function is not None and function.type not in _FUNCTIONS:
        function = function.parent
    return function is not None and any(_is_wait(below) for below in walk(function))


def _is_wait(node: "Node") -> bool:
    match node.type:
        case "receive_statement" | "select_statement" | "range_clause":
            return True
        case "unary_expression":
            return (node.text or b"").startswith(b"<-")
        case "call_expression":
            return last_name(node.child_by_field_name("function")) in {"Wait", "Lock"}
        case _:
            return False
