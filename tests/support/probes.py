"""Small plugins in WebAssembly text, made of the host calls that a test wants to see.

    probe = Probe()
    probe.on("request_headers", probe.say(probe.add(REQUEST_HEADERS, "hello", "world")), returns=0)
    module = probe.build()

A callback without `on` is not exported. `say` writes the status that a host function returned to the log, `show`
what it handed back, `number` a 32-bit number that it wrote.
"""

import re
from functools import cache

from higress_cli.proxy_wasm import calls

REQUEST_HEADERS, REQUEST_TRAILERS, RESPONSE_HEADERS, RESPONSE_TRAILERS, CALL_HEADERS, CALL_TRAILERS = 0, 1, 2, 3, 6, 7
REQUEST_BODY, RESPONSE_BODY, CALL_BODY, VM_CONFIGURATION, PLUGIN_CONFIGURATION, REDIS_REPLY = 0, 1, 4, 6, 7, 9
OLD, NEWEST = "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_100"

# Where host functions write a pointer, a size and a number.
POINTER, SIZE, NUMBER = 40, 44, 48
_TEXTS = 1024
_HEAP = 65536

_CALLBACKS = {
    "context_create": (2, False), "vm_start": (2, True), "configure": (2, True), "validate_configuration": (2, True),
    "request_headers": (3, True), "request_body": (3, True), "request_trailers": (2, True),
    "response_headers": (3, True), "response_body": (3, True), "response_trailers": (2, True),
    "http_call_response": (5, False), "redis_call_response": (4, False), "tick": (1, False), "queue_ready": (2, False),
    "log": (1, False), "done": (1, True), "delete": (1, False),
}  # fmt: skip


class Probe:
    """A plugin under construction. Statements are WebAssembly text that leaves nothing on the stack."""

    def __init__(self, *, marker: str = NEWEST, extra: str = "") -> None:
        self._marker = marker
        self._extra = extra
        self._callbacks: dict[str, str] = {}
        self._texts: dict[bytes, int] = {}
        self._end = _TEXTS

    def text(self, content: str | bytes) -> str:
        """Address and size of a text in the plugin's memory, as two operands."""
        raw = content.encode() if isinstance(content, str) else content
        if raw not in self._texts:
            self._texts[raw] = self._end
            self._end += len(raw) + 1
        return f"(i32.const {self._texts[raw]}) (i32.const {len(raw)})"

    def on(self, callback: str, *statements: str, returns: int | str = 0) -> "Probe":
        """What happens in a callback, and what it returns: a number or an expression."""
        parameters, has_result = _CALLBACKS[callback]
        names = " ".join(f"(param $p{index} i32)" for index in range(parameters))
        result = "(result i32)" if has_result else ""
        value = (f"(i32.const {returns})" if isinstance(returns, int) else returns) if has_result else ""
        body = "\n".join(statements)
        self._callbacks[callback] = f'(func (export "proxy_on_{callback}") {names} {result}\n{body}\n{value})'
        return self

    def functions(self, text: str) -> "Probe":
        """Further functions, as WebAssembly text."""
        self._extra += text
        return self

    def build(self) -> bytes:
        """The module."""
        data = "".join(
            f'(data (i32.const {at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in raw)}")\n'
            for raw, at in self._texts.items()
        )
        body = self._extra + "\n".join(self._callbacks.values())
        return _compile(_PRELUDE.replace("MARKER", self._marker), body, data)

    # Statements -----------------------------------------------------------------------------------------------

    def call(self, name: str, *operands: int | str) -> str:
        """A host function's status, as an expression."""
        given = " ".join(f"(i32.const {each})" if isinstance(each, int) else each for each in operands)
        return f"(call $proxy_{name} {given})"

    def do(self, name: str, *operands: int | str) -> str:
        """Call a host function and forget its status."""
        return f"(drop {self.call(name, *operands)})"

    def say(self, expression: str) -> str:
        """Log a number below 1000."""
        return f"(call $say {expression})"

    def show(self, expression: str) -> str:
        """Log what a host function handed back, or `!` and its status."""
        return f"(call $show {expression})"

    def number(self, expression: str) -> str:
        """Log the 32-bit number that a host function wrote to NUMBER, or `!` and its status."""
        return f"(call $number {expression})"

    def write(self, line: str) -> str:
        return self.do("log", 2, self.text(line))

    def get(self, kind: int, name: str) -> str:
        return self.call("get_header_map_value", kind, self.text(name), POINTER, SIZE)

    def add(self, kind: int, name: str, value: str) -> str:
        return self.call("add_header_map_value", kind, self.text(name), self.text(value))

    def replace(self, kind: int, name: str, value: str) -> str:
        return self.call("replace_header_map_value", kind, self.text(name), self.text(value))

    def remove(self, kind: int, name: str) -> str:
        return self.call("remove_header_map_value", kind, self.text(name))

    def body(self, kind: int, start: int = 0, most: int = 1 << 20) -> str:
        return self.call("get_buffer_bytes", kind, start, most, POINTER, SIZE)

    def set_body(self, kind: int, content: str, *, start: int = 0, size: int = 0) -> str:
        return self.call("set_buffer_bytes", kind, start, size, self.text(content))

    def property(self, path: str) -> str:
        return self.call("get_property", self.text(path.replace(".", "\0")), POINTER, SIZE)

    def reply(self, status: int, body: str = "", headers: bytes = b"", details: str = "") -> str:
        texts = (self.text(details), self.text(body), self.text(headers))
        return self.call("send_local_response", status, *texts, -1)

    def http_call(self, cluster: str, headers: bytes, body: str = "", timeout: int = 500) -> str:
        texts = (self.text(cluster), self.text(headers), self.text(body), self.text(""))
        return self.call("http_call", *texts, timeout, NUMBER)

    def once(self, statement: str) -> str:
        """The statement in the first call only; after that nothing."""
        return f"(if (i32.eqz (global.get $calls)) (then {statement})) (global.set $calls (i32.const 1))"


_PRELUDE = """
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 65536))
  (global $calls (mut i32) (i32.const 0))
  (global $stream (mut i32) (i32.const 0))
  (func (export "MARKER"))
  (func $malloc (export "malloc") (param $wanted i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $wanted)) (i32.const 7)) (i32.const -8)))
    (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))) (then
      (drop (memory.grow (i32.add (i32.div_u (local.get $wanted) (i32.const 65536)) (i32.const 1))))))
    (local.get $at))
  (func $say (param $value i32)
    (i32.store8 (i32.const 100) (i32.add (i32.const 48) (i32.div_u (local.get $value) (i32.const 100))))
    (i32.store8 (i32.const 101)
      (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $value) (i32.const 10)) (i32.const 10))))
    (i32.store8 (i32.const 102) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
    (if (i32.ge_u (local.get $value) (i32.const 100))
      (then (drop (call $proxy_log (i32.const 2) (i32.const 100) (i32.const 3))) (return)))
    (if (i32.ge_u (local.get $value) (i32.const 10))
      (then (drop (call $proxy_log (i32.const 2) (i32.const 101) (i32.const 2))) (return)))
    (drop (call $proxy_log (i32.const 2) (i32.const 102) (i32.const 1))))
  (func $failed (param $status i32)
    (i32.store8 (i32.const 110) (i32.const 33))
    (i32.store8 (i32.const 111) (i32.add (i32.const 48) (local.get $status)))
    (drop (call $proxy_log (i32.const 2) (i32.const 110) (i32.const 2))))
  (func $show (param $status i32)
    (if (local.get $status) (then (call $failed (local.get $status)) (return)))
    (drop (call $proxy_log (i32.const 2) (i32.load (i32.const 40)) (i32.load (i32.const 44)))))
  (func $number (param $status i32)
    (if (local.get $status) (then (call $failed (local.get $status)) (return)))
    (call $say (i32.load (i32.const 48))))
"""


@cache
def _compile(prelude: str, body: str, data: str) -> bytes:
    from wasmtime import wat2wasm

    used = dict.fromkeys(re.findall(r"\$((?:proxy|wasi)_\w+)", prelude + body))
    imports = "".join(_import(name) for name in used)
    return bytes(wat2wasm(f"(module\n{imports}{prelude}{data}{body}\n)"))


def _import(name: str) -> str:
    module, plain = (
        ("wasi_snapshot_preview1", name.removeprefix("wasi_")) if name.startswith("wasi_") else ("env", name)
    )
    entry = calls.declared(module, plain)
    assert entry is not None, f"no host function {name}"
    kinds = " ".join({"i": "i32", "l": "i64"}[letter] for letter in entry.parameters)
    result = "(result i32)" if entry.returns else ""
    return f'(import "{module}" "{plain}" (func ${name} (param {kinds}) {result}))\n'
