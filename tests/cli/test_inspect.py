import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import pytest

from higress_cli.oci.image import Image, PluginFile, layer_tar, make_image
from higress_cli.oci.layout import layout_files, layout_tar
from tests.support.file_server import FileServer, serving
from tests.support.images import SHAPES, described
from tests.support.modules import GO_EXPORTS, HEADER, TINYGO_EXPORTS, leb, section, text, wasm
from tests.support.programs import python_path
from tests.support.registry import FakeRegistry
from tests.support.registry import serving as registry_serving
from tests.support.schemas import validate

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "inspect.json").read_text("utf-8"))
OLD = wasm(exports=TINYGO_EXPORTS, imports=[("env", "proxy_log"), ("env", "proxy_redis_call")])
NEW = wasm(exports=GO_EXPORTS, imports=[("wasi_snapshot_preview1", "fd_pread")], custom={"go:buildid": b"x"})

DESCRIPTOR = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{'1' * 64}", "size": 9}
INDEX = json.dumps({"schemaVersion": 2, "manifests": [DESCRIPTOR]}).encode()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.wasm").write_bytes(OLD)
    (tmp_path / "new.wasm").write_bytes(NEW)
    return tmp_path


@pytest.fixture
def json_of(hgw):
    def run(*argv: str):
        outcome = hgw("--output", "json", "inspect", *argv)
        document = json.loads(outcome.out)
        assert document["exit_code"] == outcome.code
        if document["data"]:
            validate(document["data"], SCHEMA)
        return document

    return run


def test_everything_about_a_module(here, json_of):
    data = json_of("old.wasm")["data"]
    assert (data["source"], data["kind"], data["bytes"]) == (str(here / "old.wasm"), "module", len(OLD))
    assert (data["abi"], data["abi_export"], data["entry"]) == ("0.2.1", "proxy_abi_version_0_2_0", "_start")
    assert (data["compiler"], data["language"]) == ("tinygo", "Go")
    assert data["imports"][1] == {
        "module": "env", "name": "proxy_redis_call", "kind": "function", "type": "(i32, i64) -> i32",
        "since": "v1.4.0-rc.1", "supported": True,
    }  # fmt: skip
    assert {"name": "memory", "kind": "memory"} in data["exports"]
    assert [section["name"] for section in data["sections"]][:2] == ["type", "import"]
    assert (data["gateway"], data["findings"], data["difference"]) == (None, [], None)


def test_a_gateway_that_would_refuse_it_is_exit_code_1(here, hgw, json_of):
    document = json_of("new.wasm", "--gateway", "v2.0.7")
    assert (document["exit_code"], document["ok"]) == (1, False)
    assert [finding["id"] for finding in document["data"]["findings"]] == ["import-missing"]
    assert document["data"]["gateway"] == {"value": "v2.0.7", "source": "--gateway"}
    assert json_of("new.wasm", "--gateway", "v2.1.5")["exit_code"] == 0
    outcome = hgw("inspect", "new.wasm", "--gateway", "v2.0.7")
    assert outcome.code == 1
    assert "gateway v2.0.7 would refuse it" in outcome.out
    assert "fd_pread" in outcome.out
    assert json_of("new.wasm", "--gateway", "newest")["exit_code"] == 2


def test_a_gateway_that_hgw_does_not_know_is_judged_by_the_newest_and_told(here, hgw, json_of):
    document = json_of("new.wasm", "--gateway", "v9.9.9")

    assert document["exit_code"] == 0
    (finding,) = document["data"]["findings"]
    assert (finding["id"], finding["severity"], finding["found"]) == ("gateway-unknown", "warning", "v9.9.9")
    text = hgw("inspect", "new.wasm", "--gateway", "v9.9.9").out
    assert "! gateway v9.9.9 would accept it if it is like v2.2.4\n" in text
    assert "! hgw does not know gateway v9.9.9, and judges it as if it were v2.2.4" in text
    assert json_of("new.wasm", "--gateway", "v2.2.4")["data"]["findings"] == []


def test_without_a_gateway_nothing_is_judged(here, hgw):
    (here / "plain.wasm").write_bytes(wasm(exports=("add",)))
    outcome = hgw("inspect", "plain.wasm")
    assert outcome.code == 0
    assert "abi-missing" in outcome.out


def test_standard_input_and_addresses(here, hgw, json_of, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(OLD), isatty=lambda: False))
    assert json_of("-")["data"]["source"].endswith("stdin")
    with serving(FileServer(content=OLD)) as server:
        data = json_of(server.url)["data"]
        assert (data["source"], data["bytes"]) == (server.url, len(OLD))
        refused = json_of("--offline", server.url)
        assert (refused["exit_code"], refused["error"]["code"]) == (5, "offline")
    assert json_of((here / "old.wasm").as_uri())["data"]["bytes"] == len(OLD)
    assert json_of("ftp://example.com/x.wasm")["error"]["code"] == "address-unknown"
    assert json_of("http://127.0.0.1:9/x.wasm")["exit_code"] == 5


def test_what_differs(here, hgw, json_of):
    found = json_of("new.wasm", "--diff", "old.wasm")["data"]["difference"]
    assert (found["same"], found["other"]) == (False, str(here / "old.wasm"))
    assert found["imports_only_here"] == ["wasi_snapshot_preview1.fd_pread"]
    text = hgw("inspect", "new.wasm", "--diff", "old.wasm").out
    assert "ABI marker: proxy_abi_version_0_2_0 -> proxy_abi_version_0_2_100" in text
    chinese = hgw("--lang", "zh", "inspect", "new.wasm", "--diff", "old.wasm").out
    assert "ABI 标记：proxy_abi_version_0_2_0 -> proxy_abi_version_0_2_100" in chinese
    assert "- import env.proxy_redis_call" in text
    assert "the same to a byte" in hgw("inspect", "old.wasm", "--diff", "old.wasm").out


def test_a_component_is_told_and_refused(here, hgw, json_of):
    (here / "c.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    assert json_of("c.wasm")["data"]["kind"] == "component"
    outcome = hgw("inspect", "c.wasm", "--gateway", "v2.1.5")
    assert outcome.code == 1
    assert "component-not-loaded" in outcome.out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x1f\x8b", "gzip"),
        (OLD[:40], "cut off at byte"),
        (b"", "empty"),
        (b"\0asm\1\0\0\0\2\xff\xff\xff\xff\x0f", "cut off"),
    ],
)
def test_a_file_that_is_no_module_is_exit_code_3(here, json_of, content, reason):
    (here / "x.wasm").write_bytes(content)
    document = json_of("x.wasm")
    assert (document["exit_code"], document["error"]["code"]) == (3, "wasm-invalid")
    assert reason in document["error"]["message"]
    assert json_of("missing.wasm")["exit_code"] == 3


def test_names_of_a_hostile_module_do_not_act_on_the_terminal(here, hgw):
    (here / "x.wasm").write_bytes(wasm(exports=("\x1b[31mred", "\u202e")))
    assert "\\x1b[31mred" in hgw("inspect", "x.wasm").out


def test_chinese(here, hgw):
    assert "网关 v2.0.7 会拒绝加载" in hgw("--lang", "zh", "inspect", "new.wasm", "--gateway", "v2.0.7").out


@pytest.fixture
def registry():
    with registry_serving(FakeRegistry()) as registry:
        yield registry


def test_the_module_of_an_image_with_the_verdicts_of_its_readers(here, json_of, hgw, registry):
    registry.add("p/a", "1", SHAPES["hgctl"][0])

    data = json_of(f"oci://{registry.host}/p/a:1")["data"]

    assert (data["source"], data["abi"]) == (f"oci://{registry.host}/p/a:1", "0.2.1")
    assert data["image"]["digest"] == SHAPES["hgctl"][0].digest
    assert [(item["reader"], item["accepted"]) for item in data["image"]["verdicts"]] == [
        ("gateway", True), ("plugin-server", True), ("image-volume", False),
    ]  # fmt: skip
    text = hgw("inspect", f"oci://{registry.host}/p/a:1").out
    assert "the gateway accepts it" in text
    assert "an image volume of Kubernetes refuses it: its configuration is" in text


def test_an_image_that_the_gateway_would_refuse(here, json_of, registry):
    registry.add("p/a", "1", SHAPES["raw-alone"][0])

    document = json_of(f"oci://{registry.host}/p/a:1")

    assert (document["exit_code"], document["error"]["code"]) == (1, "image-refused")
    assert "the plugin server accepts it" in document["warnings"]


def layout(*images: Image) -> bytes:
    """A tar archive with the pieces of these images."""
    files = [layout_files(image, tag=str(number)) for number, image in enumerate(images)]
    entries = [entry for each in files for entry in json.loads(named(each, "index.json"))["manifests"]]
    index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    pieces = {file.name: file.content for each in files for file in each} | {"index.json": index}
    return layer_tar([PluginFile(name=name, content=content) for name, content in pieces.items()])


def named(files: Iterable[PluginFile], name: str) -> bytes:
    return next(file.content for file in files if file.name == name)


@pytest.fixture
def image() -> Image:
    return make_image(OLD, annotations={})


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_an_image_in_a_file_is_read_as_one_in_a_registry(here, json_of, image, kind):
    if kind == "archive":
        (here / "image").write_bytes(layout_tar(image, tag="1"))
    else:
        for file in layout_files(image, tag="1"):
            (here / "image" / file.name).parent.mkdir(parents=True, exist_ok=True)
            (here / "image" / file.name).write_bytes(file.content)
    data = json_of("image")["data"]
    assert (data["source"], data["bytes"], data["abi"]) == (str(here / "image"), len(OLD), "0.2.1")
    assert data["image"]["digest"] == image.digest
    assert [item["accepted"] for item in data["image"]["verdicts"]] == [True] * 3


def test_an_image_in_a_file_that_the_gateway_would_refuse(here, json_of):
    shape = SHAPES["raw-alone"][0]
    index = json.dumps({"manifests": [described(shape.media_type, shape.content)]}).encode()
    blobs = {
        f"blobs/{digest.replace(':', '/')}": blob
        for digest, blob in {**shape.blobs, shape.digest: shape.content}.items()
    }
    files = [PluginFile(name=name, content=text) for name, text in {**blobs, "index.json": index}.items()]
    (here / "image.tar").write_bytes(layer_tar(files))
    assert json_of("image.tar")["error"]["code"] == "image-refused"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"main.go": b""}, "there is no index.json in it"),
        ({"index.json": b"{}"}, "the field manifests of the manifest is not a list"),
        ({"index.json": b"no"}, "the manifest is not JSON"),
        (
            {"blobs/sha256/" + "0" * 64: b"x", "index.json": b"{}"},
            f"blobs/sha256/{'0' * 64} is damaged: it has another digest",
        ),
        ({"index.json": INDEX}, f"sha256:{'1' * 64} is missing in it"),
    ],
)
def test_an_archive_without_an_image_that_can_be_read(here, json_of, files, reason):
    (here / "image.tar").write_bytes(layer_tar([PluginFile(name=name, content=text) for name, text in files.items()]))
    document = json_of("image.tar")
    assert (document["exit_code"], document["error"]["code"]) == (3, "layout-invalid")
    assert document["error"]["message"] == f"{here / 'image.tar'} is not an image that can be read: {reason}"


def test_a_file_of_several_images_has_the_one_for_the_gateway_or_says_that_there_is_none(here, json_of, image):
    other = make_image(NEW, annotations={})
    (here / "image.tar").write_bytes(layout(image, other))
    assert json_of("image.tar")["data"]["image"]["digest"] == image.digest


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("nope.wasm", "give the path of a file that exists"),
        ("file:///nope.wasm", "give the path of a file that exists"),
        (".", "give the path of a file"),
        ("built", "hgw inspect built/main.wasm"),
        ("main.go", "give a module, such as the main.wasm that hgw build makes of Go source"),
        (
            "http://127.0.0.1:9/main.wasm",
            "check the address and the connection, and try again; behind a proxy: set HTTPS_PROXY",
        ),
    ],
)
def test_the_hint_fits_the_cause(json_of, here, address, hint):
    (here / "main.go").write_text("package main\n")
    (here / "built").mkdir()
    (here / "built" / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))

    assert json_of(address)["error"]["hint"] == hint


@pytest.mark.parametrize("address", ["https://host.invalid/main.wasm", "oci://registry.invalid/p/a:1"])
def test_a_proxy_that_refuses_is_blamed_and_not_the_host(json_of, monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cret@127.0.0.1:9")

    document = json_of(address)

    assert document["exit_code"] == 5
    assert "the proxy http://127.0.0.1:9 (from HTTPS_PROXY) fails" in document["error"]["message"]
    assert document["error"]["hint"] == "check the proxy that HTTPS_PROXY names, or unset HTTPS_PROXY"


MANY = 2**32 - 1
MEGABYTES = 16


def hostile() -> Iterator[tuple[str, bytes]]:
    """Modules that promise more than they hold, or hold much that has to be looked at."""
    for number in range(1, 13):
        yield f"section-{number}", HEADER + section(number, leb(MANY) + bytes(1000))
    yield "long", HEADER + leb(3) + leb(MANY)
    yield "names", wasm(exports=TINYGO_EXPORTS, custom={"name": b"\1" + leb(MANY) + leb(MANY)})
    types = section(1, leb(1) + b"\x60\0\0")
    bodies = 400_000
    functions = section(3, leb(bodies) + bytes(bodies)) + section(10, leb(bodies) + b"\2\0\x0b" * bodies)
    yield "functions", HEADER + types + functions
    exports = b"".join(text(f"e{number}") + b"\0\0" for number in range(50_000))
    yield "exports", HEADER + types + section(3, leb(1) + b"\0") + section(7, leb(50_000) + exports)
    imports = b"".join(text("env") + text(f"i{number}") + b"\0\0" for number in range(30_000))
    yield "imports", HEADER + types + section(2, leb(30_000) + imports)
    for name in ("(" * 500_000, "a/" * 500_000, "a." * 500_000, "a_" * 500_000, "(*a.b/" * 100_000, "_ZN9" * 200_000):
        named = leb(1) + leb(0) + text(name)
        code = section(3, leb(1) + b"\0") + section(10, leb(1) + b"\2\0\x0b")
        yield f"name-{name[:3]}", HEADER + types + code + section(0, text("name") + b"\1" + leb(len(named)) + named)
    yield "large", HEADER + section(0, text("x") + bytes(MEGABYTES << 20))
    yield "component", b"\0asm\x0d\0\1\0" + (b"\4" + leb(8) + b"\0asm\x0d\0\1\0") * 100_000


def limits() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _content in hostile()])
def test_hostile_modules_take_bounded_time_and_memory(tmp_path: Path, name: str):
    module = tmp_path / "hostile.wasm"
    module.write_bytes(next(content for found, content in hostile() if found == name))
    done = subprocess.run(
        [sys.executable, "-m", "higress_cli", "--output", "json", "inspect", str(module)],
        check=False, env={**os.environ, "PYTHONPATH": python_path()}, stdout=subprocess.PIPE, preexec_fn=limits,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert done.returncode in {0, 3}, document["error"]
    assert done.returncode == 0 or document["error"]["code"] == "wasm-invalid"
