"""Files and folders appear whole or not at all."""

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from higress_cli.errors import ConflictError, ToolError
from higress_cli.system import fs
from tests.support.reporter import SilentReporter


class Listening(SilentReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_cache_is_marked_as_one_and_what_cannot_be_marked_is_left_as_it_is(tmp_path):
    fs.mark_as_cache(tmp_path / "a" / "cache")
    tag = tmp_path / "a" / "cache" / "CACHEDIR.TAG"
    assert tag.read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    tag.write_bytes(b"Signature: mine")
    fs.mark_as_cache(tmp_path / "a" / "cache")
    assert tag.read_bytes() == b"Signature: mine"
    fs.mark_as_cache(tag / "below a file")


def test_a_file_is_written_with_its_folders(tmp_path):
    path = tmp_path / "work" / "a" / "b" / "file.txt"

    fs.write_atomically(path, b"content")

    assert path.read_bytes() == b"content"
    assert names(path.parent) == ["file.txt"]


def test_an_old_file_is_replaced_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "work" / "run.sh"
    path.write_bytes(b"old")
    path.chmod(0o750)

    fs.write_atomically(path, b"new")

    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o750)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        fs.write_atomically(tmp_path / "work" / "file", b"")
    finally:
        os.umask(before)

    assert mode_of(tmp_path / "work" / "file") == 0o640


def test_a_write_that_cannot_end_leaves_the_old_file_and_nothing_else(tmp_path):
    folder = tmp_path / "work" / "file"  # a folder is in the way of the rename
    (folder / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="file"):
        fs.write_atomically(folder, b"new")

    assert names(tmp_path / "work") == ["file"]
    assert names(folder) == ["inside"]


def test_a_tree_is_removed_with_what_cannot_be_listed(tmp_path):
    root = tmp_path / "work" / "tree"
    (root / "closed" / "deep").mkdir(parents=True)
    (root / "closed" / "deep" / "file").write_text("x")
    (root / "closed" / "deep").chmod(0o000)
    (root / "closed").chmod(0o000)

    fs.remove_tree(root)

    assert not root.exists()


def test_removing_a_link_leaves_what_it_leads_to(tmp_path):
    kept = tmp_path / "work" / "kept"
    kept.mkdir(mode=0o755)
    (kept / "file").write_text("x")
    link = tmp_path / "work" / "link"
    link.symlink_to(kept)
    (tmp_path / "work" / "tree").mkdir()
    (tmp_path / "work" / "tree" / "inner").symlink_to(kept)

    fs.remove_tree(link)
    fs.remove_tree(tmp_path / "work" / "tree")
    fs.remove_tree(tmp_path / "work" / "never-was")

    assert names(tmp_path / "work") == ["kept"]
    assert (names(kept), mode_of(kept)) == (["file"], 0o755)


def test_a_read_only_tree_becomes_writable_without_touching_what_links_lead_to(tmp_path):
    outside = tmp_path / "work" / "outside"
    outside.write_text("x")
    outside.chmod(0o444)
    root = tmp_path / "work" / "tree"
    (root / "src").mkdir(parents=True)
    (root / "src" / "file").write_text("x")
    (root / "src" / "link").symlink_to(outside)
    (root / "src" / "file").chmod(0o444)
    (root / "src").chmod(0o555)

    fs.make_writable(root)

    assert mode_of(root / "src") & stat.S_IWUSR
    assert mode_of(root / "src" / "file") & stat.S_IWUSR
    assert not mode_of(outside) & stat.S_IWUSR
    assert fs.count_files(root) == 2


# Locks between processes -------------------------------------------------------------------------------------------


def _hold(lock: str, log: str, name: str, seconds: float) -> None:
    with fs.exclusive(Path(lock), reporter=SilentReporter(), waiting_for="the store"):
        for word in ("in", "out"):
            with Path(log).open("a") as sink:
                sink.write(f"{name} {word}\n")
            time.sleep(seconds)


@pytest.mark.slow
def test_two_processes_take_turns(tmp_path):
    lock, log = tmp_path / "work" / "lock", tmp_path / "work" / "log"
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_hold, args=(str(lock), str(log), name, 0.3)) for name in ("first", "second", "third")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    lines = log.read_text().splitlines()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(lines) == 6
    for index in (0, 2, 4):
        assert lines[index].replace(" in", " out") == lines[index + 1]


@pytest.fixture
def holder(tmp_path, unmeasured):
    """Another process that holds the lock."""
    lock, log = tmp_path / "work" / "lock", tmp_path / "work" / "log"
    worker = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(lock), str(log), "other", 30.0))
    worker.start()
    deadline = time.monotonic() + 20
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield worker, lock
    worker.kill()
    worker.join()


@pytest.mark.slow
def test_who_waits_too_long_is_told_who_is_busy(holder):
    _worker, lock = holder
    reporter = Listening()

    with (
        pytest.raises(ToolError) as caught,
        fs.exclusive(lock, reporter=reporter, waiting_for="the store", patience=0.3),
    ):
        pass

    assert caught.value.code == "store-locked"
    assert reporter.notes == ["waiting for another hgw that is busy with the store"]


def test_a_process_that_is_killed_holds_no_lock(holder):
    worker, lock = holder
    worker.kill()
    worker.join()

    with fs.exclusive(lock, reporter=SilentReporter(), waiting_for="the store", patience=5.0):
        assert not worker.is_alive()


def test_a_lock_is_free_again_after_an_error(tmp_path):
    lock = tmp_path / "work" / "lock"

    with pytest.raises(RuntimeError), fs.exclusive(lock, reporter=SilentReporter(), waiting_for="it"):
        raise RuntimeError
    with fs.exclusive(lock, reporter=SilentReporter(), waiting_for="it", patience=0.1):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "work" / "file").write_text("in the way")

    with (
        pytest.raises(ConflictError) as caught,
        fs.exclusive(tmp_path / "work" / "file" / "lock", reporter=SilentReporter(), waiting_for="it"),
    ):
        pass

    assert caught.value.code == "not-a-folder"
    assert "HGW_HOME" in (caught.value.hint or "")
