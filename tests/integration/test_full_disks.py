"""A full disk is known as such, whoever finds it: a compiler, the go command, hgw itself. The disks are real ones."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Hgw
from tests.support.programs import python_path
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers

MAIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'
PLUGIN = {
    "go.mod": f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "main.go": MAIN,
}
# What the real TinyGo and go do before anything else: they write to the temporary folder and to their caches.
_WRITES = """\
#!/bin/sh
case "$1" in
{command})
    /bin/dd if=/dev/zero of="{place}/data" bs=64k count=100 2>&1 || {{ /bin/rm -f "{place}/data"; exit 1; }}
    /bin/rm "{place}/data"
    ;;
esac
exec "{original}" "$@"
"""


@pytest.fixture
def plugin(tree: Callable[[dict[str, str]], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    return tree(PLUGIN)


def let_write(tools: Path, program: str, *, command: str, place: str) -> None:
    original = tools / "plain" / program
    original.parent.mkdir(exist_ok=True)
    shutil.move(tools / program, original)
    (tools / program).write_text(_WRITES.format(command=command, place=place, original=original), "utf-8")
    (tools / program).chmod(0o755)


@pytest.mark.parametrize(
    ("program", "command", "variable"),
    [
        *(("tinygo", "build", variable) for variable in ("GOCACHE", "HOME")),
        *(("go", "list|mod", variable) for variable in ("TMPDIR", "GOCACHE", "HOME")),
    ],
)
def test_a_compiler_that_finds_a_disk_full(
    plugin: Path,
    small_disk: Path,
    hgw: Hgw,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    command: str,
    variable: str,
) -> None:
    let_write(tmp_path / "tools", program, command=command, place=f"${{{variable}}}")
    monkeypatch.setenv(variable, str(small_disk))

    outcome = hgw("build", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (6, "disk-full"), outcome.out
    assert f"cannot write to {small_disk}: the disk is full" in error["message"]
    assert error["hint"] == f"free some space there, or set {variable} to a folder on another disk"
    assert not (plugin / "main.wasm").exists()


def test_a_full_folder_for_temporary_files_stops_no_compiler_that_has_one_of_its_own(
    plugin: Path, small_disk: Path, hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_write(tmp_path / "tools", "tinygo", command="build", place="${TMPDIR}")
    monkeypatch.setenv("TMPDIR", str(small_disk))

    outcome = hgw("build")

    assert outcome.code == 0, outcome.err
    assert (plugin / "main.wasm").exists()


def test_a_disk_with_space_again_is_enough(plugin: Path, small_disk: Path, hgw: Hgw, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(small_disk))
    assert hgw("build").code == 0


def test_hgw_itself_finds_its_own_disk_full(plugin: Path, small_disk: Path, hgw: Hgw, monkeypatch) -> None:
    (small_disk / "rest").write_bytes(b"")
    with (small_disk / "rest").open("r+b", buffering=0) as rest:
        try:
            while rest.write(b"x" * 4096):
                pass
        except OSError:
            pass
    monkeypatch.setenv("HGW_HOME", str(small_disk))

    outcome = hgw("build", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (6, "disk-full"), outcome.out
    assert "HGW_HOME" in error["hint"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    "argv",
    [
        ["--version"],
        ["version"],
        ["-q", "--version"],
        ["version", "--output", "json"],
        ["help", "settings", "--output", "json"],
        ["--help"],
        ["build", "--help"],
        ["build", "--output", "json"],
        ["build", "--no-such-option", "--output", "json"],
    ],
)
def test_a_full_stdout_is_told_and_ends_with_6(argv: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "higress_cli", *argv],
            env={**os.environ, "PYTHONPATH": python_path()},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 6, done.stderr
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 2
