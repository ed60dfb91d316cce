"""Images in every form that people publish plugins in, as bytes: for unit tests, and to be pushed to registries."""

import gzip
import hashlib
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from higress_cli.digest import ImageDigest
from tests.support.modules import TINYGO_EXPORTS, wasm

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
OCI_MANIFEST = f"{OCI}manifest.v1+json"
OCI_INDEX = f"{OCI}index.v1+json"
OCI_CONFIG = f"{OCI}config.v1+json"
OCI_LAYER = f"{OCI}layer.v1.tar+gzip"
DOCKER_MANIFEST = f"{DOCKER}distribution.manifest.v2+json"
DOCKER_CONFIG = f"{DOCKER}container.image.v1+json"
DOCKER_LAYER = f"{DOCKER}image.rootfs.diff.tar.gzip"
RAW = "application/vnd.module.wasm.content.layer.v1+wasm"
MODULE = wasm(exports=TINYGO_EXPORTS)
EMPTY_CONFIG = ("application/vnd.oci.empty.v1+json", b"{}")


def tar_of(*files: tuple[str, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return plain.getvalue()


def packed(*files: tuple[str, bytes]) -> bytes:
    """A gzipped tar archive."""
    return gzip.compress(tar_of(*files), mtime=0)


def stored_zstd(content: bytes) -> bytes:
    """A zstd frame that holds `content` as it is, in one block (RFC 8878, 3.1.1); up to 128 KiB."""
    single_segment_with_size = b"\xa0"
    last_raw_block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd" + single_segment_with_size + struct.pack("<I", len(content)) + last_raw_block + content


PLUGIN = packed(("plugin.wasm", MODULE))


def digest_of(content: bytes) -> ImageDigest:
    return ImageDigest(f"sha256:{hashlib.sha256(content).hexdigest()}")


@dataclass
class Shape:
    """A manifest or an index as bytes, everything that it names by digest, and the manifests of an index."""

    media_type: str
    content: bytes
    blobs: dict[ImageDigest, bytes] = field(default_factory=dict)
    children: tuple["Shape", ...] = ()

    @property
    def digest(self) -> ImageDigest:
        return digest_of(self.content)

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.content))


def described(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def image(
    *layers: tuple[str, bytes],
    manifest: str = OCI_MANIFEST,
    declared: bool = True,
    config: tuple[str, bytes] | None = None,
    architecture: str = "amd64",
    diff_ids: Sequence[str] | None = None,
) -> Shape:
    """An image with these layers; `config` is by default an image configuration that fits them."""
    if config is None:
        unpacked = [_unpacked(content) for _kind, content in layers]
        ids = list(diff_ids) if diff_ids is not None else [digest_of(content) for content in unpacked]
        rootfs = {"type": "layers", "diff_ids": ids}
        text = json.dumps({"architecture": architecture, "os": "linux", "rootfs": rootfs}).encode()
        config = (DOCKER_CONFIG if manifest == DOCKER_MANIFEST else OCI_CONFIG, text)
    document = {
        "schemaVersion": 2,
        **({"mediaType": manifest} if declared else {}),
        "config": described(*config),
        "layers": [described(*layer) for layer in layers],
    }
    blobs = {digest_of(content): content for _kind, content in (config, *layers)}
    return Shape(manifest, json.dumps(document).encode(), blobs)


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content


def index(*entries: tuple[Shape, str | None]) -> Shape:
    """An index of images, each for a platform such as linux/arm64; None leaves it out."""
    listed = []
    for shape, platform in entries:
        entry: dict[str, Any] = described(shape.media_type, shape.content)
        if platform is not None:
            system, _slash, architecture = platform.partition("/")
            entry["platform"] = {"os": system, "architecture": architecture}
        listed.append(entry)
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    blobs = {digest: blob for shape, _platform in entries for digest, blob in shape.blobs.items()}
    return Shape(OCI_INDEX, json.dumps(document).encode(), blobs, tuple(shape for shape, _platform in entries))


_HGCTL: Final = (
    ("application/vnd.module.wasm.spec.v1+yaml", b"apiVersion: 1.0.0\n"),
    ("application/vnd.module.wasm.doc.v1+markdown", b"# plugin\n"),
)
_README: Final = ("application/vnd.module.wasm.doc.v1+markdown", b"# plugin\n")
_ORAS: Final = ("application/vnd.unknown.config.v1+json", b"{}")
_JSON: Final = ("application/vnd.module.wasm.config.v1+json", b"{}")
_TAR: Final = tar_of(("plugin.wasm", MODULE))
_MAIN: Final = packed(("main.wasm", MODULE))
_OTHER: Final = packed(("README.md", b"read"))

# What the gateway's agent, the plugin server and an image volume make of each, as their own programs do it
# (tests/e2e/test_image_readers.py).
SHAPES: Final[dict[str, tuple[Shape, tuple[bool, bool, bool]]]] = {
    "docker": (image((DOCKER_LAYER, PLUGIN), manifest=DOCKER_MANIFEST), (True, True, True)),
    "docker-earlier-layers": (
        image((DOCKER_LAYER, _OTHER), (DOCKER_LAYER, PLUGIN), manifest=DOCKER_MANIFEST), (True, False, True),
    ),
    "docker-main-wasm": (image((DOCKER_LAYER, _MAIN), manifest=DOCKER_MANIFEST), (False, True, True)),
    "docker-copy-after": (
        image((DOCKER_LAYER, PLUGIN), (DOCKER_LAYER, _OTHER), manifest=DOCKER_MANIFEST), (False, False, True),
    ),
    "docker-oci-layer": (image((OCI_LAYER, PLUGIN), manifest=DOCKER_MANIFEST), (False, True, True)),
    "oci-docker-layer": (image((DOCKER_LAYER, PLUGIN)), (False, True, True)),
    "oci": (image((OCI_LAYER, PLUGIN)), (True, True, True)),
    "oci-dot-slash": (image((OCI_LAYER, packed(("./plugin.wasm", MODULE)))), (True, True, True)),
    "oci-any-folder": (image((OCI_LAYER, packed(("any/dir/plugin.wasm", MODULE)))), (True, True, True)),
    "oci-undeclared": (image((OCI_LAYER, PLUGIN), declared=False), (True, True, True)),
    "oci-empty-config": (image((OCI_LAYER, PLUGIN), config=EMPTY_CONFIG), (True, True, False)),
    "oci-unknown-config": (image((OCI_LAYER, PLUGIN), config=_ORAS), (True, True, False)),
    "hgctl": (image(*_HGCTL, (OCI_LAYER, PLUGIN), config=_ORAS), (True, True, False)),
    "readme-last": (image((OCI_LAYER, PLUGIN), _README, config=_ORAS), (False, True, False)),
    "plain-tar": (image((f"{OCI}layer.v1.tar", tar_of(("plugin.wasm", MODULE)))), (False, False, True)),
    "oras-untyped": (image((f"{OCI}layer.v1.tar", MODULE), config=EMPTY_CONFIG), (False, False, False)),
    "zstd": (
        image((f"{OCI}layer.v1.tar+zstd", stored_zstd(_TAR)), diff_ids=[digest_of(_TAR)]), (False, False, True),
    ),
    "not-gzip": (image((OCI_LAYER, MODULE), config=EMPTY_CONFIG), (False, False, False)),
    "raw-after-config": (image(_JSON, (RAW, MODULE), config=_ORAS), (True, True, False)),
    "raw-before-readme": (image((RAW, MODULE), _README, config=_ORAS), (True, True, False)),
    "raw-alone": (image((RAW, MODULE), config=_JSON), (False, True, False)),
    "raw-three-layers": (image(_JSON, _README, (RAW, MODULE), config=_ORAS), (False, True, False)),
    "application-wasm": (image(("application/wasm", MODULE), config=EMPTY_CONFIG), (False, False, False)),
    "index": (
        index((image((OCI_LAYER, PLUGIN)), "linux/amd64"), (image(_README, config=_ORAS), "unknown/unknown")),
        (True, False, True),
    ),
    "index-arm64": (index((image((OCI_LAYER, PLUGIN), architecture="arm64"), "linux/arm64")), (False, False, False)),
    "index-wasi": (index((image((OCI_LAYER, PLUGIN)), "wasi/wasm")), (False, False, False)),
    "single-arm64": (image((OCI_LAYER, PLUGIN), architecture="arm64"), (True, True, True)),
    "no-layer": (image(), (False, False, False)),
    "two-modules": (
        image((OCI_LAYER, packed(("plugin.wasm", MODULE), ("b.wasm", MODULE)))), (True, False, True),
    ),
    "not-a-module": (image((OCI_LAYER, packed(("plugin.wasm", b"#!/bin/sh\n")))), (False, False, True)),
    "other-diff-ids": (image((OCI_LAYER, PLUGIN), diff_ids=[digest_of(b"other")]), (True, True, False)),
}  # fmt: skip
"""Each form by a name, and whether the gateway, the plugin server and an image volume take it."""
