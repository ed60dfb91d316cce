"""hgw inspect with modules of other languages, made by their own compilers or fetched as their authors made them."""

import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import filelock
import pytest

from tests.e2e.conftest import CACHE

pytestmark = pytest.mark.e2e

_RUST = "blake3-wasm@2.1.5"
_ASSEMBLYSCRIPT = "assemblyscript@0.27.31"
_CPP = """
namespace shop {
__attribute__((noinline)) int sum(int a) { int r = 0; for (int i = 0; i < a; i++) r ^= i * a; return r; }
}
extern "C" int sum(int a) { return shop::sum(a); }
"""


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with a Rust module and the AssemblyScript compiler from npm, kept from run to run."""
    folder = CACHE / "e2e-npm"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / "lock"):
        if not (folder / "complete").exists():
            subprocess.run(["npm", "install", "--no-save", "--prefix", ".", _ASSEMBLYSCRIPT], cwd=folder, check=True)
            packed = subprocess.run(["npm", "pack", _RUST], cwd=folder, check=True, capture_output=True, text=True)
            with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
                archive.extractall(folder / "rust", filter="data")
            (folder / "complete").touch()
    return folder


def test_a_module_of_rust(packages: Path, real_hgw) -> None:
    path = next((packages / "rust").rglob("*.wasm"))
    data = real_hgw("--output", "json", "inspect", str(path), cwd=packages).document["data"]
    assert (data["compiler"], data["language"]) == ("rustc", "Rust")
    assert data["compiler_version"].startswith("1.")


def test_a_module_of_assemblyscript(packages: Path, real_hgw, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text('export function text(n: i32): string { return "x".repeat(n) }\n')
    compiler = packages / "node_modules" / "assemblyscript" / "bin" / "asc.js"
    subprocess.run(["node", str(compiler), "a.ts", "-o", "a.wasm", "--debug"], cwd=tmp_path, check=True)
    data = real_hgw("--output", "json", "inspect", "a.wasm", cwd=tmp_path).document["data"]
    assert (data["compiler"], data["language"]) == ("asc", "AssemblyScript")
    assert "~lib/rt/tlsf" in {package["name"] for package in data["packages"]}


def test_a_module_of_cpp(basic_plugin: Path, real_hgw, real_variables: Mapping[str, str], tmp_path: Path) -> None:
    """The clang that compiles TinyGo's C, where hgw has put it."""
    llvm = sorted((Path(real_variables["HGW_HOME"]) / "data" / "tools" / "llvm").glob("*"))
    if not llvm:
        pytest.fail("TinyGo's LLVM is not where it was")
    (tmp_path / "c.cc").write_text(_CPP)
    variables = {
        **real_variables,
        "PATH": f"{llvm[0] / 'bin'}:{real_variables['PATH']}",
        "LD_LIBRARY_PATH": ":".join(str(path) for path in llvm[0].glob("usr/lib/*") if path.is_dir()),
    }
    options = ["--target=wasm32", "-O1", "-nostdlib", "-Wl,--no-entry", "-Wl,--export=sum"]
    subprocess.run(["clang-16", *options, "-o", "c.wasm", "c.cc"], cwd=tmp_path, env=variables, check=True)
    data = real_hgw("--output", "json", "inspect", "c.wasm", cwd=tmp_path).document["data"]
    assert data["compiler"] == "clang"
    assert data["packages"][0]["name"] == "shop"


def test_modules_of_tinygo_and_go(basic_plugin: Path, real_hgw) -> None:
    data = real_hgw("--output", "json", "inspect", "main-0.2.1.wasm", cwd=basic_plugin).document["data"]
    assert (data["compiler"], data["language"], data["abi"]) == ("tinygo", "Go", "0.2.1")
    assert "-gc=custom" in data["flags"]
    assert "encoding/json" in {package["name"] for package in data["packages"]}
    assert real_hgw("inspect", "main-0.2.1.wasm", "--gateway", "v2.0.7", cwd=basic_plugin).code == 0
