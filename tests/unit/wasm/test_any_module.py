"""Whatever the bytes are, reading a module gives a module or says what is wrong with it."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from higress_cli.errors import InvalidInput
from higress_cli.wasm.callers import call_chain
from higress_cli.wasm.derivation import CannotDeriveError, derive
from higress_cli.wasm.module import read_module
from higress_cli.wasm.rewrite import rename_export
from tests.support.modules import GO_EXPORTS, HEADER, TINYGO_EXPORTS, leb, section, text, wasm

WHERE = Path("main.wasm")
SOUND = [
    wasm(exports=TINYGO_EXPORTS, imports=[("env", "proxy_log"), ("wasi_snapshot_preview1", "fd_write")]),
    wasm(
        exports=GO_EXPORTS, custom={"name": b"\0\1", "producers": leb(1) + text("language") + leb(1) + text("Go") * 2}
    ),
]
NUMBERS = st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2, 127, 128, 2**31, 2**32 - 1])
PAYLOADS = st.lists(
    st.one_of(
        NUMBERS.map(leb),
        st.binary(max_size=8),
        st.text(max_size=8).map(text),
        st.sampled_from([b"\x60", b"\x00", b"\x80" * 12, b"\xff\xff\xff\xff\xff\x0f", b"\x63\x00"]),
    ),
    max_size=12,
).map(b"".join)
SECTIONS = st.lists(st.builds(section, st.integers(0, 255), PAYLOADS), max_size=5).map(
    lambda parts: HEADER + b"".join(parts)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound module with a few bytes changed, cut out or put in."""
    content = bytearray(draw(st.sampled_from(SOUND)))
    for _change in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 6))] = draw(st.binary(max_size=6))
        if not content:
            break
    return bytes(content)


@given(st.binary(max_size=64) | SECTIONS | damaged())
@example(HEADER + section(1, leb(2**32 - 1) + b"\x5e"))  # four thousand million types, none of which is there
@example(HEADER + section(2, leb(2**32 - 1)))
def test_any_bytes_are_a_module_or_refused(content):
    try:
        module = read_module(content, path=WHERE)
    except InvalidInput as error:
        assert error.code == "wasm-invalid"
        assert error.details["reason"]
    else:
        assert module.bytes == len(content)


@given(st.binary(max_size=64) | SECTIONS | damaged())
def test_any_module_is_made_into_the_other_abis_or_left_to_the_compiler(content):
    try:
        derived = derive(content, old="proxy_abi_version_0_2_0", new="proxy_abi_version_0_2_100", package="a/b")
    except InvalidInput as error:
        assert error.code == "wasm-invalid"
    except CannotDeriveError as error:
        assert str(error)
    else:
        assert b"proxy_abi_version_0_2_100" in derived


@given(st.binary(max_size=64) | SECTIONS | damaged(), st.sampled_from(["env.proxy_log", "x.y"]))
def test_who_calls_an_import_is_told_or_not_of_any_module(content, wanted):
    try:
        module = read_module(content, path=WHERE)
    except InvalidInput:
        return
    assert isinstance(call_chain(content, module, wanted=wanted), tuple)


@given(st.binary(max_size=64) | SECTIONS | damaged(), st.text(max_size=40))
def test_any_export_is_renamed_or_refused(content, name):
    try:
        renamed = rename_export(content, "_start", name)
    except InvalidInput as error:
        assert error.code in {"wasm-invalid", "wasm-export-missing"}
        return
    assert name.encode() in renamed


@pytest.mark.parametrize("width", [1, 5])
@given(name=st.text(max_size=200))
def test_a_renamed_export_is_all_that_changes(width, name):
    before = wasm(exports=TINYGO_EXPORTS, imports=[("env", "proxy_log")], custom={"name": b"x"}, width=width)

    after = rename_export(before, "_start", name)

    old, new = read_module(before, path=WHERE), read_module(after, path=WHERE)
    assert [export.name for export in new.exports] == [
        name if export.name == "_start" else export.name for export in old.exports
    ]
    assert new.imports == old.imports
