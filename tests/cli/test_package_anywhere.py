"""The same module and the same metadata give the same image, whoever packs it, wherever and whenever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.programs import python_path


@pytest.mark.slow
def test_the_digest_depends_on_nothing_around_the_module(tmp_path: Path):
    digests = set()
    for number, (mask, around) in enumerate(
        (
            (0o022, {"TZ": "UTC", "LANG": "C"}),
            (0o077, {"TZ": "Asia/Shanghai", "LANG": "zh_CN.UTF-8", "PYTHONHASHSEED": "7", "USER": "other"}),
        )
    ):
        folder = tmp_path / f"clone {number}"
        folder.mkdir()
        (folder / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))
        (folder / "hgw.yaml").write_text("name: demo\nversion: 1.0.0\n", "utf-8")
        (folder / "LICENSE").write_text("free\n", "utf-8")
        (folder / "LICENSE").chmod(0o600 if number else 0o755)
        os.utime(folder / "main.wasm", (number, number))
        done = subprocess.run(
            [sys.executable, "-m", "higress_cli", "package", "--also", "LICENSE", "--output", "json"],
            cwd=folder,
            umask=mask,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": python_path(), **around},
            capture_output=True,
            check=True,
        )
        data = json.loads(done.stdout)["data"]
        digests.add((data["digest"], Path(data["path"]).read_bytes()))
    assert len(digests) == 1
