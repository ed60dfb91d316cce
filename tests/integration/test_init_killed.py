"""`hgw init` killed with SIGKILL at each point at which it changes a file: the next command leaves all as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Hgw
from tests.support.programs import python_path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork"),
    pytest.mark.usefixtures("unmeasured"),
]
ROOT = Path(__file__).parents[2]
FORCED = ["init", ".", "--force", "--defaults"]
MINE = {
    "main.go": "package main // mine\n",
    "go.mod": "module mine\n",
    "hgw.yaml": "name: mine\n",
    "notes.txt": "mine\n",
    "internal/own.go": "package internal\n",
}


def killed_everywhere(folder: Path, argv: list[str], following: list[str] | int) -> list[dict[str, Any]]:
    """What was left after each point of `hgw ARGV` in `folder` and the command after it; the last one is complete."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.kill_points", str(folder), json.dumps(argv), json.dumps(following)],
        env={**os.environ, "PYTHONPATH": f"{python_path()}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    if isinstance(following, int):
        return found
    assert [item["ended"] for item in found[:-1]] == [-9] * (len(found) - 1)
    assert len(found) > 10
    return found


def lost(before: dict[str, str], after: dict[str, str | None]) -> list[str]:
    """The files whose old content is neither at its place nor in a copy that is named after it."""
    return [
        name
        for name, text in before.items()
        if text not in [content for place, content in after.items() if place.startswith(name)]
    ]


def written(folder: Path) -> Path:
    for name, text in MINE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return written(tmp_path / "work" / "plugin")


def test_a_folder_with_files_is_filled_or_as_it_was(mine: Path) -> None:
    found = killed_everywhere(mine, FORCED, ["help", "settings"])

    before = {**MINE, "internal": None}
    complete = found[-1]["after"]
    assert complete["main.go.orig"] == MINE["main.go"]
    assert complete["hgw.yaml.orig"] == MINE["hgw.yaml"]
    for item in found:
        assert lost(MINE, item["at_once"]) == [], item["point"]
        assert item["after"] in (before, complete), item["point"]


def test_a_new_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "work" / "plugins"
    folder.mkdir()

    found = killed_everywhere(folder, ["init", "a/new", "--defaults"], ["help", "settings"])

    complete = found[-1]["after"]
    assert "a/new/main.go" in complete
    assert [item["point"] for item in found if item["after"] not in ({}, complete)] == []


@pytest.fixture(scope="module")
def half_way(tmp_path_factory: pytest.TempPathFactory) -> int:
    """The first point of `hgw init --force` at which main.go has been replaced."""
    found = killed_everywhere(written(tmp_path_factory.mktemp("work") / "plugin"), FORCED, ["help", "settings"])
    return next(item["point"] for item in found if item["at_once"].get("main.go") != MINE["main.go"])


@pytest.fixture
def half_done(mine: Path, half_way: int) -> Path:
    """The folder as a killed `hgw init --force` left it."""
    killed_everywhere(mine, FORCED, half_way)
    assert (mine / "main.go.orig").exists()
    return mine


def test_undoing_can_be_killed_too(half_done: Path) -> None:
    again = killed_everywhere(half_done, ["help", "settings"], ["help", "settings"])

    assert [item["point"] for item in again if item["after"] != {**MINE, "internal": None}] == []


@pytest.mark.parametrize("named", [False, True])
def test_what_was_edited_since_stays(half_done: Path, hgw: Hgw, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    mine = half_done
    (mine / "main.go").write_text("package main // edited since\n", "utf-8")
    if not named:
        monkeypatch.chdir(mine)

    outcome = hgw("verify", str(mine)) if named else hgw("help", "settings")

    assert f"an earlier `hgw init` in {mine} was ended before it was done: its changes were undone" in outcome.err
    assert f"{mine / 'main.go'} has been edited since, and stays" in outcome.err
    assert (mine / "main.go").read_text("utf-8") == "package main // edited since\n"
    assert (mine / "main.go.orig").read_text("utf-8") == MINE["main.go"]
    assert (mine / "hgw.yaml").read_text("utf-8") == MINE["hgw.yaml"]
    assert not list(mine.glob(".*"))
