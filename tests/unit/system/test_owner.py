"""Whose files hgw believes."""

import os
from pathlib import Path

import pytest

from higress_cli.system.owner import is_believed, is_private

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners by number here")
ROOTS = Path("/")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.touch()
    return path


@pytest.fixture
def strange_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of another user: given away where that is possible, else this user is another one."""
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    return file


def test_ones_own_files_and_those_of_root_are_believed(file: Path) -> None:
    assert is_believed(file, beside=ROOTS)
    assert is_believed(Path("/etc/passwd"), beside=file)


def test_those_of_others_are_not(strange_file: Path) -> None:
    assert not is_believed(strange_file, beside=ROOTS)
    assert not is_believed(strange_file.with_name("missing"), beside=ROOTS)


def test_those_of_the_owner_of_the_plugin_are_believed(strange_file: Path) -> None:
    """As in a container whose root works in a folder of the machine's user."""
    assert is_believed(strange_file, beside=strange_file)


def test_a_link_of_another_user_is_not_believed_whatever_it_leads_to(strange_file: Path) -> None:
    link = strange_file.with_name("link")
    link.symlink_to("/etc/passwd")
    if os.geteuid() == 0:
        os.chown(link, 12345, 12345, follow_symlinks=False)
    assert not is_believed(link, beside=ROOTS)


def test_a_private_folder_is_ones_own_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(folder)

    assert is_private(folder)
    assert not is_private(link)
    for mode in (0o750, 0o701, 0o777):
        folder.chmod(mode)
        assert not is_private(folder)


def test_a_private_folder_of_another_user_is_not(strange_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, 12345, 12345)
    assert not is_private(folder)
