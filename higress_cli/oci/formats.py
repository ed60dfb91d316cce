"""What images are made of: media types, descriptors and digests.

Source: the OCI image specification 1.1 (manifest.md, descriptor.md, media-types.md) and Docker's image manifest,
version 2, schema 2.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import ImageDigest, image_digest, sha256_of_bytes
from higress_cli.document import JsonObject

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
RAW_MODULE: Final = "application/vnd.module.wasm.content.layer.v1+wasm"
"""A layer that is the module itself (https://github.com/solo-io/wasm/tree/master/spec)."""

MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
GZIPPED_TARS: Final = frozenset({OCI_LAYER, DOCKER_LAYER})

LAYOUT_MARKER: Final = "oci-layout"
"""The file that marks an image layout (OCI image specification, image-layout.md)."""
_TAR_MAGIC: Final = (slice(257, 262), b"ustar")
"""Where the header of a tar archive (POSIX.1-1988) has its magic, and what that is."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A reference to content."""

    media_type: str
    """What the content is."""
    digest: ImageDigest
    """`sha256:HEX` of the content."""
    bytes: int
    """The size of the content."""
    platform: str | None = None
    """What an entry of an index is for, such as linux/amd64; null elsewhere."""

    def written(self) -> JsonObject:
        """As it is written in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.bytes}


def may_be_layout(path: Path) -> bool:
    """Whether a folder holds a layout, or a file is a tar archive, in which there may be one."""
    if path.is_dir():
        return (path / LAYOUT_MARKER).is_file()
    place, magic = _TAR_MAGIC
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(place.stop)[place] == magic
    return False


class MalformedImageError(Exception):
    """A manifest, an index or a configuration that is not valid; the text says what about it."""


def digest_of(content: bytes) -> ImageDigest:
    """`sha256:HEX` of these bytes."""
    return image_digest(sha256_of_bytes(content))


def describe(media_type: str, content: bytes) -> Descriptor:
    """The descriptor of these bytes."""
    return Descriptor(media_type=media_type, digest=digest_of(content), bytes=len(content))


def encoded(document: JsonObject) -> bytes:
    """A document as the same bytes on every platform: keys sorted, nothing between the tokens."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
