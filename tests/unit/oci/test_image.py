"""Images as bytes: what they hold, and that nothing but their content decides about them."""

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.oci.formats import digest_of
from higress_cli.oci.image import PluginFile, make_image
from higress_cli.oci.layout import layout_files, layout_tar
from higress_cli.oci.stored_gzip import stored_gzip

NOTES = {"org.opencontainers.image.title": "demo", "org.opencontainers.image.version": "1.0.0"}


def layer_of(image):
    return image.blobs[image.layers[0].digest]


def test_an_image_is_one_manifest_a_configuration_and_a_gzipped_layer_with_the_module():
    image = make_image(b"\0asm module", annotations=NOTES)

    manifest, config = json.loads(image.manifest), json.loads(image.blobs[image.config.digest])
    assert manifest == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(image.blobs[image.config.digest]),
            "size": len(image.blobs[image.config.digest]),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": digest_of(layer_of(image)),
                "size": len(layer_of(image)),
            }
        ],
        "annotations": NOTES,
    }
    assert config == {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(layer_of(image)))]},
    }
    with tarfile.open(fileobj=io.BytesIO(layer_of(image)), mode="r:gz") as tar:
        [entry] = tar.getmembers()
        assert (entry.name, entry.mode, entry.uid, entry.gid, entry.uname, entry.mtime) == (
            "plugin.wasm", 0o644, 0, 0, "", 0,
        )  # fmt: skip
        assert tar.extractfile(entry).read() == b"\0asm module"


def test_the_bytes_are_those_of_every_machine():
    """Written down once: a Python, zlib or tarfile that gives other bytes gives old images new digests."""
    image = make_image(b"\0asm\1\0\0\0" * 20_000, also=[PluginFile(name="LICENSE", content=b"free")], annotations=NOTES)

    assert digest_of(layer_of(image)) == "sha256:91344c96b7b551fe42c9662c4dcecdc93dab260db89086819b1afe588e025f39"
    assert image.digest == "sha256:fcf28dbb923505beb7d608cd36590df1325f901470e58da95c85568758ffbae1"
    assert (
        digest_of(layout_tar(image, tag="1.0.0"))
        == "sha256:bea8116ec0c700b1a5af92d32bbda0a0e69e5e0ea3bb5552d9168ce3cf288429"
    )


def test_other_files_come_after_the_module_by_name_whatever_their_order():
    files = [PluginFile(name="b", content=b"2"), PluginFile(name="a", content=b"1")]

    image, turned = (make_image(b"m", also=also, annotations={}) for also in (files, files[::-1]))

    assert image == turned
    with tarfile.open(fileobj=io.BytesIO(layer_of(image)), mode="r:gz") as tar:
        assert tar.getnames() == ["plugin.wasm", "a", "b"]


def test_a_time_is_only_there_where_one_was_given():
    image = make_image(b"m", annotations=NOTES, created="2026-01-01T00:00:00Z")

    assert json.loads(image.blobs[image.config.digest])["created"] == "2026-01-01T00:00:00Z"
    assert json.loads(image.manifest)["annotations"]["org.opencontainers.image.created"] == "2026-01-01T00:00:00Z"
    assert b"created" not in make_image(b"m", annotations=NOTES).manifest


def test_a_layout_names_the_image_and_holds_its_parts_by_digest():
    image = make_image(b"m", annotations=NOTES)

    files = {file.name: file.content for file in layout_files(image, tag="1.0.0")}

    [entry] = json.loads(files["index.json"])["manifests"]
    assert entry["digest"] == image.digest
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "1.0.0"}
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    blobs = {name: content for name, content in files.items() if name.startswith("blobs/")}
    assert {f"blobs/{digest_of(content).replace(':', '/')}" for content in blobs.values()} == set(blobs)
    assert len(blobs) == 3


@given(st.binary(max_size=300) | st.integers(0, 3).map(lambda count: bytes(0xFFFF * count)))
def test_any_content_comes_out_of_its_gzip(content):
    assert gzip.decompress(stored_gzip(content)) == content


@pytest.mark.parametrize("size", [0, 1, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFF])
def test_blocks_end_where_the_content_does(size):
    assert gzip.decompress(stored_gzip(bytes(size))) == bytes(size)
    assert len(stored_gzip(bytes(size))) == size + 18 + 5 * max(1, -(-size // 0xFFFF))


def test_the_size_is_that_of_all_that_a_registry_keeps():
    image = make_image(b"module", annotations={})
    assert image.bytes == image.descriptor.bytes + image.config.bytes + sum(layer.bytes for layer in image.layers)
