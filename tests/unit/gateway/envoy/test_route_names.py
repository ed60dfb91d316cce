from importlib import resources

from wasmtime import wat2wasm

from higress_cli.gateway.engines.envoy.facts import route_names_module


def test_the_binary_is_made_of_the_text_that_is_beside_it():
    text = resources.files("higress_cli.data").joinpath("route_names.wat").read_text("utf-8")
    assert route_names_module() == bytes(wat2wasm(text))
