"""Folders that change, are cleaned or vanish while the compiler runs: nothing of anybody's is lost, and it is told."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Hgw
from tests.support.hgw_process import wait_for
from tests.support.programs import python_path
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers

PLUGIN = {
    "go.mod": f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "main.go": f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n',
    "hgw.yaml": "build: {out_file: out/main.wasm}\n",
    "out/README": "",
}
PRECIOUS = b"somebody's own"


@pytest.fixture
def plugin(tree: Callable[[dict[str, str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main.wasm").write_bytes(PRECIOUS)
    return tree(PLUGIN)


@pytest.fixture
def builds(tmp_path: Path) -> Path:
    return tmp_path / "hgw-home" / "cache" / "builds"


def disturbed(plugin: Path, builds: Path, disturb: Callable[[], object]) -> subprocess.CompletedProcess[str]:
    """Build, and `disturb` while the compiler runs."""
    started = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "build"],
        cwd=plugin,
        env={**os.environ, "STUB_SECONDS": "1.5", "PYTHONPATH": python_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: list(builds.glob(".hgw-staging-*/tmp")), lambda: "no compiler was started")
    disturb()
    out, err = started.communicate(timeout=60)
    return subprocess.CompletedProcess(started.args, started.returncode, out, err)


def replaced_by_a_link(plugin: Path) -> None:
    shutil.rmtree(plugin / "out")
    (plugin / "out").symlink_to(plugin.parent / "elsewhere")


def filled_with_something_else(plugin: Path) -> None:
    (plugin / "out" / "main.wasm").write_bytes(PRECIOUS)


def blocked_by_a_folder(plugin: Path) -> None:
    (plugin / "out" / "main.wasm").mkdir()


def replaced_by_a_file(plugin: Path) -> None:
    shutil.rmtree(plugin / "out")
    (plugin / "out").write_bytes(PRECIOUS)


@pytest.mark.parametrize(
    ("disturb", "told"),
    [
        (replaced_by_a_link, "names a place outside of"),
        (filled_with_something_else, "holds something that is not a WebAssembly module"),
        (blocked_by_a_folder, "is a folder, and the module would have to take its place"),
        (replaced_by_a_file, "a part of the path is a file, not a folder"),
    ],
)
def test_what_gets_into_the_modules_place_meanwhile_stays(
    plugin: Path, builds: Path, disturb: Callable[[Path], None], told: str
) -> None:
    ended = disturbed(plugin, builds, lambda: disturb(plugin))

    assert ended.returncode == 6, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (plugin.parent / "elsewhere" / "main.wasm").read_bytes() == PRECIOUS
    taken = plugin / "out" / "main.wasm"
    assert not taken.is_file() or taken.read_bytes() == PRECIOUS
    assert not list(builds.glob("*.json"))


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A /dev/null of our own."""
    try:
        os.mknod(tmp_path / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except (PermissionError, AttributeError):
        pytest.skip("only root makes devices")
    return tmp_path / "null"


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("build", "--out-file", "{device}"), "out-file-taken"),
        (("verify", "--report", "junit={device}"), "report-taken"),
        (("package", "--out", "{device}"), "image-out-taken"),
    ],
)
def test_no_device_is_replaced(plugin: Path, hgw: Hgw, device: Path, argv: tuple[str, ...], code: str) -> None:
    assert hgw("build").code == 0
    ended = hgw(*(word.format(device=device) for word in argv), "--output", "json")

    assert json.loads(ended.out)["error"]["code"] == code, ended.out
    assert device.is_char_device()


def test_a_pipe_in_the_modules_place_is_not_waited_for(plugin: Path, hgw: Hgw) -> None:
    assert hgw("build").code == 0
    (plugin / "out" / "main.wasm").unlink()
    os.mkfifo(plugin / "out" / "main.wasm")

    assert "is a pipe or a device" in hgw("build").err
    assert hgw("verify", "--no-build", "--engine", "builtin").code == 3


def test_a_folder_for_the_module_that_is_removed_meanwhile_is_made_again(plugin: Path, builds: Path) -> None:
    ended = disturbed(plugin, builds, lambda: shutil.rmtree(plugin / "out"))

    assert ended.returncode == 0, ended.stderr
    assert (plugin / "out" / "main.wasm").read_bytes().startswith(b"\0asm")


def test_a_plugin_that_is_moved_away_meanwhile_is_told_as_that(plugin: Path, builds: Path) -> None:
    ended = disturbed(plugin, builds, lambda: plugin.rename(plugin.parent / "moved"))

    assert ended.returncode == 3, ended.stderr
    assert f"error: the folder {plugin} does not exist" in ended.stderr


@pytest.mark.parametrize("removed", ["builds", "home"])
def test_folders_of_hgw_that_are_removed_meanwhile_are_not_called_the_compilers_fault(
    plugin: Path, builds: Path, removed: str
) -> None:
    home = builds.parents[1]
    ended = disturbed(plugin, builds, lambda: shutil.rmtree(builds if removed == "builds" else home))

    assert ended.returncode == 6, ended.stderr
    assert "where the compiler writes to, was removed while it ran" in ended.stderr
    assert "refused" not in ended.stderr
    assert not (plugin / "out" / "main.wasm").exists()


@pytest.mark.parametrize("option", ["--cache", "--runs", "--all"])
def test_clean_takes_nothing_from_a_build(plugin: Path, builds: Path, hgw: Hgw, option: str) -> None:
    ended = disturbed(plugin, builds, lambda: hgw("clean", option))

    assert ended.returncode == 0, ended.stderr
    assert (plugin / "out" / "main.wasm").read_bytes().startswith(b"\0asm")
    assert "up to date" in hgw("build").out


@pytest.mark.parametrize("seconds", [-86_400, 86_400])
def test_a_clock_that_jumps_between_two_builds(plugin: Path, hgw: Hgw, tmp_path: Path, seconds: int) -> None:
    assert hgw("build").code == 0
    for path in (*plugin.rglob("*"), *(tmp_path / "hgw-home").rglob("*")):
        facts = path.stat()
        os.utime(path, (facts.st_atime - seconds, facts.st_mtime - seconds))

    assert "up to date" in hgw("build").out
    (plugin / "main.go").write_text(PLUGIN["main.go"] + "// edited\n")
    assert "up to date" not in hgw("build").out
    assert hgw("build").code == 0


def test_a_temporary_folder_from_which_nothing_is_executed_is_enough(
    plugin: Path, hgw: Hgw, disk_without_programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(disk_without_programs))
    ended = hgw("build")
    assert ended.code == 0, ended.err
    assert (plugin / "out" / "main.wasm").exists()
    assert list(disk_without_programs.iterdir()) == []
