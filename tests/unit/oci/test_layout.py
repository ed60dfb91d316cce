"""Images in files: what is read of a layout, and what is not one."""

import io
import tarfile
from pathlib import Path

import pytest

from higress_cli.digest import ImageDigest
from higress_cli.oci.formats import MalformedImageError, digest_of, may_be_layout
from higress_cli.oci.image import PluginFile, layer_tar, make_image
from higress_cli.oci.layout import layout_files, layout_tar, read_layout
from higress_cli.oci.store import Store

IMAGE = make_image(b"a module", annotations={})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(layout_tar(IMAGE, tag="1"))
    return path


def pieces(store: Store) -> set[ImageDigest]:
    return {digest for digest in (*IMAGE.blobs, IMAGE.digest) if store.get(digest)}


def test_all_pieces_of_an_archive_are_kept(archive: Path, store: Store) -> None:
    assert may_be_layout(archive)
    assert read_layout(archive, store) == IMAGE.digest
    assert pieces(store) == {*IMAGE.blobs, IMAGE.digest}


def test_a_folder_is_read_without_its_links(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "image"
    for file in layout_files(IMAGE, tag="1"):
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.content)
    assert may_be_layout(folder)
    assert read_layout(folder, store) == IMAGE.digest

    (folder / "index.json").rename(tmp_path / "elsewhere.json")
    (folder / "index.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(MalformedImageError, match=r"no index\.json"):
        read_layout(folder, store)


def test_names_in_an_archive_may_begin_with_a_dot(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "image.tar"
    with tarfile.open(path, "w") as tar:
        for file in layout_files(IMAGE, tag="1"):
            member = tarfile.TarInfo(f"./{file.name}")
            member.size = len(file.content)
            tar.addfile(member, io.BytesIO(file.content))
        folder = tarfile.TarInfo("./blobs")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert read_layout(path, store) == IMAGE.digest


def test_several_images_are_an_index(tmp_path: Path, store: Store) -> None:
    index = b'{"schemaVersion": 2, "manifests": []}'
    (tmp_path / "image.tar").write_bytes(layer_tar([PluginFile(name="index.json", content=index)]))
    assert read_layout(tmp_path / "image.tar", store) == digest_of(index)
    assert store.get(digest_of(index)) is not None


def test_of_an_archive_that_is_cut_off_nothing_but_whole_pieces_is_kept(archive: Path, store: Store) -> None:
    content = archive.read_bytes()
    found: list[str] = []
    for length in range(300, len(content), 256):
        archive.write_bytes(content[:length])
        try:
            found.append(read_layout(archive, store))
        except MalformedImageError as error:
            found.append(str(error))
    assert found[0] == "it is not a tar archive, or is damaged"
    assert found[-1] == IMAGE.digest
    assert set(found) <= {found[0], "there is no index.json in it", IMAGE.digest}


def test_an_archive_that_holds_more_than_a_plugin_can_be_is_not_read(tmp_path: Path, store: Store) -> None:
    member = tarfile.TarInfo(f"blobs/sha256/{'0' * 64}")
    member.size = 1 << 40
    path = tmp_path / "image.tar"
    path.write_bytes(member.tobuf() + bytes(1024))
    with pytest.raises(MalformedImageError, match="more than 256 MB"):
        read_layout(path, store)


@pytest.mark.parametrize("content", [b"", b"\0asm\1\0\0\0", b"x" * 600])
def test_other_files_and_folders_are_no_layout(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not may_be_layout(tmp_path / "file")
    assert not may_be_layout(tmp_path)
    assert not may_be_layout(tmp_path / "missing")
