from pathlib import Path

import pytest

from higress_cli.go.header_phase import find_uses, header_faults
from higress_cli.go.syntax import GoFile, parse

TYPES = 'import "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"\n'
REGISTER = 'func init() { wrapper.SetCtx("x", wrapper.ProcessRequestHeadersBy(onHeaders)) }\n'


def files(*sources: str, imports: str = TYPES) -> list[GoFile]:
    """Each source becomes a file; line 1 is the package, line 2 the import."""
    return [
        parse(Path(f"{index}.go"), ("package main\n" + imports + source).encode())
        for index, source in enumerate(sources)
    ]


def uses(*sources: str, imports: str = TYPES):
    return find_uses(files(*sources, imports=imports))


def pauses(*sources: str, imports: str = TYPES) -> list[str]:
    return [where.rpartition(":")[0] for where in uses(*sources, imports=imports).pause_in_headers]


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


def test_stopping_the_headers_alone_is_found_anywhere_but_in_a_comparison():
    source = (
        "func f() types.Action { return types.HeaderStopIteration }\n"
        "func g(a types.Action) bool { return a == types.HeaderStopIteration }\n"
    )
    assert uses(source).stop_iteration == ("0.go:3:32",)


def test_each_value_matters_under_one_abi():
    found = files(
        REGISTER
        + "func onHeaders() types.Action { if x { return types.HeaderStopIteration }; return types.ActionPause }"
    )
    (fault,) = header_faults(found, abi="0.2.1")
    assert (fault.id, fault.fatal, fault.hint) == ("header-stop-iteration", True, "hgw build --abi 0.2.100")
    assert fault.text.startswith("0.go:4")
    (fault,) = header_faults(found, abi="0.2.100")
    assert (fault.id, fault.fatal) == ("header-pause", False)
    assert "HeaderStopAllIterationAndWatermark" in fault.text
    assert header_faults(files(REGISTER + PHASE + "return types.ActionPause }"), abi="0.2.1") == ()


def test_what_is_no_go_finds_nothing_and_breaks_nothing():
    assert uses("func {{{ types.", "\x00\xff\n)))").stop_iteration == ()
