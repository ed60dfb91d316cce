"""`hgw init` in a process of its own, stopped in the middle: nothing is left behind, nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Hgw
from tests.support.programs import python_path
from tests.support.tool_stubs import write_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": python_path(), "PYTHONDONTWRITEBYTECODE": "1", **more}


def everything(folder: Path) -> dict[str, str | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture(params=["a new folder", "a folder with files in it"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "plugins" / "one"
    if request.param != "a new folder":
        folder.mkdir(parents=True)
        (folder / "main.go").write_text("mine\n", "utf-8")
    return folder


def test_a_disk_that_is_full(target: Path, tmp_path: Path) -> None:
    """The system's limit on the size of files stands in for the disk: writing fails after some bytes."""
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    before = everything(tmp_path / "work")

    done = subprocess.run(
        [sys.executable, "-m", "higress_cli", "init", str(target), "--force", "--output", "json"],
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )

    assert done.returncode == 6, done.stdout + done.stderr
    assert '"write-failed"' in done.stdout
    assert everything(tmp_path / "work") == before


@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle(target: Path, tmp_path: Path, wanted: signal.Signals) -> None:
    """git is a program that says that it has begun, when all files are written but not in place, and goes on."""
    begun = tmp_path / "begun"
    write_program(tmp_path / "bin" / "git", f"touch '{begun}'; exec sleep 60\n")
    before = everything(tmp_path / "work")
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "init", str(target), "--force", "--git"],
        env=environment(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}"),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    process.send_signal(wanted)

    assert process.wait(20) == 130
    assert everything(tmp_path / "work") == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system in which nobody, root included, makes folders")
def test_a_folder_that_may_not_be_written_to(hgw: Hgw) -> None:
    outcome = hgw("init", "/sys/fs/one", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (6, "write-denied")
    assert "/sys/fs/one" in error["message"]
