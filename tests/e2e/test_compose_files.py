"""The docker-compose.yaml of every template, judged by Debian's docker-compose. It needs no daemon, and no root.

It is fetched with apt into the checkout's .cache, with the Python packages that it imports, and run from there.
"""

import os
import shutil
import subprocess
from pathlib import Path

import filelock
import pytest

from higress_cli.scaffold.templates import list_templates
from tests.conftest import Hgw
from tests.e2e.conftest import CACHE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="docker-compose comes from Debian's packages"),
]
PYTHON_PACKAGES = (
    "attr cached-property certifi chardet charset-normalizer distro docker dockerpty docopt dotenv idna jsonschema "
    "packaging pkg-resources pyrsistent requests setuptools six texttable urllib3 websocket yaml"
)
PACKAGES = ("docker-compose", *(f"python3-{name}" for name in PYTHON_PACKAGES.split()))
START = "import sys; from compose.cli.main import main; sys.argv[0] = 'docker-compose'; main()"


@pytest.fixture(scope="session")
def compose_packages() -> Path:
    """A folder of Python packages with docker-compose among them."""
    folder = CACHE / "e2e-compose"
    with filelock.FileLock(CACHE / "e2e-compose.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            for name in ("lists/partial", "archives/partial", "debs", "root"):
                (folder / name).mkdir(parents=True)
            apt = (
                "apt-get", "-q", "-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}",
                "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User=",
            )  # fmt: skip
            subprocess.run([*apt, "update"], check=True, capture_output=True)
            subprocess.run([*apt, "download", *PACKAGES], check=True, capture_output=True, cwd=folder / "debs")
            for package in (folder / "debs").glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(folder / "root")], check=True)
            (folder / "done").touch()
    return folder / "root" / "usr" / "lib" / "python3" / "dist-packages"


def config(compose_file: Path, packages: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/python3", "-c", START, "-f", str(compose_file), "config", "--quiet"],
        env={**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("template", [template.name for template in list_templates()])
def test_a_compose_file_is_valid(hgw: Hgw, compose_packages: Path, template: str) -> None:
    assert hgw("init", "one", "--template", template).code == 0

    done = config(Path("one/docker-compose.yaml").absolute(), compose_packages)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_judge_finds_mistakes(hgw: Hgw, compose_packages: Path) -> None:
    hgw("init", "one")
    path = Path("one/docker-compose.yaml").absolute()
    path.write_text(path.read_text("utf-8").replace("depends_on", "depend_on"), "utf-8")

    done = config(path, compose_packages)

    assert done.returncode != 0
    assert "depend_on" in done.stderr
