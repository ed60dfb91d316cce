"""Published images, pulled from a registry that tells the truth or does not."""

import base64
import gzip
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from higress_cli.commands.image_module import image_store, look_at_image, module_of_image
from higress_cli.errors import HgwError
from higress_cli.oci.store import OtherContentError, Store
from higress_cli.system.paths import find_dirs
from tests.support.images import (
    EMPTY_CONFIG,
    MODULE,
    OCI_LAYER,
    OCI_MANIFEST,
    PLUGIN,
    SHAPES,
    Shape,
    digest_of,
    image,
    packed,
)
from tests.support.registry import FakeRegistry, Fault, serving
from tests.support.sessions import bare_session

pytestmark = pytest.mark.slow


@pytest.fixture
def registry():
    with serving(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def session(tmp_path):
    def made(*, offline=False, **more):
        return replace(bare_session(**more), dirs=find_dirs(str(tmp_path / "hgw-home")), offline=offline)

    return made


def blob_in_cache(session, digest: str) -> Path:
    return session.dirs.cache / "oci" / digest.replace(":", "/")


def refused(session, address: str) -> HgwError:
    with pytest.raises(HgwError) as caught:
        module_of_image(session, address)
    return caught.value


@pytest.mark.parametrize("name", SHAPES)
def test_each_form_is_pulled_and_judged(registry, session, name):
    shape, expected = SHAPES[name]
    registry.add("p/a", "1", shape)

    pulled = look_at_image(session(), f"oci://{registry.host}/p/a:1")

    assert tuple(verdict.accepted for verdict in pulled.judged.verdicts) == expected
    assert (pulled.index_digest == shape.digest) == name.startswith("index")


def test_the_module_is_in_the_cache_and_comes_once(registry, session):
    registry.add("a", "1", SHAPES["oci"][0])

    found = module_of_image(session(), f"oci://{registry.host}/a:1")

    assert found.path.read_bytes() == found.content == MODULE
    assert found.digest == SHAPES["oci"][0].digest
    registry.seen.clear()
    module_of_image(session(), f"oci://{registry.host}/a:1")
    assert [item.path for item in registry.seen if "/v2/a/" in item.path] == ["/v2/a/manifests/1"]


def test_what_the_gateway_would_refuse_is_refused_with_its_reason(registry, session):
    registry.add("a", "1", SHAPES["raw-alone"][0])

    error = refused(session(), f"{registry.host}/a:1")

    assert (error.code, int(error.exit_code)) == ("image-refused", 1)
    assert error.message == (
        "the gateway would refuse this image: it has 1 layers; with the module itself as a layer there have to be 2"
    )
    assert error.details["gateway_says"] == "number of layers must be 2 but got 1"


def test_the_digest_of_an_index_never_matches_in_a_gateway(registry, session):
    shape = SHAPES["index"][0]
    registry.add("a", "1", shape)

    found = module_of_image(session(), f"{registry.host}/a@{shape.digest}")

    [warning] = found.warnings
    assert shape.children[0].digest in warning
    assert module_of_image(session(), f"{registry.host}/a@{shape.children[0].digest}").warnings == ()


def test_offline_an_image_is_found_by_its_digest(registry, session):
    shape = SHAPES["oci"][0]
    registry.add("a", "1", shape)
    module_of_image(session(), f"{registry.host}/a:1")
    registry.seen.clear()

    assert module_of_image(session(offline=True), f"{registry.host}/a@{shape.digest}").content == MODULE
    assert refused(session(offline=True), f"{registry.host}/a:1").code == "offline"
    assert registry.seen == []


def test_what_is_damaged_in_the_cache_is_pulled_again(registry, session):
    registry.add("a", "1", SHAPES["oci"][0])
    module_of_image(session(), f"{registry.host}/a:1")
    for digest in (digest_of(PLUGIN), digest_of(MODULE)):
        blob_in_cache(session(), digest).write_bytes(b"something else")

    found = module_of_image(session(), f"{registry.host}/a:1")

    assert found.path.read_bytes() == MODULE


# Registries that do not tell the truth -----------------------------------------------------------------------------


def test_content_with_another_digest_is_never_used(registry, session):
    registry.add("a", "1", SHAPES["oci"][0])
    registry.served[digest_of(PLUGIN)] = packed(("plugin.wasm", MODULE + b"\0\1\0"))[: len(PLUGIN)]

    error = refused(session(), f"{registry.host}/a:1")

    assert (error.code, int(error.exit_code)) == ("image-digest-mismatch", 5)
    assert list((session().dirs.cache / "oci").rglob("*.partial")) == []
    assert not blob_in_cache(session(), digest_of(PLUGIN)).exists()


def test_a_manifest_with_another_digest_than_was_asked_for(registry, session):
    shape = SHAPES["oci"][0]
    registry.add("a", "1", shape)
    registry.manifests["a"][shape.digest] = (OCI_MANIFEST, shape.content + b" ")

    assert refused(session(), f"{registry.host}/a@{shape.digest}").code == "image-digest-mismatch"


def test_a_blob_that_is_longer_than_was_said_is_not_read_to_its_end(registry, session):
    registry.add("a", "1", SHAPES["oci"][0])
    registry.served[digest_of(PLUGIN)] = PLUGIN + bytes(50 << 20)

    assert refused(session(), f"{registry.host}/a:1").code == "image-digest-mismatch"


def test_a_manifest_of_a_hundred_megabytes_is_not_read_to_its_end(registry, session):
    registry.manifests["a"] = {"1": (OCI_MANIFEST, b'{"x":"' + b"x" * (100 << 20) + b'"}')}

    error = refused(session(), f"{registry.host}/a:1")

    assert (error.code, int(error.exit_code)) == ("image-too-large", 5)


@pytest.mark.parametrize("in_cache", [False, True])
def test_a_blob_that_is_shorter_than_was_said_is_refused_as_the_gateway_refuses_it(registry, session, in_cache):
    shape = SHAPES["oci"][0]
    document = shape.document
    document["layers"][0]["size"] += 10
    registry.add("a", "1", shape)
    registry.add("a", "2", Shape(OCI_MANIFEST, json.dumps(document).encode(), shape.blobs))
    if in_cache:
        module_of_image(session(), f"{registry.host}/a:1")

    error = refused(session(), f"{registry.host}/a:2")

    assert (error.code, int(error.exit_code)) == ("image-invalid", 5)
    assert f"has {len(PLUGIN)} bytes, and its manifest says {len(PLUGIN) + 10}" in error.message


@pytest.mark.slow
def test_a_layer_that_unpacks_to_gigabytes_is_not_unpacked_to_its_end(registry, session):
    bomb = io.BytesIO()
    with gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=1, mtime=0) as packing:
        header = tarfile.TarInfo("plugin.wasm")
        header.size = 4 << 30
        packing.write(header.tobuf(tarfile.GNU_FORMAT))
        for _megabyte in range(300):
            packing.write(bytes(1 << 20))
    content = bomb.getvalue()
    assert len(content) < 2 << 20
    registry.add("a", "1", image((OCI_LAYER, content), config=EMPTY_CONFIG))

    error = refused(session(), f"{registry.host}/a:1")

    assert (error.code, int(error.exit_code)) == ("image-refused", 1)
    assert "unpacks to more than 256 MiB" in error.message


def test_layers_that_are_larger_than_any_plugin_are_not_fetched(registry, session):
    document = image((OCI_LAYER, PLUGIN)).document
    document["layers"][0]["size"] = 300 << 20
    registry.add("a", "1", Shape(OCI_MANIFEST, json.dumps(document).encode()))

    assert refused(session(), f"{registry.host}/a:1").code == "image-too-large"
    assert not any("/blobs/" in item.path for item in registry.seen)


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"layers": "x"}'])
def test_what_is_no_manifest_is_said_to_be_none(registry, session, content):
    registry.manifests["a"] = {"1": (OCI_MANIFEST, content)}

    error = refused(session(), f"{registry.host}/a:1")

    assert (error.code, int(error.exit_code)) == ("image-invalid", 5)


def test_no_such_tag(registry, session):
    error = refused(session(), f"{registry.host}/a:9")

    assert (error.code, int(error.exit_code)) == ("image-unknown", 5)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "/manifests/", cut=True),
        Fault("GET", "/blobs/", cut=True),
        Fault("GET", "/blobs/", status=503, after=1),
    ],
    ids=["manifest", "blob", "busy"],
)
def test_what_passes_is_tried_again(registry, session, fault, waits):
    registry.add("a", "1", SHAPES["oci"][0])
    registry.faults.append(replace(fault))

    assert module_of_image(session(), f"{registry.host}/a:1").content == MODULE
    assert waits


def test_a_redirect_to_another_host_leaves_the_credentials_behind(registry, session, tmp_path):
    with serving(FakeRegistry()) as storage:
        registry.login = "bearer"
        registry.add("a", "1", SHAPES["oci"][0])
        registry.elsewhere = f"http://{storage.host}/v2/b/blobs"
        storage.add("b", "1", SHAPES["oci"][0])
        folder = tmp_path / "docker"
        folder.mkdir()
        auth = base64.b64encode(b"me:s3cret").decode()
        (folder / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}), "utf-8")

        found = module_of_image(session(variables={"DOCKER_CONFIG": str(folder)}), f"{registry.host}/a:1")

        assert found.content == MODULE
        assert {item.authorization for item in storage.seen} == {None}
        assert any((item.authorization or "").startswith("Bearer") for item in registry.seen)


def test_public_images_need_no_login(registry, session):
    registry.login, registry.anonymous = "bearer", True
    registry.add("a", "1", SHAPES["oci"][0])

    assert module_of_image(session(), f"{registry.host}/a:1").content == MODULE
    assert registry.scopes == [["repository:a:pull"]]


VARIABLES = {"HGW_REGISTRY_USERNAME": "me", "HGW_REGISTRY_PASSWORD": "s3cret"}


def authorized(registry: FakeRegistry) -> list[str]:
    return [item.path for item in registry.seen if item.authorization]


@pytest.mark.parametrize("login", ["basic", "bearer"])
@pytest.mark.parametrize("named", [{}, {"HGW_REGISTRY": "registry.example.com"}], ids=["unnamed", "another"])
def test_variables_for_no_registry_or_another_are_not_shown_to_one_that_asks(registry, session, login, named):
    registry.login = login
    registry.add("a", "1", SHAPES["oci"][0])

    error = refused(session(variables=VARIABLES | named), f"oci://{registry.host}/a:1")

    assert (error.code, error.exit_code) == ("registry-login", 9)
    assert f"export HGW_REGISTRY={registry.host};" in str(error.hint)
    assert "HGW_REGISTRY_USERNAME" in str(error.hint)
    assert authorized(registry) == []


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_the_registry_that_the_variables_are_for_gets_them(registry, session, login):
    registry.login = login
    registry.add("a", "1", SHAPES["oci"][0])
    variables = VARIABLES | {"HGW_REGISTRY": registry.host.upper()}

    assert module_of_image(session(variables=variables), f"oci://{registry.host}/a:1").content == MODULE


def test_variables_for_another_registry_leave_it_to_dockers_configuration(registry, session, tmp_path):
    registry.login, registry.user = "basic", "you"
    registry.add("a", "1", SHAPES["oci"][0])
    auth = base64.b64encode(b"you:s3cret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}), "utf-8")
    variables = VARIABLES | {"HGW_REGISTRY": "registry.example.com", "DOCKER_CONFIG": str(tmp_path)}

    assert module_of_image(session(variables=variables), f"oci://{registry.host}/a:1").content == MODULE


def test_variables_that_are_for_nobody_are_named_where_strangers_may_not_read(registry, session):
    registry.faults.append(Fault("GET", "/manifests/", status=403, code="DENIED", times=-1))

    error = refused(session(variables=VARIABLES), f"oci://{registry.host}/a:1")

    assert (error.code, error.exit_code) == ("registry-denied", 9)
    assert f"export HGW_REGISTRY={registry.host};" in str(error.hint)


def test_a_token_server_on_another_host_without_tls_sees_nothing(registry, session):
    registry.login, registry.realm = "bearer", "http://tokens.example.com/token"
    variables = VARIABLES | {"HGW_REGISTRY": registry.host}

    error = refused(session(variables=variables), f"oci://{registry.host}/a:1")

    assert (error.code, error.details["host"]) == ("registry-plain-http", "tokens.example.com")
    assert authorized(registry) == []


@pytest.mark.parametrize("text", ["https://registry.example.com", "registry.example.com/team", "a b"])
def test_a_registry_is_named_by_its_host(session, text):
    error = refused(session(variables=VARIABLES | {"HGW_REGISTRY": text}), "oci://registry.example.com/a:1")

    assert (error.code, error.exit_code) == ("choice-invalid", 2)
    assert text in error.message


# The cache ----------------------------------------------------------------------------------------------------------


def test_the_cache_keeps_what_was_used_last(tmp_path):
    store = Store(tmp_path, most_bytes=250)
    pieces = [bytes([number]) * 100 for number in range(3)]
    for number, piece in enumerate(pieces):
        path = store.put(digest_of(piece), [piece[:50], piece[50:]], most_bytes=100)
        os.utime(path, (number, number))

    store.trim()

    assert [store.get(digest_of(piece)) is not None for piece in pieces] == [False, True, True]


def test_the_cache_takes_nothing_that_is_something_else(tmp_path):
    store = Store(tmp_path)

    for chunks, most in (([b"other"], 100), ([b"piece", b"more"], 5)):
        with pytest.raises(OtherContentError):
            store.put(digest_of(b"piece"), chunks, most_bytes=most)

    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "CACHEDIR.TAG"] == []


def test_the_store_of_images_is_in_the_cache_folder(tmp_path):
    image_store(tmp_path).put(digest_of(b"x"), [b"x"], most_bytes=1)

    assert (tmp_path / "oci" / "CACHEDIR.TAG").is_file()
