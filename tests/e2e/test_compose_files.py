"""The docker-compose.yaml of every template, judged by Debian's docker-compose. It needs no daemon, and no root.

It is fetched with apt into the checkout's .cache, with the Python packages that it imports, and run from there.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from higress_cli.scaffold.templates import list_templates
from tests.conftest import Hgw
from tests.e2e.debian import docker_compose

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="docker-compose comes from Debian's packages"),
]


@pytest.fixture(scope="session")
def compose_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return docker_compose(tmp_path_factory.mktemp("compose"))


def config(compose_file: Path, compose_program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(compose_program), "-f", str(compose_file), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("template", [template.name for template in list_templates()])
def test_a_compose_file_is_valid(hgw: Hgw, compose_program: Path, template: str) -> None:
    assert hgw("init", "one", "--template", template).code == 0

    done = config(Path("one/docker-compose.yaml").absolute(), compose_program)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_judge_finds_mistakes(hgw: Hgw, compose_program: Path) -> None:
    hgw("init", "one")
    path = Path("one/docker-compose.yaml").absolute()
    path.write_text(path.read_text("utf-8").replace("depends_on", "depend_on"), "utf-8")

    done = config(path, compose_program)

    assert done.returncode != 0
    assert "depend_on" in done.stderr
