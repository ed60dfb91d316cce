"""go.mod, go.sum and import declarations of the two profiles."""

import pytest

from higress_cli.knowledge.go_modules import go_profile


def test_an_import_declaration_has_gofmt_groups() -> None:
    block = go_profile("tinygo").import_block(["wrapper", "fmt", "sdk", "errors", "log"], own=["my-plugin/internal/x"])

    assert block == (
        "import (\n"
        '\t"errors"\n'
        '\t"fmt"\n'
        "\n"
        '\t"github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"\n'
        '\t"github.com/higress-group/proxy-wasm-go-sdk/proxywasm"\n'
        "\n"
        '\t"my-plugin/internal/x"\n'
        ")"
    )


def test_the_profiles_name_the_same_things_differently() -> None:
    assert go_profile("go").import_block(["wrapper", "log"]) == (
        'import (\n\t"github.com/higress-group/wasm-go/pkg/log"\n\t"github.com/higress-group/wasm-go/pkg/wrapper"\n)'
    )


@pytest.mark.parametrize("profile", ["tinygo", "go"])
def test_every_required_module_is_in_go_sum(profile: str) -> None:
    go = go_profile(profile)
    lines = [line.split() for line in go.sum.splitlines()]

    for module in go.modules:
        assert [module.path, module.version] in [line[:2] for line in lines], module
        assert [module.path, f"{module.version}/go.mod"] in [line[:2] for line in lines], module
    assert all(len(line) == 3 and line[2].startswith("h1:") and len(line[2]) == 47 for line in lines)


@pytest.mark.parametrize("profile", ["tinygo", "go"])
def test_a_module_is_required_once(profile: str) -> None:
    go = go_profile(profile)
    both = [*go.direct(["sdk", "gjson"]), *go.indirect(["sdk", "gjson"])]

    assert sorted(module.path for module in both) == sorted(module.path for module in go.modules)


def test_the_sdk_for_tinygo_is_one_that_keeps_the_detail_of_a_response() -> None:
    (sdk,) = go_profile("tinygo").direct(["sdk"])

    assert sdk.version == "v1.0.1"
