"""A small real plugin, written in WebAssembly text: what it does is up to the first letter of its configuration.

| first key begins with | it |
|---|---|
| none, or `p` (pass) | adds the request header `hello: world` and lets the request pass |
| `a` (answer) | answers 200 with its configuration as the body |
| `b` (buffer) | holds the body of a request until all of it is there |
| `c` (crash) | traps at the request |
| `d` (dispatch) | calls the service svc.dns, port 80, and answers with that call's `:status` |
| `l` (late answer) | answers 200 with its configuration when the upstream has answered already |
| `n` (name) | answers with the property route_name |
| `r` (refuse) | refuses the configuration, after a line in the log |
| `s` (stop) | stops at the request headers and goes on in the body phase |
"""

from functools import cache

OLD, NEW, NEWEST = "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1", "proxy_abi_version_0_2_100"

_PAIRS = {":method": "GET", ":path": "/ask", ":authority": "svc.dns"}


def _pairs() -> bytes:
    sizes = b"".join(len(k).to_bytes(4, "little") + len(v).to_bytes(4, "little") for k, v in _PAIRS.items())
    return len(_PAIRS).to_bytes(4, "little") + sizes + b"".join(f"{k}\0{v}\0".encode() for k, v in _PAIRS.items())


def _data(content: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in content)


HEAP = """
  (global $heap (mut i32) (i32.const 8192))
  (func (export "malloc") (param $wanted i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap
      (i32.and (i32.add (i32.add (global.get $heap) (local.get $wanted)) (i32.const 7)) (i32.const -8)))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))"""
"""The part of a module's text that gives the host memory, from 8192 upwards, and takes none back."""
_CLUSTER = b"outbound|80||svc.dns"

_WAT = """
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $context (param i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  EXTRA_IMPORT
  (memory (export "memory") 4)
  (data (i32.const 16) "plugin started")
  (data (i32.const 48) "this configuration is no good")
  (data (i32.const 96) "hello")
  (data (i32.const 112) "world")
  (data (i32.const 128) ":status")
  (data (i32.const 176) "route_name")
  (data (i32.const 144) "no such service")
  (data (i32.const 256) "CLUSTER")
  (data (i32.const 320) "PAIRS")
  (global $config (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (global $mode (mut i32) (i32.const WHEN_EMPTY))
  (global $stream (mut i32) (i32.const 0))
  (func (export "MARKER"))
  ENTRY
  HEAP
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param $ctx i32) (param $bytes i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 14)))
    (if (local.get $bytes) (then
      (drop (call $buffer (i32.const 7) (i32.const 0) (local.get $bytes) (i32.const 0) (i32.const 4)))
      (global.set $config (i32.load (i32.const 0)))
      (global.set $size (i32.load (i32.const 4)))
      ;; The configuration is JSON, indented: {, line end, two spaces, quote, first letter.
      (global.set $mode (i32.load8_u offset=5 (global.get $config)))))
    (if (result i32) (i32.eq (global.get $mode) (i32.const 114))
      (then (drop (call $log (i32.const 4) (i32.const 48) (i32.const 29))) (i32.const 0))
      (else (i32.const 1))))
  (func (export "proxy_on_request_headers") (param $ctx i32) (param i32 i32) (result i32)
    (if (i32.eq (global.get $mode) (i32.const 99)) (then (call $refuse_to_live)))
    (if (i32.eq (global.get $mode) (i32.const 115)) (then (return (i32.const 1))))
    (if (i32.eq (global.get $mode) (i32.const 110)) (then
      (if (call $property (i32.const 176) (i32.const 10) (i32.const 0) (i32.const 4)) (then (unreachable)))
      (call $reply (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (return (i32.const 4))))
    (if (i32.eq (global.get $mode) (i32.const 97)) (then
      (call $reply (global.get $config) (global.get $size))
      (return (i32.const 4))))
    (if (i32.eq (global.get $mode) (i32.const 100)) (then
      (global.set $stream (local.get $ctx))
      (if (call $call (i32.const 256) (i32.const CLUSTER_SIZE) (i32.const 320) (i32.const PAIRS_SIZE)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 8)) (then
        (drop (call $log (i32.const 3) (i32.const 144) (i32.const 15)))
        (call $reply (i32.const 144) (i32.const 15))))
      (return (i32.const 4))))
    (drop (call $add (i32.const 0) (i32.const 96) (i32.const 5) (i32.const 112) (i32.const 5)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (if (i32.eq (global.get $mode) (i32.const 108)) (then
      (call $reply (global.get $config) (global.get $size))
      (return (i32.const 4))))
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32) (param $last i32) (result i32)
    (if (i32.and (i32.eqz (local.get $last)) (i32.eq (global.get $mode) (i32.const 98))) (then (return (i32.const 1))))
    (if (i32.and (local.get $last) (i32.eq (global.get $mode) (i32.const 115))) (then
      (drop (call $add (i32.const 0) (i32.const 96) (i32.const 5) (i32.const 112) (i32.const 5)))))
    (i32.const 0))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $get (i32.const 6) (i32.const 128) (i32.const 7) (i32.const 0) (i32.const 4)))
    (drop (call $context (global.get $stream)))
    (call $reply (i32.load (i32.const 0)) (i32.load (i32.const 4))))
  (func $refuse_to_live (unreachable))
  (func $reply (param $text i32) (param $bytes i32)
    (drop (call $answer (i32.const 200) (i32.const 0) (i32.const 0) (local.get $text) (local.get $bytes)
      (i32.const 0) (i32.const 0) (i32.const -1)))))
"""


@cache
def stuck() -> bytes:
    """A module whose start never ends: the gateway that loads it answers nobody any more."""
    from wasmtime import wat2wasm

    text = """
    (module
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
      (func (export "proxy_on_context_create") (param i32 i32))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (loop $ever (br $ever)) (i32.const 1)))
    """
    return bytes(wat2wasm(text))


@cache
def plugin(*, marker: str = NEW, wants: str | None = None, empty: str = "pass", entry: str | None = None) -> bytes:
    """The plugin as a module with the ABI marker `marker`.

    `wants` is one more function that it imports, `empty` what it does without a configuration, `entry` the function
    that starts it, which every compiler writes.
    """
    from wasmtime import wat2wasm

    extra = f'(import "env" "{wants}" (func (param i32) (result i32)))' if wants else ""
    pairs = _pairs()
    begin = f'(func (export "{entry}"))' if entry else ""
    text = (
        _WAT.replace("HEAP", HEAP)
        .replace("MARKER", marker)
        .replace("ENTRY", begin)
        .replace("WHEN_EMPTY", str(ord(empty[0])))
        .replace("EXTRA_IMPORT", extra)
        .replace("CLUSTER_SIZE", str(len(_CLUSTER)))
        .replace("CLUSTER", _data(_CLUSTER))
        .replace("PAIRS_SIZE", str(len(pairs)))
        .replace("PAIRS", _data(pairs))
    )
    return bytes(wat2wasm(text))


CALLBACKS = {
    "proxy_on_vm_start": ("(param i32 i32)", 1),
    "proxy_on_configure": ("(param i32 i32)", 1),
    "proxy_on_tick": ("(param i32)", None),
    "proxy_on_request_headers": ("(param i32 i32 i32)", 0),
    "proxy_on_request_body": ("(param i32 i32 i32)", 0),
    "proxy_on_response_headers": ("(param i32 i32 i32)", 0),
    "proxy_on_response_body": ("(param i32 i32 i32)", 0),
    "proxy_on_http_call_response": ("(param i32 i32 i32 i32 i32)", None),
    "proxy_on_log": ("(param i32)", None),
    "proxy_on_done": ("(param i32)", 1),
    "proxy_on_delete": ("(param i32)", None),
}
"""The callbacks that the start, a tick and a request with a body reach: parameters, and what they normally return."""


@cache
def trapping(callback: str) -> bytes:
    """A plugin that says why it panics and then traps in `callback`, in the function `main.fail`.

    One that traps in a tick ticks every 50 ms; one that traps in the answer to a call calls svc.dns, port 80, first.
    """
    from wasmtime import wat2wasm

    pairs = _pairs()
    bodies = dict.fromkeys(CALLBACKS, "")
    if callback == "proxy_on_tick":
        bodies["proxy_on_vm_start"] = "(drop (call $tick (i32.const 50)))"
    if callback == "proxy_on_http_call_response":
        bodies["proxy_on_request_headers"] = f"""
            (drop (call $call (i32.const 256) (i32.const {len(_CLUSTER)}) (i32.const 320) (i32.const {len(pairs)})
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 8)))
            (return (i32.const 4))"""
    bodies[callback] += "(drop (call $log (i32.const 2) (i32.const 16) (i32.const 25))) (call $main.fail)"
    functions = "".join(
        f'(func ${name} (export "{name}") {parameters} '
        + (f"{bodies[name]})" if result is None else f"(result i32) {bodies[name]} (i32.const {result}))")
        for name, (parameters, result) in CALLBACKS.items()
    )
    text = f"""
    (module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
      (import "env" "proxy_http_call"
        (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 4)
      (data (i32.const 16) "panic: the reason is this")
      (data (i32.const 256) "{_data(_CLUSTER)}")
      (data (i32.const 320) "{_data(pairs)}")
      (func (export "{NEW}"))
      {HEAP}
      (func $main.fail (unreachable))
      {functions})
    """
    return bytes(wat2wasm(text))


@cache
def holding_body(callback: str) -> bytes:
    """A plugin that holds a body until all of it is there; `callback` is `proxy_on_request_body` or the response's."""
    from wasmtime import wat2wasm

    results = {name: f"(i32.const {result})" for name, (_parameters, result) in CALLBACKS.items() if result is not None}
    results[callback] = "(i32.eqz (local.get 2))"
    functions = "".join(
        f'(func (export "{name}") {parameters} ' + (f"(result i32) {results[name]})" if name in results else ")")
        for name, (parameters, _result) in CALLBACKS.items()
    )
    return bytes(wat2wasm(f'(module (memory (export "memory") 4) (func (export "{NEW}")) {HEAP} {functions})'))
