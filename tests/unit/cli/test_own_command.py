"""The words that start this hgw again, from any folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from higress_cli.cli.own_command import command_of, quoted, seen_from_here, typable
from tests.support.tool_stubs import write_program

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="programs are shell scripts here")
pytestmark = unix_only


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "venv" / "bin" / "hgw"
    write_program(path, "echo started\n")
    return path


def test_the_name_is_enough_where_the_path_leads_to_this_hgw(program: Path, tmp_path: Path) -> None:
    linked = tmp_path / "local" / "hgw"
    linked.parent.mkdir()
    linked.symlink_to(program)

    for folder in (program.parent, linked.parent):
        assert command_of(program, python=Path("/nowhere/python"), search_path=str(folder)) == "hgw"


def test_another_hgw_on_the_path_is_not_this_one(program: Path, tmp_path: Path) -> None:
    write_program(tmp_path / "other" / "hgw", "echo another\n")

    assert command_of(program, python=Path("/nowhere/python"), search_path=str(tmp_path / "other")) == str(program)


def test_a_relative_path_becomes_absolute(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert command_of(Path("venv/bin/hgw"), python=Path("/nowhere/python"), search_path="/nowhere") == str(program)


def test_started_as_a_module_it_is_the_program_beside_the_interpreter(program: Path) -> None:
    started = Path("/site-packages/higress_cli/__main__.py")
    python = program.with_name("python3")

    assert command_of(started, python=python, search_path="/nowhere") == str(program)
    program.unlink()
    assert command_of(started, python=python, search_path="/nowhere") == f"{python} -m higress_cli"


def test_called_from_another_program_it_is_the_name() -> None:
    assert command_of(Path("/usr/bin/pytest"), python=Path("/usr/bin/python3"), search_path=None) == "hgw"


@pytest.mark.parametrize("folder", ["a b", "it's", "a$HOME", "(1)", "插件"])
def test_a_quoted_path_is_one_word_for_the_shell(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "hgw"
    write_program(path, "echo started\n")

    done = subprocess.run(
        ["/bin/sh", "-c", quoted(str(path))], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout == "started\n"


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("hgw build --abi 0.2.100", "hgw -C 'a b' build --abi 0.2.100"),
        ("GOWORK=off hgw build", "GOWORK=off hgw -C 'a b' build"),
        ("hgw --help", "hgw --help"),
        ("go mod edit -dropreplace=x", "cd 'a b' && go mod edit -dropreplace=x"),
        ("in one step: go mod edit -x; git status", "in one step: cd 'a b' && go mod edit -x; cd 'a b' && git status"),
        ("go to another folder", "go to another folder"),
        ("import it, then: hgw build", "import it, then: hgw -C 'a b' build"),
        ("unset GOROOT; hgw doctor", "unset GOROOT; hgw -C 'a b' doctor"),
        ("先导入它，然后运行：hgw build", "先导入它，然后运行：hgw -C 'a b' build"),
        ("`hgw install --yes` runs it, or run it yourself", "`hgw -C 'a b' install --yes` runs it, or run it yourself"),
        ("remove it: hgw keeps nothing there", "remove it: hgw keeps nothing there"),
        ("docker pull higress", "docker pull higress"),
    ],
)
def test_the_commands_of_a_hint_are_for_the_folder_that_is_worked_in(hint: str, expected: str) -> None:
    assert typable(hint, folder="a b") == expected
    assert typable(hint) == hint


def test_a_folder_is_called_as_it_is_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "work" / "plugin"
    below.mkdir()
    monkeypatch.chdir(below)

    assert seen_from_here(below) is None
    assert seen_from_here(below / "more") == "more"
    assert seen_from_here(below.parent) == ".."
    assert seen_from_here(tmp_path / "other") == str(tmp_path / "other")
