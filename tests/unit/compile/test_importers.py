"""Through which packages a plugin comes to the functions that its module imports."""

from pathlib import Path

import pytest

from higress_cli.compile.importers import importers
from higress_cli.compile.packages import Listing, Package

SDK = "example.com/sdk/internal"
CONF = "example.com/a.b/conf"

DECLARATIONS = """package internal

//export proxy_log
func ProxyLog(level uint32, data *byte, size int) int

// Two lines of a comment.
//export proxy_call
func ProxyCall(
	first *byte, size int,
) int

//go:wasm-module other
//export elsewhere
func elsewhere()

//go:wasmimport env proxy_new
func proxyNew(a int32) int32

//export proxy_on_request_headers
func proxyOnRequestHeaders(id uint32) uint32 {
	return 0
}

// This only speaks of //export proxy_spoken_of.
func other()
"""


def package(path: str, folder: Path, *files: str, main: bool = False) -> Package:
    return Package(path=path, directory=folder, files=files, main_module=main, failed=False)


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    for name in ("sdk", "conf", "plugin", "standard", "tinygo/src/runtime"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "sdk" / "calls.go").write_text(DECLARATIONS)
    (tmp_path / "conf" / "conf.go").write_text("package conf\n")
    (tmp_path / "plugin" / "main.go").write_text("package main\n")
    declared = "package runtime\n\n//go:wasmimport wasi_snapshot_preview1 {name}\nfunc {name}() uint32\n"
    (tmp_path / "standard" / "os_wasip1.go").write_text(declared.format(name="sched_yield"))
    (tmp_path / "tinygo" / "src" / "runtime" / "runtime_wasm_wasi.go").write_text(declared.format(name="fd_write"))
    return Listing(
        packages=(
            package(SDK, tmp_path / "sdk", "calls.go"),
            package(CONF, tmp_path / "conf", "conf.go"),
            package("plugin", tmp_path / "plugin", "main.go", main=True),
        ),
        standard={"runtime": tmp_path / "standard", "os": tmp_path / "standard"},
        graph={
            "plugin": ("example.com/sdk", CONF),
            "example.com/sdk": (SDK,),
            CONF: ("os", "example.com/sdk"),
            "os": ("syscall", "runtime"),
        },
    )


def test_a_function_without_a_body_is_declared_and_one_with_a_body_is_not(listing: Listing):
    assert importers(listing).declared == {
        "env.proxy_log": SDK,
        "env.proxy_call": SDK,
        "other.elsewhere": SDK,
        "env.proxy_new": SDK,
        "wasi_snapshot_preview1.sched_yield": "runtime",
    }


def test_the_way_is_the_shortest_from_the_plugins_own_package(listing: Listing):
    found = importers(listing)
    assert found.way_to(SDK) == ("plugin", "example.com/sdk", SDK)
    assert found.way_to("os") == ("plugin", CONF, "os")
    assert found.way_to("example.com_a.b_conf") == ("plugin", CONF)
    assert found.way_to("nobody/imports/this") == ()
    assert found.way_to("plugin") == ()


def test_what_every_plugin_comes_to_is_named_without_a_way(listing: Listing, tmp_path: Path):
    names = ("env.proxy_log", "wasi_snapshot_preview1.fd_write", "wasi_snapshot_preview1.fd_close")
    assert importers(listing, tinygo_root=tmp_path / "tinygo").pulled(names) == {
        "env.proxy_log": ("plugin", "example.com/sdk", SDK),
        "wasi_snapshot_preview1.fd_write": ("runtime",),
    }


def test_packages_that_import_each_other_end_the_search():
    circle = Listing(packages=(), graph={"": ("a",), "a": ("b",), "b": ("a",)})
    assert importers(circle).way_to("c") == ()


def test_files_that_are_gone_declare_nothing(listing: Listing, tmp_path: Path):
    (tmp_path / "sdk" / "calls.go").unlink()
    assert "env.proxy_log" not in importers(listing).declared
