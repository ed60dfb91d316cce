"""The templates are in what is released: in a wheel, and in a wheel that is made from the source distribution."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["from_checkout", "from_sdist"])
def wheel(request, released) -> Path:
    return getattr(released, request.param)


def test_every_file_of_every_template_is_in_the_wheel(wheel: Path) -> None:
    templates = ROOT / "templates"
    wanted = {
        f"higress_cli/templates/{path.relative_to(templates).as_posix()}": path.read_bytes()
        for path in templates.rglob("*")
        if path.is_file()
    }

    with zipfile.ZipFile(wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if name.startswith("higress_cli/templates/")}

    assert found == wanted


def test_the_wheel_makes_projects(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "PYTHONDONTWRITEBYTECODE": "1"}

    for template in ("basic", "redis-rate-limit"):
        done = subprocess.run(
            [sys.executable, "-m", "higress_cli", "init", template, "--template", template, "--ci", "github"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert (tmp_path / template / ".github" / "workflows" / "plugin.yaml").is_file()
        assert (tmp_path / template / ".gitignore").is_file()
