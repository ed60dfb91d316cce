"""What `hgw run`, `hgw verify` and `hgw build` say when their argument is not a plugin folder."""

import pytest

from tests.conftest import Hgw

LOCAL = pytest.mark.extra("local")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["verify", "main.wasm"], "hgw verify --module main.wasm"),
        (["verify", "./sub/main.wasm", "--abi", "0.2.1"], "hgw verify --module sub/main.wasm --abi 0.2.1"),
        (["verify", "mian.wasm"], "hgw verify --module main.wasm"),
        (
            ["verify", "localhost:5999/plugins/hello:1.0.0"],
            "hgw verify --module oci://localhost:5999/plugins/hello:1.0.0",
        ),
        (["verify", "oci://localhost:5999/hello:1.0.0"], "hgw verify --module oci://localhost:5999/hello:1.0.0"),
        (["verify", "other.wasm"], "hgw verify"),
        (["inspect", "localhost:5999/hello:1.0.0"], "hgw inspect oci://localhost:5999/hello:1.0.0"),
        (
            ["verify", "--module", "localhost:5999/hello:1.0.0"],
            "an image is named like this: --module oci://localhost:5999/hello:1.0.0",
        ),
        (["verify", "hallo"], "hgw verify hello"),
        (["verify", "hello/mian.go"], "hgw verify hello"),
        (["verify", "hello/main.go"], "hgw verify hello"),
        (["verify", "elsewhere"], "hgw init HERE/elsewhere"),
        (["build", "hallo"], "did you mean `HERE/hello`?"),
        (["build", "main.wasm"], "hgw inspect HERE/main.wasm"),
        (["package", "hallo"], "hgw package hello"),
        (["package", "main.wasm"], "hgw inspect HERE/main.wasm"),
        (["package", "localhost:5999/hello:1.0.0"], "hgw push localhost:5999/hello:1.0.0"),
        pytest.param(["run", "main.wasm"], "hgw run --module main.wasm", marks=LOCAL),
        pytest.param(["run", "mian.wasm", "--port", "0"], "hgw run --module main.wasm --port 0", marks=LOCAL),
        pytest.param(
            ["run", "localhost:5999/plugins/hello:1.0.0"],
            "hgw run oci://localhost:5999/plugins/hello:1.0.0",
            marks=LOCAL,
        ),
        pytest.param(["run", "hallo"], "hgw run hello", marks=LOCAL),
    ],
)
def test_the_hint_is_what_was_probably_meant(hgw: Hgw, tree, typed: list[str], hint: str) -> None:
    here = tree({"main.wasm": "", "sub/main.wasm": "", "hello/main.go": "package main\n", "hello/go.mod": "module x\n"})

    outcome = hgw(*typed)

    assert outcome.code == 3
    assert f"hint: {hint}\n".replace("HERE", str(here)) in outcome.err
