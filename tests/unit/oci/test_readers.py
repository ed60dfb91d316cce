"""What each reader makes of each form in which plugins are published, and what hgw says about it."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.oci.formats import Descriptor, MalformedImageError
from higress_cli.oci.image import PluginFile, make_image
from higress_cli.oci.layer import LayerProblem, read_layer
from higress_cli.oci.manifest import Index, Manifest, diff_ids, parse_manifest
from higress_cli.oci.readers import Published, entry_for_gateway, judge, judge_index_alone, reader_name
from tests.support.images import (
    DOCKER_CONFIG,
    MODULE,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    PLUGIN,
    SHAPES,
    Shape,
    digest_of,
    image,
    packed,
    tar_of,
)


def layer_of(content: bytes, kind: str = OCI_LAYER) -> Descriptor:
    return Descriptor(media_type=kind, digest=digest_of(content), bytes=len(content))


def judged(shape: Shape):
    found = parse_manifest(shape.content, content_type=shape.media_type)
    entry, index = None, None
    if isinstance(found, Index):
        entry, index = entry_for_gateway(found), found
        if entry is None:
            return judge_index_alone(found)
        child = next(child for child in shape.children if child.digest == entry.digest)
        found = parse_manifest(child.content)
    assert isinstance(found, Manifest)
    layers = tuple(read_layer(item, io.BytesIO(shape.blobs[item.digest])) for item in found.layers)
    known = found.config.media_type in {OCI_CONFIG, DOCKER_CONFIG}
    ids = diff_ids(shape.blobs[found.config.digest]) if known else None
    return judge(Published(manifest=found, layers=layers, index=index, diff_ids=ids))


@pytest.mark.parametrize("name", SHAPES)
def test_each_form_is_taken_or_refused_as_its_readers_do(name):
    shape, expected = SHAPES[name]

    outcome = judged(shape)

    assert tuple(verdict.accepted for verdict in outcome.verdicts) == expected
    assert all((verdict.reason is None) == verdict.accepted for verdict in outcome.verdicts)
    assert (outcome.module.content if outcome.module else None) == (MODULE if expected[0] else None)


NOT_FOUND = "plugin.wasm not found in the archive"


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [
        ("docker-main-wasm", "its last layer holds main.wasm, and plugin.wasm is wanted", NOT_FOUND),
        ("docker-copy-after", "plugin.wasm is in an earlier layer, and only the last one is read", NOT_FOUND),
        (
            "raw-alone",
            "it has 1 layers; with the module itself as a layer there have to be 2",
            "number of layers must be 2 but got 1",
        ),
        (
            "application-wasm",
            f"its last layer is application/wasm, and {OCI_LAYER} is wanted",
            f"invalid media type application/wasm (expect {OCI_LAYER})",
        ),
        ("not-gzip", "its layer is not compressed with gzip, or is damaged", "gzip: invalid header"),
        (
            "index-arm64",
            "its index holds linux/arm64, and nothing for linux/amd64",
            "no child with platform linux/amd64 in index",
        ),
        ("no-layer", "it has no layer", "number of layers must be greater than zero"),
    ],
)
def test_a_refusal_says_why_in_the_gateways_words_too(name, reason, says):
    verdict = judged(SHAPES[name][0]).verdicts[0]

    assert (verdict.reason, verdict.says) == (reason, says)


def test_what_hgw_makes_is_taken_by_all():
    made = make_image(MODULE, also=[PluginFile(name="LICENSE", content=b"free")], annotations={})

    outcome = judged(Shape(OCI_MANIFEST, made.manifest, dict(made.blobs)))

    assert [verdict.accepted for verdict in outcome.verdicts] == [True, True, True]


def test_a_layer_that_unpacks_to_too_much_is_not_read_to_its_end():
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 100_000

    layer = read_layer(layer_of(bomb), io.BytesIO(bomb), most_unpacked=1 << 20)

    assert (layer.problem, layer.diff_id, layer.modules) == (LayerProblem.TOO_LARGE, None, ())
    shape = image((OCI_LAYER, bomb))
    manifest = parse_manifest(shape.content)
    assert isinstance(manifest, Manifest)
    verdicts = judge(Published(manifest=manifest, layers=(layer,), diff_ids=(digest_of(bomb),))).verdicts
    assert {verdict.reason for verdict in verdicts} == {"its layer unpacks to more than 256 MiB"}


def test_names_that_lead_elsewhere_and_links_do_nothing(tmp_path):
    import tarfile

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, kind in (("../../../outside.wasm", tarfile.REGTYPE), ("plugin.wasm", tarfile.SYMTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    content = gzip.compress(plain.getvalue())

    outcome = judged(image((OCI_LAYER, content)))

    assert [verdict.accepted for verdict in outcome.verdicts][:2] == [False, False]
    assert outcome.verdicts[0].reason == "its plugin.wasm is not a WebAssembly module"
    assert list(tmp_path.parent.rglob("outside.wasm")) == []


def test_a_module_before_a_damaged_end_is_found_as_readers_find_it():
    cut = gzip.compress(tar_of(("plugin.wasm", MODULE), ("later", b"x" * 9000)), mtime=0)[:-4]

    outcome = judged(image((OCI_LAYER, cut)))

    assert [verdict.accepted for verdict in outcome.verdicts] == [True, False, False]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no json", b"[]", b"{}", b'{"schemaVersion": 1}', b'{"manifests": 7}', b"[" * 100_000,
        b'{"config": {"mediaType": "x", "digest": "sha256:1", "size": 1}, "layers": []}',
        b'{"config": {"mediaType": "x", "digest": "../../etc", "size": 1}, "layers": []}',
        b'{"config": {"mediaType": "x", "digest": "sha256:%s", "size": -1}, "layers": []}' % (b"0" * 64),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(content):
    with pytest.raises(MalformedImageError):
        parse_manifest(content)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_layer_or_a_problem(content):
    for kind in (OCI_LAYER, "application/vnd.oci.image.layer.v1.tar"):
        layer = read_layer(
            Descriptor(media_type=kind, digest=digest_of(content), bytes=len(content)), io.BytesIO(content)
        )
        assert layer.problem is not None or layer.diff_id is not None


@given(st.data())
def test_any_change_of_a_layer_is_survived(data):
    position = data.draw(st.integers(0, len(PLUGIN) - 1))
    content = PLUGIN[:position] + data.draw(st.binary(max_size=4)) + PLUGIN[position + data.draw(st.integers(0, 9)) :]

    judged(image((OCI_LAYER, content), (OCI_LAYER, packed(("a.wasm", MODULE)))))


@pytest.mark.parametrize("content", [b"no json", b"[]", b"{}", b'{"rootfs": 1}', b'{"rootfs": {"diff_ids": [1]}}'])
def test_a_configuration_without_layers_is_none(content):
    with pytest.raises(MalformedImageError):
        diff_ids(content)


@pytest.mark.parametrize(
    ("shape", "reasons"),
    [
        pytest.param(
            image((OCI_LAYER, packed(("README.md", b"read")))),
            (
                "there is no plugin.wasm in its last layer",
                "its layer holds 0 .wasm files, and 1 is wanted",
                "there is no .wasm file in it",
            ),
            id="no module",
        ),
        pytest.param(
            image((OCI_LAYER, PLUGIN), diff_ids=[]),
            (None, None, "its configuration does not list its layers (diff_ids)"),
            id="no diff_ids",
        ),
        pytest.param(
            image(("application/vnd.example.layer", PLUGIN)),
            (
                f"its last layer is application/vnd.example.layer, and {OCI_LAYER} is wanted",
                "it has 0 layers that can hold a module, and 1 is wanted",
                "its layer application/vnd.example.layer is not a file system",
            ),
            id="another kind of layer",
        ),
    ],
)
def test_each_reader_says_why_it_refuses(shape, reasons):
    assert tuple(verdict.reason for verdict in judged(shape).verdicts) == reasons


def test_readers_have_names():
    names = [reader_name(verdict.reader) for verdict in judged(image((OCI_LAYER, PLUGIN))).verdicts]
    assert names == ["the gateway", "the plugin server", "an image volume of Kubernetes"]
