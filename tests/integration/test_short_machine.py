"""A machine or a shell that gives hgw too little: said, with what helps, and never as a bug of hgw."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.plugins import plugin
from tests.support.programs import python_path

pytestmark = [
    pytest.mark.extra("local"),
    # Without memory, coverage cannot write what it measured and says so itself.
    pytest.mark.usefixtures("unmeasured"),
    pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of a shell on Linux"),
]


def limited(limit: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run hgw in a shell with `ulimit LIMIT`."""
    words = " ".join([sys.executable, "-m", "higress_cli", *argv])
    return subprocess.run(
        ["/bin/bash", "-c", f"ulimit {limit}; exec {words}"],
        env={**os.environ, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> None:
    (tmp_path / "work" / "main.wasm").write_bytes(plugin(entry="_initialize"))


def test_too_few_open_files() -> None:
    ended = limited("-n 8", "verify", "--no-build", "--engine", "builtin")
    assert ended.returncode == 6, ended.stderr
    assert "hgw cannot open one more file: too many are open" in ended.stderr
    assert "hint: ulimit -n 1024" in ended.stderr


def test_few_open_files_are_enough() -> None:
    assert limited("-n 32", "verify", "--no-build", "--engine", "builtin").returncode == 0


@pytest.mark.parametrize("kilobytes", [60_000, 150_000, 400_000])
def test_too_little_memory(kilobytes: int) -> None:
    ended = limited(f"-v {kilobytes}", "verify", "--no-build", "--engine", "builtin")
    assert ended.returncode in {4, 6}, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "memory" in ended.stderr or "cannot be loaded" in ended.stderr
