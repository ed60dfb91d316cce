"""Misspelt imports, and those that only look like it."""

from pathlib import Path

import pytest

from higress_cli.go.misspelt_imports import known_modules, meant
from higress_cli.go.mod import parsed_go_mod

GO_MOD = "module demo\n\nrequire github.com/corp/tokens v1.0.0\n"
GO_SUM = "github.com/corp/deep v0.1.0 h1:x=\ngithub.com/corp/deep v0.1.0/go.mod h1:y=\n"


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("github.com/tidwal/gjson", "github.com/tidwall/gjson"),
        ("github.com/tidwall/gjso", "github.com/tidwall/gjson"),
        ("github.com/higress-group/proxy-wasm-go-sdk2/proxywasm", "github.com/higress-group/proxy-wasm-go-sdk"),
        ("github.com/alibaba/higres/plugins/wasm-go/pkg/wrapper", "github.com/alibaba/higress/plugins/wasm-go"),
        ("github.com/corp/token/check", "github.com/corp/tokens"),
        ("github.com/corp/depp", "github.com/corp/deep"),
        ("github.com/tidwall/gjson", None),
        ("github.com/tidwall/sjson", None),  # real, and known from the other profile
        ("github.com/corp/tokens/v2", None),
        ("github.com/somebody/gjson", None),
        ("github.com/corp/other", None),
        ("gopkg.in/yaml.v3", None),
    ],
)
def test_what_is_nearly_a_known_module_probably_means_it(package: str, module: str | None) -> None:
    known = known_modules(parsed_go_mod(Path("go.mod"), GO_MOD), go_sum=GO_SUM)

    assert meant(package, known) == module
