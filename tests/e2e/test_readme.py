"""The README's walk, run as it stands: what a new user types has to work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]
ROOT = Path(__file__).parents[2]


def walk(readme: str) -> list[str]:
    """The commands of the block that the README marks as a walk."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    block = re.search(r"<!-- walk[^>]*-->\n```console\n(.*?)```", text, re.DOTALL)
    assert block, f"{readme} has no walk"
    return [line.partition("#")[0].strip() for line in block[1].splitlines() if line.strip()]


def shell_environment() -> dict[str, str]:
    """That of this test, with `hgw` on the PATH as after an installation."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_walk_leads_to_a_verified_plugin(real_tools: Path, tmp_path: Path) -> None:
    commands = walk("README.md")
    assert commands[0] == "hgw install"
    assert commands[-1] == "hgw verify"
    ended = subprocess.run(
        ["bash", "-euc", "\n".join(commands)],
        cwd=tmp_path / "work",
        env=shell_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "hello world" in ended.stdout
    assert (tmp_path / "work" / "hello-plugin" / "main.wasm").is_file()


def test_both_readmes_have_the_same_walk() -> None:
    assert walk("README.md") == walk("README.zh.md")


def test_every_hgw_command_of_the_readmes_exists(hgw) -> None:
    for readme in ("README.md", "README.zh.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        named = set(re.findall(r"`hgw ([a-z]+)", text)) | set(re.findall(r"^hgw ([a-z]+)", text, re.MULTILINE))
        assert len(named) >= 7
        for command in named:
            assert hgw(command, "--help").code == 0, f"{readme}: hgw {command}"
