"""What an interrupted move left is taken back, and nothing else, whatever the journal says."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from higress_cli.system.moves import undo_interrupted

NEW = hashlib.sha256(b"new").hexdigest()


def interrupted(folder: Path, entries: list[dict[str, Any]], created: tuple[str, ...] = ()) -> None:
    """A staging folder of a process that died when it had moved everything that `entries` name."""
    staging = folder / ".hgw-staging-dead"
    staging.mkdir(parents=True)
    (staging / "lock").touch()
    (staging / "journal.json").write_text(json.dumps({"entries": entries, "created": created}), "utf-8")


def entry(target: str, **more: Any) -> dict[str, Any]:
    return {"staged": "new-0", "target": target, "digest": NEW, **more}


def test_what_was_there_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "work" / "plugin"
    interrupted(folder, [entry("made/a"), entry("b", copy="b.orig", kept="kept-1")], ("made",))
    (folder / "made").mkdir()
    for name, text in (("made/a", "new"), ("b", "new"), ("b.orig", "old"), ("c", "mine")):
        (folder / name).write_text(text)

    undone = undo_interrupted(folder)

    assert [item.changed for item in undone] == [()]
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"b": "old", "c": "mine"}


@pytest.mark.parametrize(
    "wrong",
    [
        entry("../outside"),
        entry("link/outside"),
        entry("b", copy="../outside", kept="kept-0"),
        entry("b", copy="c", kept="kept-0"),
        entry(".git/config", copy=".git/config.orig", kept="kept-0"),
        entry(".git", copy=".git.orig", kept="kept-0"),
        entry("b", unknown=1),
        {"staged": 1, "target": 2, "digest": 3},
        [],
        "text",
        None,
    ],
)
def test_a_journal_that_hgw_did_not_write_changes_nothing(tmp_path: Path, wrong: Any) -> None:
    folder = tmp_path / "work" / "plugin"
    interrupted(folder, [wrong])
    (folder / ".git").mkdir()
    (tmp_path / "work" / "outside").write_text("new")
    (folder / "link").symlink_to(tmp_path / "work", target_is_directory=True)
    for name in ("b", "c", ".git/config", ".git/config.orig", ".git.orig"):
        (folder / name).write_text("new")

    assert undo_interrupted(folder) == ()

    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files >= {"b", "c", ".git/config", ".git/config.orig", ".git.orig"}
    assert (tmp_path / "work" / "outside").read_text() == "new"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"entries": 1, "created": 2}', "[" * 100_000])
def test_a_journal_that_cannot_be_read_changes_nothing(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "work" / "plugin"
    interrupted(folder, [])
    (folder / ".hgw-staging-dead" / "journal.json").write_text(text)
    (folder / "b").write_text("new")

    assert undo_interrupted(folder) == ()

    assert [path.name for path in folder.iterdir()] == ["b"]
