"""Archives are unpacked in their folder and nowhere else."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

import pytest

from higress_cli.errors import DownloadError
from higress_cli.system.archive import only_folder, unpack

TarMode = Literal["w", "w:gz", "w:xz"]


def tar(
    path: Path,
    *members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes],
    mode: TarMode = "w:gz",
) -> Path:
    with tarfile.open(path, mode) as sink:
        for member in members:
            info, content = member if isinstance(member, tuple) else (member, b"")
            info.size = len(content)
            sink.addfile(info, io.BytesIO(content))
    return path


def entry(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def zipped(path: Path, members: dict[str, tuple[bytes, int]]) -> Path:
    with zipfile.ZipFile(path, "w") as sink:
        for name, (content, mode) in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            sink.writestr(info, content)
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def everything_outside(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir() if path.name not in {"in", "home", "work"})


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w"])
def test_a_tar_keeps_folders_contents_and_exec_bits(tmp_path, folder, mode):
    archive = tar(
        tmp_path / "a.tar.gz",
        entry("go", kind=tarfile.DIRTYPE, mode=0o755),
        (entry("go/bin/go", mode=0o755), b"program"),
        (entry("go/VERSION"), b"go1.20.14"),
        entry("go/link", kind=tarfile.SYMTYPE, link="VERSION"),
        mode=mode,
    )

    unpack(archive, folder)

    assert (folder / "go/VERSION").read_bytes() == b"go1.20.14"
    assert (folder / "go/link").read_bytes() == b"go1.20.14"
    assert os.access(folder / "go/bin/go", os.X_OK)
    assert not os.access(folder / "go/VERSION", os.X_OK)
    assert only_folder(folder) == folder / "go"


def test_a_zip_keeps_folders_contents_and_exec_bits(tmp_path, folder):
    archive = zipped(
        tmp_path / "a.zip",
        {
            "go/bin/go": (b"program", stat.S_IFREG | 0o755),
            "go/VERSION": (b"1", stat.S_IFREG | 0o644),
            "go/x/": (b"", 0),
        },
    )

    unpack(archive, folder)

    assert (folder / "go/VERSION").read_bytes() == b"1"
    assert os.access(folder / "go/bin/go", os.X_OK)
    assert not os.access(folder / "go/VERSION", os.X_OK)


@pytest.mark.parametrize(
    "members",
    [
        [(entry("../evil"), b"x")],
        [(entry("a/../../evil"), b"x")],
        [entry("out", kind=tarfile.SYMTYPE, link="../.."), (entry("out/evil"), b"x")],
        [entry("out", kind=tarfile.SYMTYPE, link="/etc")],
        [entry("hard", kind=tarfile.LNKTYPE, link="../../etc/passwd")],
        [entry("pipe", kind=tarfile.FIFOTYPE)],
        [entry("device", kind=tarfile.CHRTYPE)],
    ],
    ids=["parent", "hidden parent", "through a link", "link out", "hard link out", "pipe", "device"],
)
def test_a_tar_that_reaches_out_is_refused(tmp_path, folder, members):
    archive = tar(tmp_path / "a.tar.gz", *members)

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code == "archive-unsafe"
    assert everything_outside(tmp_path) == ["a.tar.gz"]


def test_an_absolute_path_in_a_tar_stays_below_the_folder(tmp_path, folder):
    target = tmp_path / "evil"
    archive = tar(tmp_path / "a.tar.gz", (entry(str(target)), b"x"))

    unpack(archive, folder)

    assert not target.exists()
    assert [path.read_bytes() for path in folder.rglob("evil")] == [b"x"]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../evil", stat.S_IFREG | 0o644),
        ("a/../../evil", stat.S_IFREG | 0o644),
        ("/evil", stat.S_IFREG | 0o644),
        ("..\\evil", stat.S_IFREG | 0o644),
        ("C:\\evil", stat.S_IFREG | 0o644),
        ("link", stat.S_IFLNK | 0o777),
        ("pipe", stat.S_IFIFO | 0o644),
    ],
)
def test_a_zip_that_reaches_out_is_refused(tmp_path, folder, name, mode):
    archive = zipped(tmp_path / "a.whl", {name: (b"../../etc/passwd", mode)})

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code == "archive-unsafe"
    assert name in caught.value.message
    assert list(folder.iterdir()) == []
    assert everything_outside(tmp_path) == ["a.whl"]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, damage) for name in ("a.tar.gz", "a.tar.xz", "a.zip") for damage in ("cut", "empty", "other")),
        # xz keeps its check behind the last byte, which tar has no reason to read; the digest of a download tells.
        ("a.tar.gz", "flipped"),
        ("a.zip", "flipped"),
    ],
)
def test_a_damaged_archive_is_told(tmp_path, folder, name, damage):
    content = os.urandom(200_000)
    if name.endswith(".zip"):
        archive = tmp_path / name
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as sink:
            sink.writestr("file", content)
    else:
        archive = tar(tmp_path / name, (entry("file"), content), mode="w:gz" if name.endswith("gz") else "w:xz")
    whole = bytearray(archive.read_bytes())
    if damage == "flipped":
        for index in range(1000, 120_000, 7):
            whole[index] ^= 0xFF
    archive.write_bytes({"cut": whole[:100_000], "flipped": whole, "empty": b"", "other": b"<html>" * 50}[damage])

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code == "archive-damaged"
    assert str(archive) in caught.value.message


def test_a_zip_with_a_password_is_told(tmp_path, folder):
    archive = zipped(tmp_path / "a.zip", {"file": (b"secret", 0)})
    content = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # general purpose bit 0: encrypted (APPNOTE 4.4.4)
    archive.write_bytes(content)

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code == "archive-damaged"


def test_an_archive_with_several_entries_has_no_single_folder(tmp_path, folder):
    unpack(tar(tmp_path / "a.tar.gz", (entry("a/x"), b""), (entry("b"), b"")), folder)

    assert only_folder(folder) == folder
