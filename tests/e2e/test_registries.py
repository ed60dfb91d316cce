"""Images in real registries: pushed by hgw, read back and judged by programs that hgw has nothing to do with."""

import base64
import hashlib
import http.client
import json
import os
import ssl
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.images import SHAPES, Shape
from tests.support.real_registries import (
    CERTIFICATES,
    PASSWORD,
    USER,
    Place,
    Programs,
    crane,
    docker_registry,
    judged,
    plain_registry,
    provide,
)

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Programs:
    kept = ("PATH", "HOME", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GOFLAGS", "SSL_CERT_FILE")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    variables.setdefault("HOME", str(Path.home()))
    if not Path(variables["HOME"]).is_dir():
        variables["HOME"] = str(tmp_path_factory.mktemp("home"))
    return provide(variables)


@pytest.fixture(scope="module", params=["docker-registry", "go-containerregistry"])
def place(request, programs, tmp_path_factory) -> Iterator[Place]:
    serve = docker_registry if request.param == "docker-registry" else plain_registry
    with serve(programs, tmp_path_factory.mktemp("registry")) as place:
        yield place


def test_a_plugin_is_pushed_and_other_programs_read_what_was_meant(real_hgw, basic_plugin, programs, place, tmp_path):
    image = f"{place.host}/plugins/basic"
    wanted = ("push", f"{image}:1.0.0", f"{image}:1", "--abi", "0.2.1", "--output", "json")

    first = real_hgw(*wanted, cwd=basic_plugin, **place.variables)

    assert first.code == 0, first.out
    data = first.document["data"]
    assert data["sent_blobs"] == 2
    module = Path(data["module"]).read_bytes()
    assert crane(programs, place, "digest", f"{image}:1.0.0").strip() == data["digest"]
    assert sorted(crane(programs, place, "ls", image).split()) == ["1", "1.0.0"]
    crane(programs, place, "validate", "--remote", f"{image}:1.0.0")
    exported = tmp_path / "image.tar"
    crane(programs, place, "export", f"{image}@{data['digest']}", str(exported))
    with tarfile.open(exported) as tar:
        assert tar.getnames() == ["plugin.wasm"]
        assert tar.extractfile("plugin.wasm").read() == module
    [verdict] = judged(programs, place, f"{image}:1.0.0")
    assert (verdict["taken"], verdict["module"]) == (True, hashlib.sha256(module).hexdigest()), verdict

    again = real_hgw(*wanted, cwd=basic_plugin, **place.variables).document["data"]
    assert (again["sent_blobs"], again["digest"]) == (0, data["digest"])
    assert all(tag["existed"] for tag in again["tags"])

    verified = real_hgw("verify", "--module", f"oci://{image}:1", "--no-build", cwd=basic_plugin, **place.variables)
    assert verified.code == 0, verified.err + verified.out


def test_without_the_authority_or_the_password_nothing_is_pushed(real_hgw, basic_plugin, programs, tmp_path):
    with docker_registry(programs, tmp_path) as place:
        wanted = ("push", f"{place.host}/a:1", "--abi", "0.2.1", "--output", "json")

        untrusted = real_hgw(*wanted, cwd=basic_plugin, DOCKER_CONFIG=place.variables["DOCKER_CONFIG"])
        assert (untrusted.code, untrusted.document["error"]["code"]) == (5, "registry-untrusted")
        trusting = {"SSL_CERT_FILE": place.variables["SSL_CERT_FILE"], "DOCKER_CONFIG": "/nowhere"}
        stranger = real_hgw(*wanted, cwd=basic_plugin, **trusting)
        assert (stranger.code, stranger.document["error"]["code"]) == (9, "registry-login")
        wrong = real_hgw(
            *wanted, cwd=basic_plugin, **trusting, HGW_REGISTRY_USERNAME=USER, HGW_REGISTRY_PASSWORD="wrong"
        )
        assert (wrong.code, wrong.document["error"]["code"]) == (9, "registry-login")
        known = real_hgw(
            *wanted, cwd=basic_plugin, **trusting, HGW_REGISTRY_USERNAME=USER, HGW_REGISTRY_PASSWORD=PASSWORD
        )
        assert known.code == 0, known.out
        assert PASSWORD not in known.out + known.err + wrong.out + stranger.out


def test_hgw_and_the_gateways_own_library_agree_about_each_form(programs, tmp_path, real_hgw):
    """The first column of the table of forms, by go-containerregistry and the agent's rules, and by hgw."""
    with plain_registry(programs, tmp_path) as place:
        for name, (shape, _expected) in SHAPES.items():
            publish(place, name, shape)
        images = {name: f"{place.host}/{name}:1" for name in SHAPES}

        verdicts = {item["image"]: item for item in judged(programs, place, *images.values())}

        assert {name: verdicts[image]["taken"] for name, image in images.items()} == {
            name: expected[0] for name, (_shape, expected) in SHAPES.items()
        }
        for name in ("index", "raw-alone"):
            seen = real_hgw("inspect", f"oci://{images[name]}", "--output", "json", cwd=tmp_path, **place.variables)
            assert (seen.code == 0) == verdicts[images[name]]["taken"]
            if seen.code == 0:
                assert seen.document["data"]["image"]["digest"] == verdicts[images[name]]["digest"]


def publish(place: Place, repository: str, shape: Shape) -> None:
    """Push an image as it is, however odd, by requests of the distribution specification."""
    connection = http.client.HTTPConnection(place.host, timeout=20)

    def ask(method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> str:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
        return str(answer.headers.get("Location") or "")

    for digest, content in shape.blobs.items():
        location = ask("POST", f"/v2/{repository}/blobs/uploads/")
        ask("PUT", f"{location}{'&' if '?' in location else '?'}digest={digest}", content)
    for child in shape.children:
        ask("PUT", f"/v2/{repository}/manifests/{child.digest}", child.content, child.media_type)
    ask("PUT", f"/v2/{repository}/manifests/1", shape.content, shape.media_type)
    connection.close()


def test_curl_like_requests_get_the_manifest_that_was_meant(real_hgw, basic_plugin, programs, tmp_path):
    with docker_registry(programs, tmp_path) as place:
        pushed = real_hgw(
            "push", f"{place.host}/a:1", "--abi", "0.2.1", "--output", "json", cwd=basic_plugin, **place.variables
        )
        host, _colon, port = place.host.partition(":")
        trusted = ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))
        connection = http.client.HTTPSConnection(host, int(port), timeout=20, context=trusted)
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Accept": "application/vnd.oci.image.manifest.v1+json"}
        connection.request("GET", "/v2/a/manifests/1", headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()

    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == pushed.document["data"]["digest"]
    assert json.loads(content)["annotations"]["org.opencontainers.image.title"] == "basic"
