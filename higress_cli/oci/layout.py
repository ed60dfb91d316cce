"""Images as files: an OCI image layout (OCI image specification, image-layout.md), in a folder or in a tar archive."""

from typing import Final

from higress_cli.oci.formats import OCI_INDEX, encoded
from higress_cli.oci.image import Image, PluginFile, layer_tar

_REFERENCE: Final = "org.opencontainers.image.ref.name"


def layout_files(image: Image, *, tag: str) -> tuple[PluginFile, ...]:
    """The files of a layout with one image, which is called `tag` in it; names are relative and have `/`."""
    entry = {**image.descriptor.written(), "annotations": {_REFERENCE: tag}}
    index = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    blobs = {**image.blobs, image.digest: image.manifest}
    return (
        PluginFile(name="oci-layout", content=encoded({"imageLayoutVersion": "1.0.0"})),
        PluginFile(name="index.json", content=index),
        *(PluginFile(name=f"blobs/{digest.replace(':', '/')}", content=blob) for digest, blob in sorted(blobs.items())),
    )


def layout_tar(image: Image, *, tag: str) -> bytes:
    """The layout as a tar archive, with the same bytes for the same image and tag."""
    return layer_tar(layout_files(image, tag=tag))
