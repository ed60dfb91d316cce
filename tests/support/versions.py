"""A small real plugin that shows upstream which version of it a request met."""

from functools import cache

from tests.support.plugins import HEAP


@cache
def versioned(build: str) -> bytes:
    """A module that adds two request headers: `x-build: BUILD`, one letter, and `x-version`.

    The latter is the number in its configuration `version: NUMBER`.
    """
    from wasmtime import wat2wasm

    text = """
    (module
      (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 4)
      (data (i32.const 16) "x-build")
      (data (i32.const 32) "x-version")
      (data (i32.const 64) "BUILD")
      (global $config (mut i32) (i32.const 0))
      (global $size (mut i32) (i32.const 0))
      (func (export "proxy_abi_version_0_2_1"))
      HEAP
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_configure") (param i32) (param $bytes i32) (result i32)
        (drop (call $buffer (i32.const 7) (i32.const 0) (local.get $bytes) (i32.const 0) (i32.const 4)))
        ;; The configuration is JSON, indented: {, line end, two spaces, "version", colon, space; line end, }.
        (global.set $config (i32.add (i32.load (i32.const 0)) (i32.const 15)))
        (global.set $size (i32.sub (i32.load (i32.const 4)) (i32.const 17)))
        (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $add (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 64) (i32.const 1)))
        (drop (call $add (i32.const 0) (i32.const 32) (i32.const 9) (global.get $config) (global.get $size)))
        (i32.const 0)))
    """
    return bytes(wat2wasm(text.replace("HEAP", HEAP).replace("BUILD", build)))
