"""WebAssembly modules as bytes, written by hand for tests: small, and exactly as sound or as broken as asked."""

from collections.abc import Mapping, Sequence

HEADER = b"\0asm\x01\0\0\0"
I32, I64 = 0x7F, 0x7E


def leb(value: int, width: int = 1) -> bytes:
    """LEB128, padded to `width` bytes as linkers do."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        if value == 0 and len(out) + 1 >= width:
            return bytes([*out, low])
        out.append(low | 0x80)


def text(value: str, width: int = 1) -> bytes:
    raw = value.encode()
    return leb(len(raw), width) + raw


def _with_size(raw: bytes) -> bytes:
    return leb(len(raw)) + raw


_KINDS = {"_start": 1, "_initialize": 1, "malloc": 2, "proxy_on_memory_allocate": 2}


def section(identifier: int, payload: bytes, width: int = 1) -> bytes:
    return bytes([identifier]) + leb(len(payload), width) + payload


def wasm(
    *,
    exports: Sequence[str] = (),
    imports: Sequence[tuple[str, str]] = (),
    custom: Mapping[str, bytes] | None = None,
    width: int = 1,
    memory: bool = True,
) -> bytes:
    """A module whose functions do nothing; `width` pads the export section.

    They are `(i32, i64) -> i32`, and those that start a module or allocate memory are as a host calls them. With
    exports it has a `memory` that it exports, as compilers do; if not, none.
    """
    kinds = [([I32, I64], [I32]), ([], []), ([I32], [I32])]
    types = [b"\x60" + leb(len(takes)) + bytes(takes) + leb(len(gives)) + bytes(gives) for takes, gives in kinds]
    body = HEADER + section(1, leb(len(types)) + b"".join(types))
    if imports:
        entries = b"".join(text(module) + text(name) + b"\0" + leb(0) for module, name in imports)
        body += section(2, leb(len(imports)) + entries)
    if exports:
        body += section(3, leb(len(exports)) + b"".join(leb(_KINDS.get(name, 0)) for name in exports))
        entries = b"".join(text(name, width) + b"\0" + leb(len(imports) + index) for index, name in enumerate(exports))
        if memory:
            body += section(5, leb(1) + b"\0" + leb(1))
            entries += text("memory") + b"\2" + leb(0)
        body += section(7, leb(len(exports) + memory) + entries, width)
        code = b"".join(_with_size(b"\0\x0b" if _KINDS.get(name) == 1 else b"\0\x41\0\x0b") for name in exports)
        body += section(10, leb(len(exports)) + code)
    for name, payload in (custom or {}).items():
        body += section(0, text(name) + payload)
    return body


TINYGO_EXPORTS = (
    "proxy_abi_version_0_2_0",
    "_start",
    "onCollectionEvent",
    "proxy_on_memory_allocate",
    "proxy_on_request_headers",
)
GO_EXPORTS = ("proxy_abi_version_0_2_100", "_initialize", "proxy_on_memory_allocate")


def producers(**fields: tuple[str, str]) -> bytes:
    """The custom section `producers`: `processed_by=("TinyGo", "0.30.0")`."""
    entries = (
        text(field.replace("_", "-")) + leb(1) + text(name) + text(version) for field, (name, version) in fields.items()
    )
    return leb(len(fields)) + b"".join(entries)
