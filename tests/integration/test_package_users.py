"""The same module in two clones of a repository, packed by two users, is the same image."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.programs import python_path

NOBODY = 65534
# The interpreter may be in the home of root, where another user cannot read.
READING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


def package(clone: Path, home: Path, *, before: tuple[str, ...] = (), umask: int, zone: str) -> str:
    done = subprocess.run(
        [*before, sys.executable, "-m", "higress_cli", "package", "--output", "json"],
        cwd=clone,
        umask=umask,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TZ": zone, "PYTHONPATH": python_path()},
        capture_output=True,
        check=False,
    )
    document = json.loads(done.stdout)
    assert document["ok"], document
    data = document["data"]
    assert data["version"]["value"] == "1.2.3"
    return str(data["digest"])


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can reach, as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="hgw-users-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can be another user, and setpriv lets that one read the interpreter",
)
def test_another_users_clone_gives_the_same_digest(place: Path):
    origin, homes = place / "origin", [place / "mine", place / "theirs"]
    origin.mkdir()
    (origin / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))
    (origin / "hgw.yaml").write_text("name: demo\n", "utf-8")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in ("init --quiet", "add --all", "commit --quiet -m a", "tag v1.2.3"):
        subprocess.run(["git", *identity, *words.split()], cwd=origin, check=True)
    for name, home in zip(("one", "two 二"), homes, strict=True):
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(origin), str(place / name)], check=True)
    for path in (homes[1], place / "two 二", *(place / "two 二").rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    someone = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *READING)

    mine = package(place / "one", homes[0], umask=0o022, zone="UTC")
    theirs = package(place / "two 二", homes[1], before=someone, umask=0o077, zone="Asia/Shanghai")

    assert mine == theirs
    assert (place / "two 二" / "dist" / "demo-1.2.3.oci.tar").stat().st_uid == NOBODY
