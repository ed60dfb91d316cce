import os
from pathlib import Path

import pytest

from higress_cli.system.user_file import UnsuitableFileError, read_bytes, read_text


def test_a_byte_order_mark_is_not_text(tmp_path):
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfx")

    assert read_text(tmp_path / "f") == "x"


def test_as_much_as_is_allowed_is_read_and_no_more(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")

    assert read_bytes(tmp_path / "f", most_bytes=5) == b"12345"
    with pytest.raises(UnsuitableFileError, match="more than 4 bytes"):
        read_bytes(tmp_path / "f", most_bytes=4)


@pytest.mark.skipif(os.name != "posix", reason="pipes with a name are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "f")

    with pytest.raises(UnsuitableFileError, match="a pipe"):
        read_text(tmp_path / "f")


@pytest.mark.parametrize(
    ("name", "error"),
    [(".", IsADirectoryError), ("nowhere", FileNotFoundError), ("a\0b", UnsuitableFileError), ("a" * 300, OSError)],
)
def test_what_is_not_a_file_is_an_error_of_the_system(tmp_path: Path, name, error):
    with pytest.raises(error):
        read_text(tmp_path / name)
