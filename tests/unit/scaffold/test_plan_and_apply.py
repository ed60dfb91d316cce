"""Plans and their execution: all of it or nothing."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from higress_cli.errors import ConflictError, ToolError
from higress_cli.scaffold.apply import apply_plan
from higress_cli.scaffold.plan import Action, Plan, PlannedFile, make_plan, refuse_conflicts
from higress_cli.scaffold.renderer import RenderedFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def rendered(files: Mapping[str, str]) -> list[RenderedFile]:
    return [RenderedFile(path=PurePosixPath(name), content=text.encode()) for name, text in files.items()]


def everything(folder: Path) -> dict[str, str | None]:
    """All below `folder`: files with their content, folders with None."""
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else None for path in folder.rglob("*")
    }


def actions(plan: Plan) -> dict[str, Action]:
    return {file.path.relative_to(plan.directory).as_posix(): file.action for file in plan.files}


def test_each_file_is_new_the_same_or_in_the_way(folder: Path) -> None:
    (folder / "same").write_text("1")
    (folder / "other").write_text("mine")
    wanted = rendered({"new/file": "0", "same": "1", "other": "2"})

    assert actions(make_plan(folder, wanted)) == {
        "new/file": Action.CREATE,
        "same": Action.IDENTICAL,
        "other": Action.CONFLICT,
    }
    assert actions(make_plan(folder, wanted, force=True))["other"] is Action.OVERWRITE
    assert actions(make_plan(folder, wanted, keep=True))["other"] is Action.KEEP


def test_conflicts_are_named(folder: Path) -> None:
    (folder / "a").write_text("mine")
    (folder / "b").write_text("mine")

    with pytest.raises(ConflictError) as caught:
        refuse_conflicts(make_plan(folder, rendered({"a": "1", "b": "1", "c": "1"})))

    assert caught.value.code == "file-exists"
    assert "a, b" in caught.value.message


def test_a_link_to_nowhere_is_in_the_way(folder: Path) -> None:
    (folder / "a").symlink_to(folder / "nowhere")

    assert actions(make_plan(folder, rendered({"a": "1"}))) == {"a": Action.CONFLICT}


def test_a_folder_where_a_file_should_be(folder: Path) -> None:
    (folder / "main.go").mkdir()

    with pytest.raises(ConflictError) as caught:
        make_plan(folder, rendered({"main.go": "1"}), force=True)

    assert caught.value.code == "path-taken"


def test_a_file_where_a_folder_should_be(folder: Path) -> None:
    (folder / "internal").write_text("mine")

    with pytest.raises(ConflictError) as caught:
        make_plan(folder, rendered({"internal/x/y.go": "1"}), force=True)

    assert caught.value.code == "path-taken"


def test_a_link_in_the_folder_does_not_lead_out_of_it(folder: Path) -> None:
    outside = folder / "outside"
    inside = folder / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "internal").symlink_to(outside, target_is_directory=True)

    with pytest.raises(ConflictError) as caught:
        make_plan(inside, rendered({"internal/y.go": "1"}), force=True)

    assert caught.value.code == "path-unsafe"


def test_a_new_folder_appears_whole(folder: Path) -> None:
    target = folder / "a" / "b"

    apply_plan(make_plan(target, rendered({"x": "1", "y/z": "2"})))

    assert everything(folder) == {"a": None, "a/b": None, "a/b/x": "1", "a/b/y": None, "a/b/y/z": "2"}


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_that_the_user_asks_for(folder: Path) -> None:
    tool = RenderedFile(path=PurePosixPath("tool"), content=b"", executable=True)
    before = os.umask(0o027)
    try:
        apply_plan(make_plan(folder / "new", [*rendered({"x": "1"}), tool]))
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder / "new", *(folder / "new").iterdir())}
    assert modes == {"new": 0o750, "x": 0o640, "tool": 0o750}


def test_what_is_there_already_stays(folder: Path) -> None:
    (folder / "mine").write_text("mine")
    (folder / "other").write_text("old")

    apply_plan(make_plan(folder, rendered({"other": "new", "y/z": "2"}), force=True))

    assert everything(folder) == {"mine": "mine", "other": "new", "other.orig": "old", "y": None, "y/z": "2"}


def test_completing_belongs_to_the_whole(folder: Path) -> None:
    def complete(folder: Path) -> None:
        (folder / ".repo").mkdir()
        (folder / ".repo" / "head").write_text("main")

    for directory in (folder / "new", folder):
        apply_plan(make_plan(directory, rendered({"x": "1"})), complete=complete)

        assert (directory / ".repo" / "head").read_text() == "main"
        assert (directory / "x").read_text() == "1"


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ToolError("no", code="git-failed")])
def test_when_completing_fails_nothing_is_left(
    folder: Path, exists: bool, error: type[BaseException] | BaseException
) -> None:
    target = folder / "a" / "project"
    if exists:
        target.mkdir(parents=True)
        (target / "x").write_text("mine")
    before = everything(folder)

    def complete(folder: Path) -> None:
        (folder / ".repo").mkdir()
        raise error

    with pytest.raises((KeyboardInterrupt, ToolError)):
        apply_plan(make_plan(target, rendered({"x": "1", "y/z": "2"}), force=True), complete=complete)

    assert everything(folder) == before


def test_when_moving_fails_what_was_overwritten_comes_back(folder: Path) -> None:
    (folder / "a").write_text("mine")
    (folder / "internal").write_text("a file since the plan was made")
    planned = {"a": Action.OVERWRITE, "new/b": Action.CREATE, "internal/c": Action.CREATE}
    plan = Plan(
        directory=folder,
        files=tuple(
            PlannedFile(path=folder / name, action=action, content=b"new", executable=False)
            for name, action in planned.items()
        ),
    )
    before = everything(folder)

    with pytest.raises(ConflictError) as caught:
        apply_plan(plan)

    assert caught.value.code == "not-a-folder"
    assert everything(folder) == before


def test_nothing_to_write_touches_nothing(folder: Path) -> None:
    (folder / "x").write_text("1")
    changed = folder.stat().st_mtime_ns

    apply_plan(make_plan(folder, rendered({"x": "1"})))

    assert folder.stat().st_mtime_ns == changed
