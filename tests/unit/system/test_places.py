"""Where hgw keeps things, and on which machine."""

import os
import platform
import tempfile
from pathlib import Path

import pytest

from higress_cli.errors import ConflictError
from higress_cli.system.host import Host, this_host
from higress_cli.system.paths import expanded, find_dirs


def test_hgw_home_moves_everything(tmp_path):
    dirs = find_dirs(str(tmp_path / "my home"))

    assert dirs.tools == tmp_path / "my home" / "data" / "tools"
    assert dirs.downloads == tmp_path / "my home" / "cache" / "downloads"
    assert dirs.runs == tmp_path / "my home" / "state" / "runs"
    assert dirs.config == tmp_path / "my home" / "config"
    assert not (tmp_path / "my home").exists()


def test_a_relative_home_is_taken_from_the_working_folder(tmp_path):
    assert find_dirs("here").data == tmp_path / "work" / "here" / "data"


def test_a_tilde_means_the_users_home(tmp_path):
    assert find_dirs("~/hgw").data == tmp_path / "home" / "hgw" / "data"


@pytest.mark.parametrize("home", [None, ""])
def test_without_it_the_platforms_own_places_are_used_and_nothing_is_made(tmp_path, home):
    dirs = find_dirs(home)

    for place in (dirs.data, dirs.cache, dirs.config, dirs.state):
        assert place.is_absolute()
        assert place.is_relative_to(tmp_path / "home")
        assert not place.exists()


@pytest.fixture
def without_home(tmp_path, monkeypatch) -> Path:
    """A user without HOME who is not in the user database; the folder of temporary files."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 987654)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(os.name != "posix", reason="Windows has a temporary folder for each user")
def test_without_a_home_folder_there_is_a_folder_that_only_this_user_can_enter(without_home):
    dirs = find_dirs(None)

    folder = without_home / f"hgw-{os.geteuid()}"
    assert dirs.tools == folder / "data" / "tools"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert find_dirs(None) == dirs


@pytest.mark.skipif(os.name != "posix", reason="Windows has a temporary folder for each user")
@pytest.mark.parametrize("kind", ["open to others", "a link", "a file"])
def test_a_folder_that_others_prepared_is_refused(without_home, hgw, kind):
    folder = without_home / f"hgw-{os.geteuid()}"
    if kind == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    elif kind == "a link":
        (without_home / "theirs").mkdir(mode=0o700)
        folder.symlink_to(without_home / "theirs")
    else:
        folder.touch()

    with pytest.raises(ConflictError) as caught:
        find_dirs(None)

    assert caught.value.code == "home-shared"
    assert "HGW_HOME" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["~nobody-of-this-name/x", "~"])
def test_a_tilde_that_means_nobody_is_a_name_like_any_other(name):
    assert expanded(name).name == ("x" if "/" in name else "home")


@pytest.mark.parametrize(
    ("system", "machine", "expected", "suffix"),
    [
        ("Linux", "x86_64", "linux-amd64", ""),
        ("Linux", "aarch64", "linux-arm64", ""),
        ("Darwin", "arm64", "darwin-arm64", ""),
        ("Windows", "AMD64", "windows-amd64", ".exe"),
        ("Windows", "ARM64", "windows-arm64", ".exe"),
        ("Linux", "riscv64", "linux-riscv64", ""),
    ],
)
def test_machines_are_called_as_go_calls_them(monkeypatch, system, machine, expected, suffix):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)

    host = this_host()

    assert (host.platform, host.executable_suffix) == (expected, suffix)


def test_a_host_is_a_value():
    assert Host("linux", "amd64") == Host("linux", "amd64")
