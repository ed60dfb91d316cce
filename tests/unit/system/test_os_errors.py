"""What an operating system refuses is one error with its own id, whoever was writing."""

import errno
import os
from pathlib import Path

import pytest

from higress_cli.errors import ConflictError, InvalidInput
from higress_cli.i18n import activate
from higress_cli.system.os_errors import disk_full, is_full, machine_error, read_error, write_error


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (errno.ENOSPC, "disk-full", "the disk is full"),
        (errno.EDQUOT, "disk-full", "quota"),
        (errno.EROFS, "read-only", "read-only"),
        (errno.EACCES, "write-denied", "permission denied"),
        (errno.EPERM, "write-denied", "permission denied"),
        (errno.ENOTDIR, "not-a-folder", "a part of the path is a file"),
        (errno.EISDIR, "is-a-folder", "it is a folder"),
        (errno.ENAMETOOLONG, "name-too-long", "too long"),
        (errno.ETXTBSY, "file-in-use", "another program"),
        (errno.ENOENT, "folder-missing", "does not exist"),
        (errno.EIO, "write-failed", os.strerror(errno.EIO)),
        (None, "write-failed", "odd"),
    ],
)
def test_each_reason_has_an_id(number: int | None, code: str, reason: str) -> None:
    error = write_error(Path("/p/main.wasm"), OSError(number, os.strerror(number)) if number else OSError("odd"))

    assert isinstance(error, ConflictError)
    assert error.code == code
    assert error.message.startswith("/p/main.wasm cannot be written: ")
    assert reason in error.message
    assert error.details == {"path": Path("/p/main.wasm")}


@pytest.mark.parametrize("number", [errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EIO])
def test_a_file_that_the_machine_does_not_give_is_no_bug_wherever_it_is_met(number: int) -> None:
    error = machine_error(OSError(number, os.strerror(number), "/p/go.sum"))
    assert error is not None
    assert error.message.startswith("/p/go.sum cannot be read: ")
    assert machine_error(OSError(errno.EINVAL, "Invalid argument", "/p/go.sum")) is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_file_that_is_one_too_many_is_neither_unreadable_nor_unwritable(number: int) -> None:
    error = OSError(number, os.strerror(number), "/p/hgw.yaml")
    for known in (write_error("/p/hgw.yaml", error), read_error(Path("/p/hgw.yaml"), error)):
        assert (known.code, known.exit_code) == ("too-many-files", 6)


@pytest.mark.parametrize(("number", "code"), [(32, "file-in-use"), (206, "name-too-long"), (5, "write-denied")])
def test_windows_says_more_by_its_own_number(number: int, code: str) -> None:
    error = OSError(errno.EACCES, "Access is denied")
    error.__dict__["winerror"] = number

    assert write_error("x", error).code == code


def test_what_the_system_really_raises(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    def code(path: Path) -> str:
        with pytest.raises(OSError, match="Errno") as caught:
            path.write_text("x")
        return write_error(path, caught.value).code

    assert code(tmp_path / "file" / "below") == "not-a-folder"
    assert code(tmp_path / ("x" * 5000)) == "name-too-long"
    assert code(tmp_path / "none" / "file") == "folder-missing"
    assert code(tmp_path) == "is-a-folder"
    with pytest.raises(FileExistsError) as caught:
        (tmp_path / "file").mkdir(parents=True, exist_ok=True)
    assert write_error(tmp_path, caught.value).code == "not-a-folder"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_disk_that_is_really_full() -> None:
    with pytest.raises(OSError, match="Errno") as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")

    assert is_full(caught.value)
    assert write_error("/dev/full", caught.value).code == disk_full(Path("/x")).code == "disk-full"


def test_the_reason_is_in_the_language_of_the_call() -> None:
    activate("zh")
    try:
        message = write_error("x", PermissionError(errno.EACCES, "Permission denied")).message
    finally:
        activate("en")
    assert "Permission" not in message
    assert "权限" in message


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"ab\xff\xfe")

    with pytest.raises(UnicodeDecodeError) as decoding:
        (tmp_path / "text").read_text("utf-8")
    with pytest.raises(IsADirectoryError) as opening:
        tmp_path.read_text("utf-8")

    not_text = read_error(tmp_path / "text", decoding.value, hint="h")
    assert isinstance(not_text, InvalidInput)
    assert (not_text.code, not_text.hint) == ("file-unreadable", "h")
    assert not_text.message.endswith("it is not text in UTF-8 (byte 2)")
    assert read_error(tmp_path, opening.value).message.endswith("it is a folder")
    assert read_error(tmp_path, decoding.value).hint == "save it as UTF-8"
    assert read_error(tmp_path, opening.value).hint == "give the path of a file"
    in_place = read_error(tmp_path, opening.value, is_fixed=True).hint
    assert in_place == "move the folder away: a file of that name is read here"
    assert read_error(tmp_path, FileNotFoundError(errno.ENOENT, "")).hint == "give the path of a file that exists"
    assert read_error(tmp_path, PermissionError(errno.EACCES, "")).hint == "give this user permission to read it"
    assert "Input/output" in read_error(tmp_path, OSError(errno.EIO, os.strerror(errno.EIO))).message
