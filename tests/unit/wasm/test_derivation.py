"""The expected module is written by hand in the order in which a compiler would emit it."""

import pytest

from higress_cli.wasm.derivation import CannotDeriveError, derive
from tests.support.modules import HEADER, leb, section
from tests.support.modules import text as name

OLD, NEW = "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_100"
PACKAGE = "example.com/sdk/internal"
MARKER = '(func ${name} (export "{name}") nop)'
FOLLOWING = [
    f"(func ${PACKAGE}.first (param $a i32) (result i32) (local $b i64) (call ${PACKAGE}.second) (local.get $a))",
    f"(func $(*{PACKAGE}.state).reset (drop (call ${PACKAGE}.first (i32.const 1))))".replace("$(", '$"(').replace(
        ").reset", ').reset"'
    ),
    f"(func ${PACKAGE}.second (return_call $other))",
]

VECTOR = f"(func ${PACKAGE}.v (drop (v128.const i32x4 0 0 0 0)) (call ${PACKAGE}.second))"


def text(*functions: str, marker: str) -> str:
    return f"""
    (module
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (type $void (func))
      (func $before (export "_start") (call ${PACKAGE}.second) (call ${marker}) (call $other))
      {" ".join(functions)}
      (func $other (export "malloc") (block (br_table 0 0 (i32.const 16)))
        (f64.const 1.5) drop (f32.const 0x1p-4) drop (i64.const -7) drop
        (memory.copy (i32.const 0) (i32.const 0) (i32.trunc_sat_f32_s (f32.const 2)))
        (i32.store offset=16 (i32.const 4113) (i32.const 0x1011))
        (call_indirect (type $void) (i32.const 1)))
      (func $uses (drop (ref.is_null (ref.func ${PACKAGE}.second))))
      (table 4 funcref)
      (memory (export "memory") 1)
      (global $g (mut i32) (i32.const 210))
      (start $before)
      (elem (i32.const 1) ${PACKAGE}.second $other ${marker})
      (elem declare func ${PACKAGE}.second)
      (data (i32.const 0) "\\10\\02"))
    """


def compiled(*functions: str, marker: str) -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(text(*functions, marker=marker)))


@pytest.mark.extra("local")
def test_the_marker_moves_behind_its_package_and_everything_that_names_a_function_follows():
    old = compiled(MARKER.format(name=OLD), *FOLLOWING, marker=OLD)
    new = compiled(*FOLLOWING, MARKER.format(name=NEW), marker=NEW)
    assert derive(old, old=OLD, new=NEW, package=PACKAGE) == new


@pytest.mark.extra("local")
def test_a_marker_that_nothing_of_its_package_follows_is_only_renamed():
    old = compiled(*FOLLOWING, MARKER.format(name=OLD), marker=OLD)
    assert derive(old, old=OLD, new=NEW, package=PACKAGE) == compiled(*FOLLOWING, MARKER.format(name=NEW), marker=NEW)


@pytest.mark.extra("local")
def test_a_longer_number_of_a_function_makes_its_body_longer():
    many = [f"(func $f{number})" for number in range(124)]
    old = compiled(*many, MARKER.format(name=OLD), *FOLLOWING, marker=OLD)
    new = compiled(*many, *FOLLOWING, MARKER.format(name=NEW), marker=NEW)
    derived = derive(old, old=OLD, new=NEW, package=PACKAGE)
    # wasmtime writes the shortest numbers; a number that was long stays long, as a linker's padding does.
    from wasmtime import Engine, Module

    assert len(derived) - len(new) in range(3)
    Module.validate(Engine(), derived)


@pytest.mark.extra("local")
@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        ([MARKER.format(name="another"), *FOLLOWING], "does not export"),
        ([f'(func ${OLD} (export "{OLD}") (drop (i32.const 1)))', *FOLLOWING], "does something"),
        ([f'(func $unnamed (export "{OLD}"))', *FOLLOWING], "no names"),
        (
            [MARKER.format(name=OLD), VECTOR, *FOLLOWING],
            "0xfd",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_derived_is_left_to_the_compiler(functions: list[str], reason: str):
    marker = next(name for name in (OLD, "unnamed", "another") if f"${name} " in functions[0])
    content = compiled(*functions, marker=marker)
    with pytest.raises(CannotDeriveError, match=reason):
        derive(content, old=OLD, new=NEW, package=PACKAGE)


def changed(content: str, pieces: dict[str, str]) -> bytes:
    from wasmtime import wat2wasm

    for old, new in pieces.items():
        assert old in content
        content = content.replace(old, new)
    return bytes(wat2wasm(content))


@pytest.mark.extra("local")
@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param({"(mut i32) (i32.const 210)": f"funcref (ref.func ${PACKAGE}.second)"}, id="global"),
        pytest.param({"(table 4 funcref)": "(table 4 funcref) (table $more 4 funcref)",
                      "(elem declare": f"(elem (table $more) (i32.const 0) func ${PACKAGE}.second)(elem declare"},
                     id="second table"),
    ],
)  # fmt: skip
def test_each_place_that_names_a_function_follows(pieces: dict[str, str]):
    old = changed(text(MARKER.format(name=OLD), *FOLLOWING, marker=OLD), pieces)
    new = changed(text(*FOLLOWING, MARKER.format(name=NEW), marker=NEW), pieces)
    assert derive(old, old=OLD, new=NEW, package=PACKAGE) == new


@pytest.mark.extra("local")
@pytest.mark.parametrize(
    ("element", "reason"),
    [
        pytest.param("(i32.const 1) funcref (ref.func $other)", "holds expressions", id="expressions"),
        pytest.param("(offset (i32.add (i32.const 1) (i32.const 0))) $other", "of another kind", id="computed offset"),
    ],
)
def test_an_element_segment_that_hgw_does_not_read_is_left_to_the_compiler(element: str, reason: str):
    source = text(MARKER.format(name=OLD), *FOLLOWING, marker=OLD)
    content = changed(source, {"(elem declare": f"(elem {element})(elem declare"})
    with pytest.raises(CannotDeriveError, match=reason):
        derive(content, old=OLD, new=NEW, package=PACKAGE)


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        pytest.param(b"", "does not export", id="nothing exported"),
        pytest.param(section(7, leb(1) + name(OLD) + b"\0\0"), "does something", id="no code"),
        pytest.param(
            section(7, leb(1) + name(OLD) + b"\0\0") + section(10, leb(0)), "does something", id="no such function"
        ),
    ],
)
def test_a_module_without_the_marker_as_a_function_is_refused(sections: bytes, reason: str):
    with pytest.raises(CannotDeriveError, match=reason):
        derive(HEADER + sections, old=OLD, new=NEW, package=PACKAGE)
