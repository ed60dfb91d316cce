"""A plugin that keeps things, in WebAssembly text: what scenarios say of its insides can be seen on it.

At its start it logs `ready` as a warning. At the headers of each request it adds 1 to the counter `seen`, sets the
shared data `key` and the property `my.key` to `value`, and gives the request the header `client` with the property
source.address. It logs `new year` if its clock shows 2026-01-01 in UTC, and `first request` once in its life.
"""

from functools import cache

from tests.support.plugins import HEAP

_WAT = r"""
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 32) "seen")
  (data (i32.const 48) "key")
  (data (i32.const 64) "value")
  (data (i32.const 80) "my.key")
  (data (i32.const 96) "source\00address")
  (data (i32.const 128) "client")
  (data (i32.const 144) "new year")
  (data (i32.const 160) "ready")
  (data (i32.const 176) "first request")
  (global $is_used (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  HEAP
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $log (i32.const 3) (i32.const 160) (i32.const 5)))
    (drop (call $define (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 24)))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $increment (i32.load (i32.const 24)) (i64.const 1)))
    (drop (call $share (i32.const 48) (i32.const 3) (i32.const 64) (i32.const 5) (i32.const 0)))
    (drop (call $set (i32.const 80) (i32.const 6) (i32.const 64) (i32.const 5)))
    (if (i32.eqz (call $get (i32.const 96) (i32.const 14) (i32.const 0) (i32.const 4))) (then
      (drop (call $add
        (i32.const 0) (i32.const 128) (i32.const 6) (i32.load (i32.const 0)) (i32.load (i32.const 4))))))
    (if (i32.eqz (global.get $is_used)) (then (drop (call $log (i32.const 2) (i32.const 176) (i32.const 13)))))
    (global.set $is_used (i32.const 1))
    (drop (call $time (i32.const 8)))
    (if (i64.eq (i64.load (i32.const 8)) (i64.const 1767225600000000000)) (then
      (drop (call $log (i32.const 2) (i32.const 144) (i32.const 8)))))
    (i32.const 0)))
"""


@cache
def storing_plugin() -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(_WAT.replace("HEAP", HEAP)))
