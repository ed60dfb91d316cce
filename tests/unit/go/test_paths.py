"""How a Go function may end: what it returns on each path, and whether it has answered the request by then."""

from pathlib import Path

import pytest

from higress_cli.go.paths import outcomes_of
from higress_cli.go.syntax import declared_functions, parse, text
from higress_cli.go.values import BeyondError, GoSource, Value

STOP = "types.Stop"


def ends(body: str, *, more: str = "", signature: str = "func f(x int) T") -> set[str]:
    """Each way in which `f` may end, such as `stop` or `stop, answered`; `-` for what is not known.

    In `body` the constant is `types.Stop`, `alias` is one that the plugin made of it, and `answer` answers.
    """
    file = parse(Path("main.go"), f'package main\nimport "errors"\n{signature} {body}\n{more}\n'.encode())
    functions = declared_functions([file])
    source = GoSource(
        constant=lambda _file, node: "stop" if text(node) == STOP else None,
        answers=lambda name: name == "answer",
        functions=functions,
        named={"alias": Value("stop")},
    )
    ((_file, function),) = functions["f"]
    return {
        ", ".join((*(value.name if value else "-" for value in end.results), *(["answered"] if end.answered else [])))
        for end in outcomes_of(source, file, function)
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("{ return types.Stop }", {"stop"}, id="a constant"),
        pytest.param("{ return alias }", {"stop"}, id="an alias of it"),
        pytest.param("{ return (types.Stop) }", {"stop"}, id="in parentheses"),
        pytest.param("{ return T(5) }", {"-"}, id="another value"),
        pytest.param("{ return func() {} }", {"-"}, id="a function"),
        pytest.param("{ answer(); return types.Stop }", {"stop, answered"}, id="after an answer"),
        pytest.param("{ new().answer(); return types.Stop }", {"stop, answered"}, id="a method of a result"),
        pytest.param("{ defer answer(); return types.Stop }", {"stop"}, id="a deferred call is not followed"),
        pytest.param("{ if x > 1 { return types.Stop }; return go_on }", {"stop", "-"}, id="if"),
        pytest.param("{ if y := x; y > 1 { return types.Stop } else { answer() }; return go_on }",
                     {"stop", "-, answered"}, id="else"),
        pytest.param("{ if false { return types.Stop }; return go_on }", {"-"}, id="never"),
        pytest.param("{ if !true || (x == 1 && false) { return types.Stop }; return go_on }", {"-"}, id="logic"),
        pytest.param("{ if nil != nil { return types.Stop }; return go_on }", {"-"}, id="unequal"),
        pytest.param("{ if a == b { return types.Stop }; return go_on }", {"stop", "-"}, id="unknown comparison"),
        pytest.param('{ if errors.New("a") == errors.New("b") { return types.Stop }; return go_on }', {"stop", "-"},
                     id="two errors"),
        pytest.param("{ a := types.Stop; return a }", {"stop"}, id="a variable"),
        pytest.param("{ a := types.Stop; a += 1; return a }", {"-"}, id="a computed variable"),
        pytest.param("{ var a, _ = types.Stop, 1; return a }", {"stop"}, id="declared"),
        pytest.param("{ const a = types.Stop; /* so */ return a }", {"stop"}, id="a local constant"),
        pytest.param("{ for { return types.Stop } }", {"stop"}, id="for ever"),
        pytest.param("{ for x > 0 { if y { break }; if z { continue }; answer() }; return types.Stop }",
                     {"stop", "stop, answered"}, id="while"),
        pytest.param("{ for i := 0; i < x; i++ { return go_on }; return types.Stop }", {"stop", "-"}, id="counted"),
        pytest.param("{ for _, a = range all() { return a }; return types.Stop }", {"stop", "-"}, id="range"),
        pytest.param("{ for range 3 { answer() }; return types.Stop }", {"stop", "stop, answered"}, id="plain range"),
        pytest.param("{ switch { case false: return types.Stop; case x > 1: fallthrough; default: answer() }\n"
                     "return go_on }", {"-, answered"}, id="tagless switch"),
        pytest.param("{ switch y := x; y { default: return types.Stop; case 1: return go_on }\nreturn nil }",
                     {"stop", "-"}, id="default first"),
        pytest.param("{ switch x { case 1: break; case 2, 3: return types.Stop }\nreturn go_on }",
                     {"stop", "-"}, id="break of a switch"),
        pytest.param("{ switch x.(type) { case int: return types.Stop }\nreturn go_on }", {"stop", "-"}, id="types"),
        pytest.param("{ select { case <-done: return types.Stop; case c <- 1: }\nreturn go_on }",
                     {"stop", "-"}, id="select"),
        pytest.param("{ panic(1); return types.Stop }", set(), id="panic"),
        pytest.param("{ type t int; go work(); ; return types.Stop }", {"stop"}, id="what has no effect"),
        pytest.param("{ answer() }", {"answered"}, id="without a return"),
        pytest.param("{ return answer(/* all of it */ 1) }", {"-, answered"}, id="an answer is returned"),
        pytest.param("{ return func() T { return types.Stop }() }", {"stop"}, id="a literal is called"),
    ],
)  # fmt: skip
def test_the_ends_of_a_function(body: str, expected: set[str]) -> None:
    assert ends(body) == expected


@pytest.mark.parametrize(
    ("body", "more", "expected"),
    [
        pytest.param("{ return g(true) }", "func g(deny bool) T { if deny { return types.Stop }; return go_on }",
                     {"stop"}, id="its arguments decide"),
        pytest.param("{ if err := g(); err != nil { return types.Stop }; return go_on }",
                     'func g() error { answer(); return errors.New("no") }', {"stop, answered"}, id="an error"),
        pytest.param("{ if err := g(); err != nil { return types.Stop }; return go_on }",
                     "func g() error { return nil }", {"-"}, id="no error"),
        pytest.param("{ return g(x) }", "func g(n int) T { if n > 0 { return g(n) }; return types.Stop }",
                     {"stop", "-"}, id="recursion"),
        pytest.param("{ g(); return types.Stop }", "func g() { top: goto top }", {"stop"}, id="what answers nothing"),
        pytest.param("{ g(); return types.Stop }", "func g()", {"stop"}, id="written in assembly"),
    ],
)  # fmt: skip
def test_the_plugins_own_functions_are_followed(body: str, more: str, expected: set[str]) -> None:
    assert ends(body, more=more) == expected


def test_named_results_are_returned_by_a_bare_return() -> None:
    signature = "func f() (a T, err error)"

    assert ends("{ a = types.Stop; return }", signature=signature) == {"stop, -"}
    assert ends("{ a = types.Stop; return // so it is\n }", signature=signature) == {"stop, -"}
    assert ends("{ return }", signature="func f()") == {""}


@pytest.mark.parametrize(
    ("body", "more"),
    [
        pytest.param("{ top: goto top }", "", id="goto"),
        pytest.param("{ for { for { break out } } }", "", id="a label"),
        pytest.param("{ g(); return types.Stop }", "func g() { top: answer(); goto top }",
                     id="a function that answers"),
        pytest.param("{ " + " ".join(f"if x > {n} {{ v{n} = true }};" for n in range(9)) + " }", "",
                     id="too many paths"),
        pytest.param("{ return T(" + ", ".join(f"g{n}()" for n in range(9)) + ") }",
                     " ".join(f"func g{n}() bool {{ if x {{ return true }}; return false }}" for n in range(9)),
                     id="too many values"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_said_to_be_so(body: str, more: str) -> None:
    with pytest.raises(BeyondError):
        ends(body, more=more)
