"""CompiledModule modules are kept, and only what was written there is read back."""

import os
import stat
from pathlib import Path

import pytest

from higress_cli.proxy_wasm.host import Runtime
from higress_cli.proxy_wasm.modules import ModuleCache
from tests.support.probes import Probe
from tests.support.world import Rig

CONTENT = Probe().on("request_headers").build()


def compile_twice(folder: Path, engine: Runtime) -> list[bool]:
    return [ModuleCache(folder).compile(engine.wasmtime, CONTENT).cached for _time in range(2)]


def test_second_time_is_not_compiled(tmp_path: Path, engine: Runtime) -> None:
    assert compile_twice(tmp_path / "compiled", engine) == [False, True]


def test_another_module_is_compiled(tmp_path: Path, engine: Runtime) -> None:
    cache = ModuleCache(tmp_path / "compiled")
    cache.compile(engine.wasmtime, CONTENT)
    assert not cache.compile(engine.wasmtime, Probe().on("tick").build()).cached


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX's")
def test_folder_is_private_even_where_it_was_not(tmp_path: Path, engine: Runtime) -> None:
    folder = tmp_path / "compiled"
    folder.mkdir(mode=0o755)
    compile_twice(folder, engine)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_folder_that_is_a_link_is_not_used(tmp_path: Path, engine: Runtime) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "compiled").symlink_to(tmp_path / "elsewhere")
    assert compile_twice(tmp_path / "compiled", engine) == [False, False]
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: raw[:100] + b"\0" + raw[101:], lambda _raw: b""])
def test_damaged_file_is_compiled_anew(tmp_path: Path, engine: Runtime, damage: object) -> None:
    assert callable(damage)
    cache = ModuleCache(tmp_path / "compiled")
    cache.compile(engine.wasmtime, CONTENT)
    (file,) = (tmp_path / "compiled").glob("*.compiled")
    file.write_bytes(damage(file.read_bytes()))
    assert not cache.compile(engine.wasmtime, CONTENT).cached
    assert cache.compile(engine.wasmtime, CONTENT).cached


def test_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path, engine: Runtime) -> None:
    (tmp_path / "file").write_text("")
    assert compile_twice(tmp_path / "file" / "compiled", engine) == [False, False]


def test_folder_does_not_grow_without_end(tmp_path: Path, engine: Runtime) -> None:
    cache = ModuleCache(tmp_path / "compiled")
    for index in range(22):
        probe = Probe()
        cache.compile(engine.wasmtime, probe.on("tick", probe.say(f"(i32.const {index})")).build())
    assert len(list((tmp_path / "compiled").glob("*.compiled"))) == 20


def test_cached_module_runs(tmp_path: Path) -> None:
    for cached in (False, True):
        engine = Runtime(tmp_path / "compiled")
        assert engine.compile(CONTENT).cached is cached
        rig = Rig(CONTENT, engine)
        assert rig.get().wire.upstream != []
        engine.close()
