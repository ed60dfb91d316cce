from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.errors import InvalidInput
from higress_cli.wasm.difference import difference
from higress_cli.wasm.go_build_info import go_build_info
from higress_cli.wasm.inspection import inspect_bytes
from higress_cli.wasm.sizes import NAMELESS, package_of
from higress_cli.wasm.verdict import Wanted, component_fault, findings
from tests.support.modules import GO_EXPORTS, HEADER, TINYGO_EXPORTS, leb, producers, section, text, wasm
from tests.unit.wasm.test_any_module import SECTIONS, damaged

WHERE = Path("main.wasm")
BEGIN, END = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
COMPONENT = b"\0asm\x0d\0\x01\0"


def names(*functions: str) -> bytes:
    entries = leb(len(functions)) + b"".join(leb(index) + text(name) for index, name in enumerate(functions))
    return b"\1" + leb(len(entries)) + entries


@given(st.binary(max_size=64) | SECTIONS | damaged() | st.binary(max_size=40).map(lambda tail: COMPONENT + tail))
def test_any_bytes_are_described_or_refused(content):
    try:
        seen = inspect_bytes(content, path=WHERE)
    except InvalidInput as error:
        assert error.code == "wasm-invalid"
        assert error.details["reason"]
    else:
        assert seen.module.bytes == len(content)
        assert difference(seen, seen).same


@pytest.mark.parametrize(
    ("custom", "exports", "expected"),
    [
        ({"producers": producers(language=("Go", "go1.24.4"), processed_by=("Go cmd/compile", "go1.24.4"))}, GO_EXPORTS,
         ("go", "1.24.4", "Go")),
        ({"producers": producers(processed_by=("TinyGo", "0.30.0"))}, TINYGO_EXPORTS, ("tinygo", "0.30.0", "Go")),
        ({"producers": producers(processed_by=("rustc", "1.76.0-nightly (6cf088810 2023-11-26)"))}, (),
         ("rustc", "1.76.0-nightly", "Rust")),
        ({"producers": producers(language=("C_plus_plus_14", ""), processed_by=("Debian clang", "16.0.6"))}, (),
         ("clang", "16.0.6", "C++")),
        ({"producers": producers(language=("C_plus_plus_14", ""), processed_by=("clang", "16.0.6"))},
         ("emscripten_stack_init",), ("emscripten", "16.0.6", "C++")),
        ({"producers": producers(language=("Rust", ""), processed_by=("clang", "16.0.6"))}, (), (None, None, None)),
        ({}, TINYGO_EXPORTS, ("tinygo", None, "Go")),
        ({"go:buildid": b"x"}, GO_EXPORTS, ("go", None, "Go")),
        ({}, ("emscripten_stack_init",), ("emscripten", None, "C or C++")),
        ({"data": b"/rustc/" + b"0" * 40 + b"/library/core"}, (), ("rustc", None, "Rust")),
        ({"data": "~lib/rt/itcms.ts".encode("utf-16-le")}, (), ("asc", None, "AssemblyScript")),
        ({}, (), (None, None, None)),
    ],
)  # fmt: skip
def test_the_compiler_is_known_by_what_it_leaves(custom, exports, expected):
    found = inspect_bytes(wasm(exports=exports, custom=custom), path=WHERE).origin
    assert (found.compiler, found.version, found.language) == expected


@pytest.mark.parametrize(
    ("exports", "custom", "flags"),
    [
        (TINYGO_EXPORTS, {}, ("-gc=custom", "-tags=custommalloc", "-scheduler=none", "-no-debug")),
        ((*TINYGO_EXPORTS, "calloc"), {".debug_info": b""}, ("-gc=custom", "-scheduler=none")),
        (("onCollectionEvent", "asyncify_start_unwind", "proxy_abi_version_0_2_100"), {".debug_info": b""},
         ("-gc=custom", "-tags=custommalloc", "-scheduler=asyncify", "-tags=proxy_wasm_version_0_2_100")),
        (("_start",), {"producers": producers(processed_by=("TinyGo", "0.30.0"))}, ("-scheduler=none", "-no-debug")),
        (GO_EXPORTS, {"go:buildid": b""}, ("-buildmode=c-shared", "-ldflags=-s")),
        (("_start",), {"go:buildid": b"", "name": names("main.main")}, ()),
    ],
)  # fmt: skip
def test_flags_are_told_as_far_as_they_show(exports, custom, flags):
    assert inspect_bytes(wasm(exports=exports, custom=custom), path=WHERE).flags == flags


def test_what_the_go_compiler_writes_is_read():
    lines = (
        "path\tplugin\nmod\tplugin\t(devel)\t\ndep\texample.com/a\tv1.2.3\th1:x=\ndep\texample.com/b\tv1.0.0\n"
        '=>\t../b\t\nbuild\t-ldflags="-s -w"\nbuild\tGOOS=wasip1\n'
    )
    info = go_build_info(b"..." + BEGIN + lines.encode() + END + b"...")
    assert info is not None
    assert (info.path, info.module.path if info.module else None) == ("plugin", "plugin")
    assert [(item.path, item.version) for item in info.dependencies] == [
        ("example.com/a", "v1.2.3"), ("example.com/b", "v1.0.0 => ../b"),
    ]  # fmt: skip
    assert info.settings == {"-ldflags": '"-s -w"', "GOOS": "wasip1"}
    later = go_build_info(BEGIN + b"path\tplugin\nsomething\tnew\n" + END)
    assert later is not None
    assert later.path == "plugin"
    assert go_build_info(BEGIN + b"cut off") is None
    assert go_build_info(b"") is None


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("(*net/http.Client).Do", "net/http"),
        ("github.com/tidwall/gjson.Get", "github.com/tidwall/gjson"),
        ("gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml.v3"),
        ("runtime.alloc", "runtime"),
        ("github.com_tidwall_gjson.__Result_.Get", "github.com_tidwall_gjson"),
        ("encoding_json.__decodeState_.value", "encoding_json"),
        ("main.main", "main"),
        ("_ZN4core3fmt5write17h0123456789abcdefE", "core"),
        ("<alloc::string::String as core::fmt::Write>::write_str", "alloc"),
        ("shop::Cart::sum(int)", "shop"),
        ("~lib/rt/tlsf/insertBlock", "~lib/rt/tlsf"),
        ("assembly/index/Root#onStart", "assembly/index"),
        ("interface:{Error:func:{}{basic:string}}.Error$invoke", NAMELESS),
        ("malloc", ""),
        ("printf_core", ""),
        ("", ""),
    ],
)
def test_the_package_of_a_function_is_in_its_name(name, package):
    assert package_of(name) == package


def test_sizes_are_summed_by_package_and_paths_of_go_modules_are_spelled_out():
    lines = b"path\tx\nmod\tx\t(devel)\ndep\tgithub.com/a-b/c\tv1\n"
    content = wasm(
        exports=("one", "two", "three"),
        custom={
            "name": names("github.com_a_b_c_inner.F", "github.com_a_b_c_inner.G", "encoding_json.M"),
            "data": BEGIN + lines + END,
        },
    )
    seen = inspect_bytes(content, path=WHERE)
    assert [(item.name, item.functions, item.bytes) for item in seen.packages] == [
        ("github.com/a-b/c/inner", 2, 8), ("encoding/json", 1, 4),
    ]  # fmt: skip
    assert seen.has_names
    assert not inspect_bytes(wasm(exports=("one",)), path=WHERE).has_names


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\n  (module)", "wat2wasm"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"<!doctype html><html>", "a web page"),
        (b"hello", "magic number"),
        (wasm(exports=TINYGO_EXPORTS)[:-1], "cut off at byte"),
        (COMPONENT + b"\1\x7f", "cut off at byte"),
    ],
)
def test_what_is_no_module_is_named(content, reason):
    with pytest.raises(InvalidInput, match=reason):
        inspect_bytes(content, path=WHERE)


def test_a_component_is_recognised_and_its_sections_are_listed():
    content = COMPONENT + section(1, HEADER) + section(0, text("producers")) + section(0, b"\x7f") + section(99, b"")
    seen = inspect_bytes(content, path=WHERE)
    assert seen.is_component
    assert [item.name for item in seen.module.sections] == ["core module", "producers", "custom", "#99"]


def test_a_module_without_memory_or_with_a_start_section_is_a_finding():
    sound = wasm(exports=TINYGO_EXPORTS)
    assert findings(inspect_bytes(sound, path=WHERE).module, Wanted()) == ()
    without = inspect_bytes(wasm(exports=TINYGO_EXPORTS, memory=False), path=WHERE).module
    assert [fault.id for fault in findings(without, Wanted())] == ["memory-missing"]
    started = inspect_bytes(sound + section(8, leb(0)), path=WHERE).module
    (fault,) = findings(started, Wanted())
    assert (fault.id, fault.fatal) == ("start-section", False)


def test_a_difference_names_what_each_has_that_the_other_lacks():
    here = inspect_bytes(wasm(exports=TINYGO_EXPORTS, imports=[("env", "a")]), path=WHERE)
    other = inspect_bytes(wasm(exports=GO_EXPORTS, imports=[("env", "b")], custom={"name": names("x.y")}), path=WHERE)
    found = difference(here, other)
    assert not found.same
    assert (found.imports_only_here, found.imports_only_other) == (("env.a",), ("env.b",))
    assert "onCollectionEvent" in found.exports_only_here
    assert {change.name for change in found.facts} >= {"abi_export", "entry", "compiler"}
    assert ("name", 0) in {(change.name, change.here) for change in found.sections}


def test_a_component_is_loaded_by_no_gateway():
    fault = component_fault()
    assert (fault.id, fault.fatal) == ("component-not-loaded", True)
