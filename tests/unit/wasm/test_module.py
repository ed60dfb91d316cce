import contextlib
from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.wasm.module import Export, Import, Producer, read_module
from tests.support.modules import HEADER, leb, section, text, wasm

PATH = Path("/plugin/main.wasm")


def read(content: bytes):
    return read_module(content, path=PATH)


def test_imports_and_exports_are_read_with_their_types():
    module = read(wasm(exports=["_start", "proxy_on_log"], imports=[("env", "proxy_log"), ("wasi", "fd_write")]))
    assert module.imports == (
        Import(module="env", name="proxy_log", kind="function", type="(i32, i64) -> i32"),
        Import(module="wasi", name="fd_write", kind="function", type="(i32, i64) -> i32"),
    )
    assert module.exports == (
        Export(name="_start", kind="function"),
        Export(name="proxy_on_log", kind="function"),
        Export(name="memory", kind="memory"),
    )
    assert module.functions == {"_start", "proxy_on_log"}


def test_sections_are_named_and_their_payloads_measured():
    content = wasm(exports=["a"], custom={"name": b"12345", ".debug_info": b"1"}, memory=False)
    module = read(content)
    assert [(part.name, part.custom) for part in module.sections] == [
        ("type", False), ("function", False), ("export", False), ("code", False), ("name", True), (".debug_info", True),
    ]  # fmt: skip
    assert module.sections[4].bytes == len("name") + 1 + 5
    assert module.bytes == len(content)


def test_memories_tables_globals_and_tags_can_be_imported():
    entries = (
        text("env") + text("memory") + b"\x02\x01\x01\x80\x02"
        + text("env") + text("table") + b"\x01\x70\x00\x00"
        + text("env") + text("global") + b"\x03\x7f\x01"
        + text("env") + text("tag") + b"\x04\x00\x00"
    )  # fmt: skip
    module = read(HEADER + section(1, leb(0)) + section(2, leb(4) + entries))
    assert [(item.name, item.kind, item.type) for item in module.imports] == [
        ("memory", "memory", None), ("table", "table", None), ("global", "global", None), ("tag", "tag", None),
    ]  # fmt: skip


def test_the_producers_are_read():
    payload = leb(1) + text("processed-by") + leb(2) + text("TinyGo") + text("0.30.0") + text("clang") + text("16")
    assert read(wasm(custom={"producers": payload})).producers == (
        Producer(field="processed-by", name="TinyGo", version="0.30.0"),
        Producer(field="processed-by", name="clang", version="16"),
    )


def test_a_damaged_producers_section_is_not_a_reason_to_refuse_a_module():
    assert read(wasm(custom={"producers": b"\x05nonsense"})).producers == ()


def test_types_that_are_not_functions_leave_the_types_after_them_unknown():
    types = section(1, leb(2) + bytes([0x5F, 0x00]))
    module = read(HEADER + types + section(2, leb(1) + text("env") + text("f") + b"\0\x01"))
    assert module.imports[0].type is None


def test_references_of_later_proposals_are_told_as_such():
    types = section(1, leb(1) + bytes([0x60, 1, 0x63, 0x70, 0]))
    module = read(HEADER + types + section(2, leb(1) + text("env") + text("f") + b"\0\0"))
    assert module.imports[0].type == "(ref) -> ()"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "magic number"),
        (b"\x7fELF\x02\x01\x01\0", "magic number"),
        (b"\0asm\x0d\0\x01\0", "version 1"),
        (wasm(exports=["_start"])[:-3], "cut off"),
        (HEADER + b"\x07\xff\xff\xff\xff\xff\x01", "too long"),
        (HEADER + b"\x07\xff\xff\xff\xff\x7f", "too large"),
        (HEADER + section(7, leb(2) + text("a") + b"\0\0"), "cut off"),
        (HEADER + section(7, leb(1) + b"\x02\xff\xfe" + b"\0\0"), "UTF-8"),
        (HEADER + section(7, leb(1) + text("a") + b"\x09\0"), "kind"),
        (HEADER + section(2, leb(1) + text("env") + text("f") + b"\0\x07"), "type 7"),
    ],
)
def test_what_is_not_a_module_is_refused_with_the_reason(content: bytes, reason: str):
    with pytest.raises(InvalidInput) as caught:
        read(content)
    assert caught.value.code == "wasm-invalid"
    assert str(PATH) in caught.value.message
    assert reason in caught.value.message


def test_every_beginning_of_a_module_is_a_module_or_refused():
    content = wasm(exports=["_start", "proxy_on_log"], imports=[("env", "proxy_log")], custom={"producers": leb(0)})
    for length in range(len(content)):
        with contextlib.suppress(InvalidInput):
            assert read(content[:length]).bytes == length
