"""Archives are unpacked in their folder and nowhere else."""

import io
import os
import stat
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        [entry("here", kind=tarfile.SYMTYPE, link="."), entry("out", kind=tarfile.SYMTYPE, link="here/..")],
        [entry("a", kind=tarfile.DIRTYPE), entry("b", kind=tarfile.SYMTYPE, link="a"), (entry("b/x"), b"x")],
        [entry("a/b", kind=tarfile.SYMTYPE, link="../..")],
    ],
    ids=[
        *("parent", "hidden parent", "through a link", "link out", "hard link out", "pipe", "device"),
        *("link up through a link", "through a link inside", "link up too far"),
    ],
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


def test_a_tar_whose_links_are_longer_than_any_path_stays_in_its_folder(tmp_path, folder):
    """CVE-2025-4517: Python's filter took what it could not resolve for harmless (fixed in 3.11.13, 3.12.11, 3.13.4).

    A chain of links with long names leads to a path of over 4096 characters, and from its end upwards, out.
    """
    (tmp_path / "outside").write_text("mine")
    name = "d" * (55 if sys.platform == "darwin" else 247)
    members, place = [], ""
    for step in "abcdefghijklmnop":
        members.append(entry(place + name, kind=tarfile.DIRTYPE, mode=0o755))
        members.append(entry(place + step, kind=tarfile.SYMTYPE, link=name))
        place += f"{name}/"
    end = "/".join("abcdefghijklmnop") + f"/{'l' * 254}"
    members.append(entry(end, kind=tarfile.SYMTYPE, link="../" * 16))
    members.append(entry("escape", kind=tarfile.SYMTYPE, link=f"{end}/../../{folder.parent.name}"))
    members.append(entry("hard", kind=tarfile.LNKTYPE, link="escape/outside"))
    archive = tar(tmp_path / "a.tar.gz", *members, (entry("hard"), b"overwritten"), (entry("escape/new"), b"x"))

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code in {"archive-unsafe", "archive-damaged"}
    assert (tmp_path / "outside").read_text() == "mine"
    assert everything_outside(tmp_path) == ["a.tar.gz", "outside"]


def with_header(name: str, value: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = entry("file", kind=kind)
    info.pax_headers = {name: value}
    return info


@pytest.mark.parametrize(
    "members",
    [
        [entry("hard", kind=tarfile.LNKTYPE, link="nothing")],
        [entry("hard", kind=tarfile.LNKTYPE, link="hard")],
        [(entry("file"), b"x"), entry("file", kind=tarfile.LNKTYPE, link="file")],
        [entry("folder", kind=tarfile.DIRTYPE), entry("hard", kind=tarfile.LNKTYPE, link="folder")],
        [with_header("path", "fi\0le")],
        [with_header("linkpath", "fi\0le", tarfile.SYMTYPE)],
        [with_header("linkpath", "l" * 5000, tarfile.SYMTYPE)],
        [with_header("path", "n" * 300)],
        [with_header("path", "n/" * 3000 + "n")],
        [with_header("size", "-512")],
        [with_header("size", "9" * 30)],
        [with_header("GNU.sparse.map", "0,1,x")],
        [with_header("GNU.sparse.map", "0,5,3"), with_header("GNU.sparse.size", "99999999999")],
        [with_header("GNU.sparse.map", "0,-1")],
        [entry("link", kind=tarfile.SYMTYPE, link="")],
        [entry("", kind=tarfile.SYMTYPE, link="x")],
        [(entry("a"), b"x"), (entry("a/b"), b"x")],
        [(entry("a/b"), b"x"), (entry("a"), b"x")],
        [entry("long", kind=tarfile.GNUTYPE_SPARSE)],
    ],
)
def test_a_tar_that_lies_is_told(tmp_path, folder, members):
    archive = tar(tmp_path / "a.tar", *members, mode="w")

    with pytest.raises(DownloadError) as caught:
        unpack(archive, folder)

    assert caught.value.code in {"archive-damaged", "archive-unsafe"}
    assert everything_outside(tmp_path) == ["a.tar"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300", "-1", "x"])
def test_a_time_that_cannot_be_does_no_harm(tmp_path, folder, value):
    unpack(tar(tmp_path / "a.tar", (with_header("mtime", value), b"x"), mode="w"), folder)

    assert (folder / "file").read_bytes() == b"x"


def test_the_last_of_two_members_with_one_name_wins(tmp_path, folder):
    link = entry("a", kind=tarfile.SYMTYPE, link="b")

    unpack(tar(tmp_path / "a.tar.gz", (entry("b"), b"old"), link, (entry("a"), b"new")), folder)

    assert ((folder / "a").read_bytes(), (folder / "b").read_bytes()) == (b"new", b"old")


def test_links_within_the_folder_are_kept(tmp_path, folder):
    unpack(
        tar(
            tmp_path / "a.tar.gz",
            (entry("usr/lib/libx.so.1"), b"x"),
            entry("usr/lib/libx.so", kind=tarfile.SYMTYPE, link="libx.so.1"),
            entry("usr/bin/up", kind=tarfile.SYMTYPE, link="../../usr/lib/libx.so"),
            entry("hard", kind=tarfile.LNKTYPE, link="usr/lib/libx.so.1"),
            entry("top", kind=tarfile.SYMTYPE, link="./usr"),
        ),
        folder,
    )

    assert {(folder / name).read_bytes() for name in ("hard", "usr/bin/up", "top/lib/libx.so")} == {b"x"}


@pytest.mark.parametrize("name", ["", "a\0b", ".", "n" * 300, "a/b/../c"])
def test_a_zip_with_a_name_that_is_none_is_told(tmp_path, folder, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as sink:
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        sink.writestr(info, b"x")

    if name == "a\0b":  # zipfile ends a name there
        unpack(tmp_path / "a.zip", folder)
        return
    with pytest.raises(DownloadError) as caught:
        unpack(tmp_path / "a.zip", folder)

    assert caught.value.code in {"archive-damaged", "archive-unsafe"}


NAMES = st.sampled_from(["a", "b", "a/b", "a/b/c", "..", "../x", "/x", ".", "", "a/../b", "a\0b", "l" * 300, "c:\\x"])
LINKS = NAMES | st.sampled_from(["../..", "a/..", "../../../x", "/etc/passwd"])
KINDS = st.sampled_from(
    [*(tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE), *(tarfile.FIFOTYPE, tarfile.CONTTYPE, b"Q")]
)
MEMBERS = st.lists(st.tuples(NAMES, KINDS, LINKS, st.binary(max_size=3)), max_size=8)


@given(members=MEMBERS, harm=st.none() | st.tuples(st.integers(0, 10_000), st.integers(0, 255)))
def test_whatever_a_tar_holds_it_stays_in_its_folder(tmp_path_factory, members, harm):
    place = tmp_path_factory.mktemp("any")
    (place / "in" / "below").mkdir(parents=True)
    tar(place / "a.tar", *((entry(name, kind=kind, link=link), data) for name, kind, link, data in members), mode="w")
    if harm is not None:
        content = bytearray((place / "a.tar").read_bytes())
        content[harm[0] % len(content)] = harm[1]
        (place / "a.tar").write_bytes(content)

    try:
        unpack(place / "a.tar", place / "in" / "below")
    except DownloadError as error:
        assert error.code in {"archive-damaged", "archive-unsafe"}

    assert [path.name for path in (place / "in").iterdir()] == ["below"]
    assert sorted(path.name for path in place.iterdir()) == ["a.tar", "in"]
    for path in (place / "in" / "below").rglob("*"):
        assert Path(os.path.realpath(path)).is_relative_to(os.path.realpath(place / "in" / "below"))
