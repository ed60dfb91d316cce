"""A module whose functions are not as a host calls them is refused when it loads, as Envoy refuses it."""

import re

import pytest
from wasmtime import wat2wasm

from higress_cli.proxy_wasm.errors import LoadError
from tests.unit.proxy_wasm.conftest import MakeRig

MODULE = """
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  {functions})
"""
MALLOC = '(func (export "malloc") (param i32) (result i32) (i32.const 0))'


def module(function: str) -> bytes:
    return bytes(wat2wasm(MODULE.format(functions=MALLOC + function)))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ('(func (export "_start") (param i32))', "_start, want: void -> void, but the module exports: i32 -> void"),
        (
            '(func (export "proxy_on_configure") (param i32 i64) (result i32) (i32.const 1))',
            "proxy_on_configure, want: i32 i32 -> i32, but the module exports: i32 i64 -> i32",
        ),
        (
            '(func (export "proxy_on_request_headers") (param i32 i32 i32))',
            "proxy_on_request_headers, want: i32 i32 i32 -> i32, but the module exports: i32 i32 i32 -> void",
        ),
        (
            '(func (export "proxy_on_log") (param i32) (result f64 f64) (f64.const 0) (f64.const 0))',
            "proxy_on_log, want: i32 -> void, but the module exports: i32 -> f64 f64",
        ),
    ],
)
def test_a_function_of_another_shape(rig: MakeRig, function: str, words: str) -> None:
    with pytest.raises(LoadError, match=re.escape(f"Bad function signature for: {words}")):
        rig(module(function))


def test_functions_that_a_host_never_calls_may_have_any_shape(rig: MakeRig) -> None:
    assert rig(module('(func (export "mine") (param f32 i64))')).host.alive


def test_the_headers_of_abi_0_1_0_have_no_end_of_stream(rig: MakeRig) -> None:
    function = '(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0))'
    assert rig(module(function)).host.alive
