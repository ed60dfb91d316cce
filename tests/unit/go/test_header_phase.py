from pathlib import Path

import pytest

from higress_cli.errors import CheckFailed
from higress_cli.go.header_phase import check_uses, find_uses
from higress_cli.go.syntax import parse

TYPES = 'import "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"\n'
REGISTER = 'func init() { wrapper.SetCtx("x", wrapper.ProcessRequestHeadersBy(onHeaders)) }\n'


def uses(*sources: str, imports: str = TYPES):
    """Each source becomes a file; line 1 is the package, line 2 the import."""
    files = [
        parse(Path(f"{index}.go"), ("package main\n" + imports + source).encode())
        for index, source in enumerate(sources)
    ]
    return find_uses(files)


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
    found = uses(
        REGISTER
        + "func onHeaders() types.Action { if x { return types.HeaderStopIteration }; return types.ActionPause }"
    )
    with pytest.raises(CheckFailed) as caught:
        check_uses(found, abi="0.2.1")
    assert caught.value.code == "header-stop-iteration"
    assert "0.go:4" in caught.value.message
    (warning,) = check_uses(found, abi="0.2.100")
    assert "HeaderStopAllIterationAndWatermark" in warning
    harmless = uses(REGISTER + PHASE + "return types.ActionPause }")
    assert check_uses(harmless, abi="0.2.1") == ()


def test_what_is_no_go_finds_nothing_and_breaks_nothing():
    assert uses("func {{{ types.", "\x00\xff\n)))").stop_iteration == ()
