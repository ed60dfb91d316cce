"""The rules for a plugin's own source, together."""

from pathlib import Path

from higress_cli.abi import Abi
from higress_cli.go.source import source_faults
from higress_cli.go.syntax import called_names, functions_meant, parse
from higress_cli.profile import Profile

SOURCE = """package main

import "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"

func main() { go work() }

func (c *http) OnHttpRequestHeaders(n int, end bool) types.Action {
\treturn types.ActionPause
}
"""


def test_each_rule_looks_at_the_files() -> None:
    file = parse(Path("main.go"), SOURCE.encode())

    faults = source_faults([file], profile=Profile.TINYGO, abi=Abi.V0_2_100)

    assert {fault.places[0].rpartition(":")[0] for fault in faults} >= {"main.go:5", "main.go:8"}


def test_the_names_of_called_functions_are_their_last_parts() -> None:
    code = "package main\nfunc main() { f(); pkg.g(); x.h(1); k[int](2); y := i[T](z) }\n"

    assert called_names([parse(Path("main.go"), code.encode())]) == {"f", "g", "h", "k", "i"}


def test_nothing_is_meant_where_nothing_is_written() -> None:
    assert functions_meant(parse(Path("main.go"), b"package main\n"), None, {}) == ()
