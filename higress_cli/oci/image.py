"""The image of a plugin, as bytes that depend on nothing but the module, the files beside it and the metadata.

One OCI manifest, an image configuration with its `diff_ids`, one gzipped layer with `plugin.wasm`: the shape that the
gateway's agent, the plugin server and Kubernetes' image volumes all take.
"""

import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli.digest import ImageDigest
from higress_cli.document import JsonObject
from higress_cli.oci.formats import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, describe, digest_of, encoded
from higress_cli.oci.stored_gzip import stored_gzip

MODULE_NAME: Final = "plugin.wasm"
"""The name that the gateway's agent looks for (istio, pkg/wasm/imagefetcher.go)."""
ANNOTATION: Final = "org.opencontainers.image."
MODULE_DIGEST: Final = "io.higress.plugin.module.sha256"
MODULE_ABI: Final = "io.higress.plugin.abi"
_MODE: Final = 0o644
_BLOCK: Final = 512


@dataclass(frozen=True, kw_only=True)
class PluginFile:
    """A file of the layer; `name` has no folder."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image whose parts are all at hand: `blobs` are the configuration and the layer, by digest."""

    manifest: bytes
    descriptor: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]
    blobs: Mapping[ImageDigest, bytes]
    annotations: Mapping[str, str]

    @property
    def digest(self) -> ImageDigest:
        """The digest of the manifest: what `sha256` in a WasmPlugin resource means."""
        return self.descriptor.digest

    @property
    def bytes(self) -> int:
        """The size of everything that a registry keeps of it."""
        return self.descriptor.bytes + sum(len(blob) for blob in self.blobs.values())


def make_image(
    module: bytes, *, also: Iterable[PluginFile] = (), annotations: Mapping[str, str], created: str | None = None
) -> Image:
    """The image of a module; `created` is in RFC 3339, None leaves the time out."""
    files = (PluginFile(name=MODULE_NAME, content=module), *sorted(also, key=lambda file: file.name))
    tar = layer_tar(files)
    layer = stored_gzip(tar)
    config = encoded(_configuration(digest_of(tar), created=created))
    written = {**annotations, **({f"{ANNOTATION}created": created} if created else {})}
    parts = describe(OCI_CONFIG, config), describe(OCI_LAYER, layer)
    manifest = encoded(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": parts[0].written(),
            "layers": [parts[1].written()],
            "annotations": written,
        }
    )
    return Image(
        manifest=manifest,
        descriptor=describe(OCI_MANIFEST, manifest),
        config=parts[0],
        layers=(parts[1],),
        blobs={parts[0].digest: config, parts[1].digest: layer},
        annotations=written,
    )


def layer_tar(files: Iterable[PluginFile]) -> bytes:
    """A tar archive with fixed times, owners and permissions, in the given order."""
    parts = []
    for file in files:
        entry = tarfile.TarInfo(file.name)
        entry.size, entry.mode = len(file.content), _MODE
        padding = bytes(-len(file.content) % _BLOCK)
        parts += [entry.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict"), file.content, padding]
    return b"".join((*parts, bytes(2 * _BLOCK)))


def _configuration(diff_id: ImageDigest, *, created: str | None) -> JsonObject:
    """An image configuration (OCI image specification, config.md). Its platform counts only in an index."""
    return {
        **({"created": created} if created else {}),
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    }
