from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.go.header_phase import header_faults, names_stop_iteration
from higress_cli.go.syntax import GoFile, parse

TYPES = 'import "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"\n'
REGISTER = 'func init() { wrapper.SetCtx("x", wrapper.ProcessRequestHeadersBy(onHeaders)) }\n'


def files(*sources: str, imports: str = TYPES) -> list[GoFile]:
    """Each source becomes a file; line 1 is the package, line 2 the import."""
    return [
        parse(Path(f"{index}.go"), ("package main\n" + imports + source).encode())
        for index, source in enumerate(sources)
    ]


def places(*sources: str, imports: str = TYPES, abi: Abi) -> list[str]:
    """`FILE:LINE` of every place that is told."""
    found = header_faults(files(*sources, imports=imports), abi=abi)
    return [where.rpartition(":")[0] for fault in found for where in fault.places]


def pauses(*sources: str, imports: str = TYPES) -> list[str]:
    return places(*sources, imports=imports, abi=Abi.V0_2_100)


def stops(*sources: str) -> list[str]:
    return places(*sources, abi=Abi.V0_2_1)


PHASE = "func onHeaders() types.Action { "
HELPER = " helper(n int) types.Action { \nreturn types.ActionPause }"


@pytest.mark.parametrize(
    "source",
    [
        REGISTER + PHASE + "return types.ActionPause }",
        REGISTER + PHASE + "if x { return (types.ActionPause) }\n return types.ActionContinue }",
        REGISTER + "func onHeaders() (a types.Action) {\n a = types.ActionPause\n return }",
        REGISTER + PHASE + "a := types.ActionPause\n return a }",
        REGISTER + PHASE + "var a = types.ActionPause\n return a }",
        REGISTER + PHASE + "return wait }\nconst wait = types.ActionPause",
        REGISTER + PHASE + "return wait }\nconst (\n other, wait = 1, types.ActionPause\n)",
        REGISTER + PHASE + "return helper(1) }; func" + HELPER,
        REGISTER + PHASE + "a := x.helper(1); return a }; func (x X)" + HELPER,
        "func init() { w.ProcessResponseHeaders(func(c C) types.Action { return types.ActionPause }) }",
        "func init() { w.ProcessRequestHeaders[Config](onHeaders) }\n" + PHASE + "return types.ActionPause }",
        "\nfunc (c *http) OnHttpRequestHeaders(n int, end bool) types.Action {\nreturn types.ActionPause }",
    ],
)
def test_a_pause_that_a_header_phase_returns_is_found(source: str):
    assert len(pauses(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "func onBody() types.Action { return types.ActionPause }",
        REGISTER + PHASE + "return types.HeaderStopAllIterationAndWatermark }",
        REGISTER + PHASE + "if a == types.ActionPause { x() }; return types.ActionContinue }",
        REGISTER
        + "func onHeaders() types.Action { switch a { case types.ActionPause: x() }; return types.ActionContinue }",
        REGISTER + PHASE + "a := types.ActionPause; log(a); return types.ActionContinue }",
        REGISTER + PHASE + "f(func() types.Action { return types.ActionPause }); return 0 }",
        REGISTER + PHASE + "return other.ActionPause }",
        REGISTER + "// types.ActionPause\nfunc onHeaders() types.Action { return types.ActionContinue }",
        REGISTER + 'func onHeaders() types.Action { log("types.ActionPause"); return types.ActionContinue }',
    ],
)
def test_what_does_not_pause_a_header_phase_is_not(source: str):
    assert pauses(source) == []


def test_the_package_may_go_by_another_name():
    phase = REGISTER + "func onHeaders() t.Action { return VALUE }"
    named = 'import t "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"\n'
    assert pauses(phase.replace("VALUE", "t.ActionPause"), imports=named) == ["0.go:4"]
    dotted = 'import . "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"\n'
    assert pauses(phase.replace("VALUE", "ActionPause"), imports=dotted) == ["0.go:4"]
    assert pauses(phase.replace("VALUE", "types.ActionPause"), imports=named) == []


def test_the_phase_may_be_in_another_file_than_its_registration():
    assert pauses(REGISTER, "func onHeaders() types.Action { return types.ActionPause }") == ["1.go:3"]


def test_the_new_state_is_known_wherever_it_is_used_but_not_where_it_is_compared_with():
    assert names_stop_iteration(files("func f() types.Action { return types.HeaderStopIteration }"))
    assert not names_stop_iteration(files("func g(a types.Action) bool { return a == types.HeaderStopIteration }"))


def test_stopping_the_headers_alone_is_an_error_where_a_header_phase_does_it():
    phase = REGISTER + "func onHeaders() types.Action {\nreturn types.HeaderStopIteration }"
    assert stops(phase) == ["0.go:5"]
    # In a body phase the number means the same under both ABIs.
    assert stops("func onBody() types.Action { return types.HeaderStopIteration }") == []
    assert stops(REGISTER + PHASE + "if hold { return hold() }; goto end\nend: return types.HeaderStopIteration }") == [
        "0.go:5"
    ]


# An answer that was sent before -----------------------------------------------------------------------------------

DENY = "\nfunc deny() error { return proxywasm.SendHttpResponse(403, nil, nil, -1) }\n"
CALL = "client.Get(path, func(code int) { proxywasm.SendHttpResponse(401, nil, nil, -1) })\n"


@pytest.mark.parametrize(
    "body",
    [
        "proxywasm.SendHttpResponse(403, nil, nil, -1)\nreturn types.ActionPause",
        '_ = proxywasm.SendHttpResponseWithDetail(403, "x", nil, nil, -1); log("no"); return types.ActionPause',
        "if err := proxywasm.SendHttpResponse(403, nil, nil, -1); err != nil { log(err) }\nreturn types.ActionPause",
        "deny()\nreturn types.ActionPause",
        "if !ok { deny(); return types.ActionPause }\nreturn types.ActionContinue",
        "switch { case a: deny()\ncase b: deny()\ndefault: return types.ActionContinue }\nreturn types.ActionPause",
        "action := types.ActionContinue\nif bad { deny(); action = types.ActionPause }\nreturn action",
        "for _, rule := range rules { if rule.hit() { deny(); return types.ActionPause } }\nreturn 0",
        "for { deny(); break }\nreturn types.ActionPause",
        "return refused()",
        "return answered(types.ActionPause)",
        "return third(1, 2, types.ActionPause)",
        "var a, b = 1, types.ActionPause\ndeny()\nreturn b",
        "if !allowed(ctx) { return types.ActionPause }\nreturn types.ActionContinue",
        "if err := check(ctx); err != nil { return types.ActionPause }\nreturn types.ActionContinue",
        "if allowed(ctx) && more { return 0 } else if !allowed(ctx) { return types.ActionPause }\nreturn 0",
        "util.SendResponse(403)\nreturn types.ActionPause",
        "func() { deny() }()\nreturn types.ActionPause",
    ],
)
def test_a_pause_after_an_answer_is_fine(body: str):
    helpers = (
        DENY
        + "func refused() types.Action { deny(); return types.ActionPause }\n"
        + "func answered(a types.Action) types.Action { deny(); return a }\n"
        + "func allowed(ctx C) bool { if ctx.ok { return true }; deny(); return false }\n"
        + "func check(ctx C) error { if ctx.ok { return nil }; deny(); return errors.New(`no`) }\n"
        + "func third(a, b int, c types.Action) types.Action { if a > b { return 0 }; deny(); return c }\n"
    )
    source = REGISTER + f"func onHeaders() types.Action {{\n{body}\n}}\n" + helpers
    imports = TYPES + 'import "errors"\n'
    assert pauses(source, imports=imports) == []
    assert stops(source.replace("ActionPause", "HeaderStopIteration")) == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        # Waiting for a call: the answer is sent in a callback, later.
        (CALL + "return types.ActionPause", 2),
        ("err := " + CALL + "if err != nil { deny(); return types.ActionContinue }\nreturn types.ActionPause", 3),
        # One of two ways has no answer.
        ("if missing {\nreturn types.ActionPause }\ndeny()\nreturn types.ActionPause", 2),
        ("if a { deny() }\nreturn types.ActionPause", 2),
        ("switch { case a: deny() }\nreturn types.ActionPause", 2),
        ("for range xs { deny() }\nreturn types.ActionPause", 2),
        ("return wait(\ntypes.ActionPause)", 2),
        ("var a, b = 1,\ntypes.ActionPause\nreturn b", 2),
        ("if allowed(ctx) {\nreturn types.ActionPause }\nreturn 0", 2),
        ("if err := check(ctx); err == nil {\nreturn types.ActionPause }\nreturn 0", 2),
        ("defer deny()\nreturn types.ActionPause", 2),
        ("return types.ActionPause\ndeny()", 1),
    ],
)
def test_a_pause_without_an_answer_on_its_path_is_found(body: str, line: int):
    helpers = (
        DENY
        + "func wait(a types.Action) types.Action { if x { deny(); return types.ActionContinue }; return a }\n"
        + "func allowed(ctx C) bool { if ctx.ok { return true }; deny(); return false }\n"
        + "func check(ctx C) error { if ctx.ok { return nil }; deny(); return errors.New(`no`) }\n"
    )
    source = REGISTER + f"func onHeaders() types.Action {{\n{body}\n}}\n" + helpers
    imports = TYPES + 'import "errors"\n'
    assert pauses(source, imports=imports) == [f"0.go:{5 + line}"]


def test_helpers_of_the_plugins_other_packages_are_followed():
    util = "package util\nfunc Deny(code int) { proxywasm.SendHttpResponse(code, nil, nil, -1) }\n"
    main = (
        'package main\nimport "plugin/util"\n'
        + TYPES
        + REGISTER
        + "func onHeaders() types.Action { util.Deny(403); return types.ActionPause }"
    )
    parsed = [parse(Path("main.go"), main.encode()), parse(Path("util/deny.go"), util.encode())]
    assert header_faults(parsed, abi=Abi.V0_2_100) == ()
    silent = util.replace("proxywasm.SendHttpResponse(code, nil, nil, -1)", "log(code)")
    parsed[1] = parse(Path("util/deny.go"), silent.encode())
    assert len(header_faults(parsed, abi=Abi.V0_2_100)) == 1


def test_what_cannot_be_followed_is_not_a_warning():
    loop = "func onHeaders() types.Action {\nagain: if next() { goto again }\nreturn types.ActionPause }"
    assert pauses(REGISTER + loop) == []
    endless = "func onHeaders() types.Action { return a() }\nfunc a() types.Action { return b() }\n"
    assert pauses(REGISTER + endless + "func b() types.Action { if x { return types.ActionPause }; return a() }") == [
        "0.go:6"
    ]


def test_too_many_ways_through_a_function_are_not_a_warning():
    branches = "".join(f"if c{index} {{ x{index} = true }}\n" for index in range(40))
    body = f"func onHeaders() types.Action {{\n{branches}return types.ActionPause }}"
    assert pauses(REGISTER + body) == []


def test_each_value_matters_under_one_abi():
    found = files(
        REGISTER
        + "func onHeaders() types.Action { if x { return types.HeaderStopIteration }; return types.ActionPause }"
    )
    (fault,) = header_faults(found, abi=Abi.V0_2_1)
    assert (fault.id, fault.fatal, fault.hint) == ("header-stop-iteration", True, "hgw build --abi 0.2.100")
    assert fault.text.startswith("0.go:4")
    (fault,) = header_faults(found, abi=Abi.V0_2_100)
    assert (fault.id, fault.fatal) == ("header-pause", False)
    assert "HeaderStopAllIterationAndWatermark" in fault.text
    assert header_faults(files(REGISTER + PHASE + "return types.ActionPause }"), abi=Abi.V0_2_1) == ()


def test_what_is_not_go_finds_nothing_and_breaks_nothing():
    for abi in Abi:
        assert places("func {{{ types.", "\x00\xff\n)))", abi=abi) == []
        assert places(REGISTER + "func onHeaders() types.Action { for ; { if ) return ", abi=abi) == []
