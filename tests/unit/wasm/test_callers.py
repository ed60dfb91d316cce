from pathlib import Path

import pytest

from higress_cli.wasm.binary import frames
from higress_cli.wasm.callers import call_chain, with_callers
from higress_cli.wasm.module import read_module
from higress_cli.wasm.verdict import Wanted, findings
from tests.support.modules import TINYGO_EXPORTS, wasm

TEXT = """
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $syscall.path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $syscall.fd_readdir (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_0"))
  (func (export "malloc") (param i32) (result i32) (local.get 0))
  (func $syscall.Unlink (drop (call $syscall.path_unlink_file (i32.const 1) (i32.const 1) (i32.const 2))))
  (func $os.Remove (local i64) (block (br_if 0 (i32.const 1)) (call $syscall.Unlink)))
  (func $github.com/a/b.(*T).clean (call $os.Remove))
  (func $main.main (call $"github.com/a/b.(*T).clean") (drop (call $log (i32.const 0) (i32.const 0) (i32.const 0))))
  (func $net.init (drop (call $syscall.fd_readdir (i32.const 1) (i32.const 1) (i32.const 2))))
  (table funcref (elem $net.init)))
""".replace("$github.com/a/b.(*T).clean", '$"github.com/a/b.(*T).clean"')


@pytest.fixture
def content() -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(TEXT))


@pytest.mark.extra("local")
@pytest.mark.parametrize(
    ("wanted", "chain"),
    [
        ("wasi_snapshot_preview1.path_unlink_file", ("syscall.Unlink", "os.Remove", "github.com/a/b.(*T).clean")),
        ("wasi_snapshot_preview1.fd_readdir", ("net.init",)),
        ("env.proxy_log", ("main.main",)),
        ("env.nothing", ()),
    ],
)
def test_who_leads_to_an_import_is_found_up_to_the_plugins_own_code(content: bytes, wanted, chain):
    assert call_chain(content, read_module(content, path=Path("x")), wanted=wanted) == chain


@pytest.mark.extra("local")
def test_a_missing_import_names_who_pulled_it_in(content: bytes):
    module = read_module(content, path=Path("x"))
    (fault,) = findings(module, Wanted(gateway="v2.0.7"))
    told = with_callers(fault, content, module)
    assert "path_unlink_file is called through github.com/a/b.(*T).clean > os.Remove > syscall.Unlink" in told.message
    assert told.facts["callers"]["wasi_snapshot_preview1.fd_readdir"] == ["net.init"]


@pytest.mark.extra("local")
def test_a_package_that_leads_there_is_named_with_the_way_to_it(content: bytes):
    module = read_module(content, path=Path("x"))
    (fault,) = findings(module, Wanted(gateway="v2.0.7"))
    ways = {"github.com/a/b": ("plugin", "example.com/c", "github.com/a/b")}
    told = with_callers(fault, content, module, way_to=lambda package: ways.get(package, ()))
    assert "github.com/a/b is imported through plugin > example.com/c > github.com/a/b" in told.message
    assert told.facts["packages"] == {"wasi_snapshot_preview1.path_unlink_file": [*ways["github.com/a/b"]]}


@pytest.mark.extra("local")
def test_without_names_of_functions_the_package_that_declares_it_is_named():
    from wasmtime import wat2wasm

    content = bytes(wat2wasm(TEXT.replace('"proxy_log" (func $log', '"proxy_later" (func $log')))
    (stripped,) = (frame for frame in frames(content) if frame.id == 0)
    content = content[: stripped.start] + content[stripped.end :]
    module = read_module(content, path=Path("x"))
    faults = findings(module, Wanted(gateway="v99.0.0"))
    (unknown,) = (fault for fault in faults if fault.id == "import-unknown")
    told = with_callers(unknown, content, module, pulled={"env.proxy_later": ("plugin", "example.com/sdk")})
    assert "example.com/sdk is imported through plugin > example.com/sdk" in told.message


@pytest.mark.extra("local")
def test_what_the_runtime_needs_by_itself_is_not_explained():
    from wasmtime import wat2wasm

    content = bytes(wat2wasm(TEXT.replace("$syscall.Unlink", "$runtime.usleep").replace("$net.init", "$runtime.gc")))
    module = read_module(content, path=Path("x"))
    (fault,) = findings(module, Wanted(gateway="v2.0.7"))
    assert with_callers(fault, content, module) == fault


@pytest.mark.extra("local")
def test_a_stripped_module_keeps_its_fault_as_it_is(content: bytes):
    last = list(frames(content))[-1]
    stripped = content[: last.start]
    module = read_module(stripped, path=Path("x"))
    (fault,) = findings(module, Wanted(gateway="v2.0.7"))
    assert with_callers(fault, stripped, module) == fault


@pytest.mark.extra("local")
def test_only_instructions_count_as_calls():
    """A constant may look like one, and what follows an unknown instruction is not read."""
    from wasmtime import wat2wasm

    looks_like = "(func $a.looks (drop (f32.const 0x1p-145)))"
    calls = "(drop (call $log (i32.const 0) (i32.const 0) (i32.const 0)))"
    unread = f"(func $a.unread (drop (v128.const i32x4 0 0 0 0)) {calls})"
    content = bytes(wat2wasm(TEXT.replace("(func $main.main", f"{looks_like} {unread} (func $main.main")))
    assert call_chain(content, read_module(content, path=Path("x")), wanted="env.proxy_log") == ("main.main",)


@pytest.mark.extra("local")
def test_a_long_way_is_followed_for_a_while():
    from wasmtime import wat2wasm

    way = "".join(f"(func $os.f{number} (call $os.f{number - 1}))" for number in range(1, 40))
    first = "(func $os.f0 (drop (call $log (i32.const 0) (i32.const 0) (i32.const 0))))"
    imported = '(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))'
    content = bytes(wat2wasm(f"(module {imported} {first} {way} (func $main.main (call $os.f39)))"))
    chain = call_chain(content, read_module(content, path=Path("x")), wanted="env.proxy_log")
    assert chain == tuple(f"os.f{number}" for number in range(len(chain)))
    assert 5 < len(chain) < 40


def test_a_fault_that_is_not_about_imports_stays_as_it_is():
    content = wasm(exports=TINYGO_EXPORTS, memory=False)
    module = read_module(content, path=Path("x"))
    (fault,) = findings(module, Wanted())
    assert with_callers(fault, content, module) is fault
