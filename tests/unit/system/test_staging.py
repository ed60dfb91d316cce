"""Staging folders: beside their target, gone at the end, and taken only from the dead."""

from pathlib import Path

import pytest

from higress_cli.system.staging import PREFIX, abandoned_folders, empty, put_back, reveal, staging_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_staging_folder_is_beside_and_gone_at_the_end(tmp_path):
    target = tmp_path / "work" / "store" / "tool"

    with staging_folder(target) as staged:
        assert staged.parent == target.parent
        (staged / "half").write_text("made")

    assert names(target.parent) == []


def test_a_staging_folder_is_gone_after_an_error_with_its_read_only_parts(tmp_path):
    target = tmp_path / "work" / "tool"

    def be_interrupted() -> None:
        with staging_folder(target) as staged:
            (staged / "mod" / "deep").mkdir(parents=True)
            (staged / "mod" / "deep" / "file").write_text("x")
            (staged / "mod" / "deep").chmod(0o500)
            (staged / "mod").chmod(0o500)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()

    assert names(tmp_path / "work") == []


def test_what_was_renamed_out_of_a_staging_folder_stays(tmp_path):
    target = tmp_path / "work" / "tool"

    with staging_folder(target) as staged:
        (staged / "done").mkdir()
        reveal(staged / "done", target)

    assert names(tmp_path / "work") == ["tool"]


def test_a_folder_takes_the_place_of_an_older_one(tmp_path):
    target = tmp_path / "work" / "tool"
    for folder, text in ((target, "old"), (tmp_path / "work" / "staged", "new")):
        folder.mkdir()
        (folder / "version").write_text(text)

    reveal(tmp_path / "work" / "staged", target)

    assert (target / "version").read_text() == "new"
    assert names(tmp_path / "work") == ["tool"]


def test_an_older_folder_comes_back_when_the_new_one_cannot_be_put_there(tmp_path):
    target = tmp_path / "work" / "tool"
    target.mkdir()
    (target / "version").write_text("old")

    with pytest.raises(FileNotFoundError):
        reveal(tmp_path / "work" / "not-there", target)

    assert (target / "version").read_text() == "old"
    assert names(tmp_path / "work") == ["tool"]


def test_only_the_staging_folders_of_the_dead_are_taken(tmp_path):
    """A folder with a lock that nobody holds is what a killed process leaves."""
    place = tmp_path / "work"
    dead, empty, users = place / ".hgw-staging-dead", place / ".hgw-staging-empty", place / ".staging-area"
    for folder in (dead, empty, users):
        folder.mkdir()
    for folder in (dead, users):
        (folder / "lock").touch()
        (folder / "new-0").write_text("half")

    with staging_folder(place / "tool") as alive:
        with abandoned_folders(place) as found:
            assert found == (dead,)
        assert names(place) == sorted([alive.name, users.name])

    assert names(place) == [users.name]
    assert names(users) == ["lock", "new-0"]


def test_what_was_set_aside_comes_back_when_the_process_dies_before_its_replacement_is_there(tmp_path):
    """The first folder is as `reveal` leaves it between its two renames, the second as it leaves it after both."""
    place = tmp_path / "work"
    for name, tool in ((".hgw-staging-first", "one"), (".hgw-staging-second", "two")):
        (place / name / "aside" / tool).mkdir(parents=True)
        (place / name / "aside" / tool / "version").write_text("old")
    (place / "two").mkdir()
    (place / "two" / "version").write_text("new")

    for leftover in place.glob(".hgw-staging-*"):
        put_back(leftover)

    assert {path.name: (path / "version").read_text() for path in place.glob("[a-z]*")} == {"one": "old", "two": "new"}


def test_emptying_leaves_what_a_living_process_prepares(tmp_path):
    folder = tmp_path / "cache"
    (folder / "folder" / "deep").mkdir(parents=True)
    (folder / "file").write_text("x")
    (folder / f"{PREFIX}half-removed" / "tmp").mkdir(parents=True)
    with staging_folder(folder / "target") as staged:
        assert empty(folder) == 1

        assert names(folder) == [staged.name]
    assert empty(folder) == 0
    assert empty(tmp_path / "nothing") == 0


def test_emptying_a_link_leaves_what_it_leads_to(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("x")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")

    assert empty(link) == 0

    assert not link.is_symlink()
    assert names(tmp_path / "elsewhere") == ["file"]
