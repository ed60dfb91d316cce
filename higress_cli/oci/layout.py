"""Images as files: an OCI image layout (OCI image specification, image-layout.md), in a folder or in a tar archive."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from higress_cli.digest import ImageDigest, Sha256, image_digest
from higress_cli.i18n import _
from higress_cli.oci.formats import LAYOUT_MARKER, OCI_INDEX, MalformedImageError, digest_of, encoded
from higress_cli.oci.image import Image, PluginFile, layer_tar
from higress_cli.oci.layer import MOST_UNPACKED
from higress_cli.oci.manifest import MOST_BYTES, Index, parse_manifest
from higress_cli.oci.store import OtherContentError, Store

_INDEX: Final = "index.json"
_BLOB: Final = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_CHUNK: Final = 1 << 20
_REFERENCE: Final = "org.opencontainers.image.ref.name"


def layout_files(image: Image, *, tag: str) -> tuple[PluginFile, ...]:
    """The files of a layout with one image, which is called `tag` in it; names are relative and have `/`."""
    entry = {**image.descriptor.written(), "annotations": {_REFERENCE: tag}}
    index = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    blobs = {**image.blobs, image.digest: image.manifest}
    return (
        PluginFile(name=LAYOUT_MARKER, content=encoded({"imageLayoutVersion": "1.0.0"})),
        PluginFile(name=_INDEX, content=index),
        *(PluginFile(name=f"blobs/{digest.replace(':', '/')}", content=blob) for digest, blob in sorted(blobs.items())),
    )


def layout_tar(image: Image, *, tag: str) -> bytes:
    """The layout as a tar archive, with the same bytes for the same image and tag."""
    return layer_tar(layout_files(image, tag=tag))


def read_layout(path: Path, store: Store) -> ImageDigest:
    """Put all pieces of a layout into the store, and return the digest of its image, or of its index if it has several.

    Raises:
        MalformedImageError: it is no layout, is damaged or is larger than any plugin.
        OSError: it cannot be read.
        ConflictError: the store cannot be written.
    """
    try:
        index = _store_pieces(path, store)
    except tarfile.TarError as error:
        raise MalformedImageError(_("it is not a tar archive, or is damaged")) from error
    if index is None:
        raise MalformedImageError(_("there is no {name} in it").format(name=_INDEX))
    found = parse_manifest(index, content_type=OCI_INDEX)
    if isinstance(found, Index) and len(found.entries) == 1:
        return found.entries[0].digest
    digest = digest_of(index)
    store.put(digest, [index], most_bytes=len(index))
    return digest


def _store_pieces(path: Path, store: Store) -> bytes | None:
    """Put the blobs into the store, and return the list of the images."""
    index: bytes | None = None
    left = MOST_UNPACKED
    for name, size, file in _entries(path):
        left -= size
        if left < 0:
            raise MalformedImageError(_("it holds more than {megabytes} MB").format(megabytes=MOST_UNPACKED >> 20))
        if name == _INDEX:
            index = file.read(MOST_BYTES)
        elif blob := _BLOB.fullmatch(name):
            try:
                store.put(image_digest(Sha256(blob[1])), _chunks(file), most_bytes=size)
            except OtherContentError as error:
                raise MalformedImageError(_("{name} is damaged: it has another digest").format(name=name)) from error
    return index


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _entries(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """The files of a folder or a tar archive: names with `/`, sizes in bytes, and where to read them."""
    if path.is_dir():
        for entry in sorted(path.rglob("*")):
            if entry.is_file() and not entry.is_symlink():
                with entry.open("rb") as file:
                    yield entry.relative_to(path).as_posix(), entry.stat().st_size, file
        return
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.isreg() and (content := archive.extractfile(member)) is not None:
                yield member.name.removeprefix("./"), member.size, content
