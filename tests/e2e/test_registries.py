"""Images in real registries: pushed by hgw, and read back by programs that hgw has nothing to do with."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from higress_cli.profile import Profile
from higress_cli.scaffold.templates import list_templates
from tests.e2e.conftest import HgwProcess, Made, project_of
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.proxies import cutting_proxy
from tests.support.real_registries import (
    PASSWORD,
    USER,
    Place,
    Programs,
    crane,
    curl,
    docker_registry,
    judged,
    oras,
    plain_registry,
)

pytestmark = pytest.mark.e2e

AS_JSON = ("--output", "json")


@pytest.fixture(scope="module", params=["docker-registry", "go-containerregistry"])
def place(request, programs, tmp_path_factory) -> Iterator[Place]:
    serve = docker_registry if request.param == "docker-registry" else plain_registry
    with serve(programs, tmp_path_factory.mktemp("registry")) as place:
        yield place


@pytest.fixture(scope="module", params=[Profile.TINYGO, Profile.GO])
def plugin(request, real_hgw) -> Made:
    return basic(request.param, real_hgw)


def basic(profile: Profile, hgw: HgwProcess) -> Made:
    return project_of(next(item for item in list_templates() if item.name == "basic"), profile, hgw)


def test_a_plugin_is_pushed_and_other_programs_read_what_was_meant(real_hgw, plugin, programs, place, tmp_path):
    image = f"{place.host}/plugins/{plugin.profile}"
    abi = min(plugin.modules)
    module = plugin.modules[abi].read_bytes()
    packaged = real_hgw("package", "--abi", abi, "--out", str(tmp_path / "layout"), *AS_JSON, cwd=plugin.folder)
    assert packaged.code == 0, packaged.out
    wanted = ("push", f"{image}:1.0.0", f"{image}:1", "--abi", abi, *AS_JSON)

    first = real_hgw(*wanted, cwd=plugin.folder, **place.variables)

    assert first.code == 0, first.out
    data = first.document["data"]
    assert (data["sent_blobs"], data["digest"]) == (2, packaged.document["data"]["digest"])
    assert Path(data["module"]).read_bytes() == module
    read_with_crane(programs, place, f"{image}:1.0.0", digest=data["digest"], module=module, folder=tmp_path)
    read_with_oras(programs, place, f"{image}:1.0.0", packaged=tmp_path / "layout", folder=tmp_path / "copy")
    read_with_curl(place, f"plugins/{plugin.profile}", digest=data["digest"], module=module)
    [verdict] = judged(programs, place, f"{image}:1.0.0")
    assert (verdict["taken"], verdict["module"]) == (True, hashlib.sha256(module).hexdigest()), verdict

    again = real_hgw(*wanted, cwd=plugin.folder, **place.variables).document["data"]
    assert (again["sent_blobs"], again["digest"]) == (0, data["digest"])
    assert all(tag["existed"] for tag in again["tags"])

    verified = real_hgw("verify", "--module", f"oci://{image}:1", "--no-build", cwd=plugin.folder, **place.variables)
    assert verified.code == 0, verified.err + verified.out


def read_with_crane(programs: Programs, place: Place, image: str, *, digest: str, module: bytes, folder: Path) -> None:
    repository = image.rpartition(":")[0]
    assert crane(programs, place, "digest", image).strip() == digest
    assert sorted(crane(programs, place, "ls", repository).split()) == ["1", "1.0.0"]
    crane(programs, place, "validate", "--remote", image)
    exported = folder / "image.tar"
    crane(programs, place, "export", f"{repository}@{digest}", str(exported))
    with tarfile.open(exported) as tar:
        assert tar.getnames() == ["plugin.wasm"]
        content = tar.extractfile("plugin.wasm")
        assert content is not None
        assert content.read() == module


def read_with_oras(programs: Programs, place: Place, image: str, *, packaged: Path, folder: Path) -> None:
    """What oras copies has the same files as what `hgw package` wrote."""
    assert sorted(oras(programs, place, "repo", "tags", image.rpartition(":")[0]).split()) == ["1", "1.0.0"]
    oras(programs, place, "cp", image, "--to-oci-layout", f"{folder}:1.0.0")
    blobs = {path.name: path.read_bytes() for path in (packaged / "blobs" / "sha256").iterdir()}
    assert {path.name: path.read_bytes() for path in (folder / "blobs" / "sha256").iterdir()} == blobs
    assert len(blobs) == 3


def read_with_curl(place: Place, repository: str, *, digest: str, module: bytes) -> None:
    content = curl(place, f"/v2/{repository}/manifests/1", accept="application/vnd.oci.image.manifest.v1+json")
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == digest
    [layer] = json.loads(content)["layers"]
    blob = curl(place, f"/v2/{repository}/blobs/{layer['digest']}")
    with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as tar:
        inside = tar.extractfile("plugin.wasm")
        assert inside is not None
        assert inside.read() == module


def test_without_the_authority_or_the_password_nothing_is_pushed(real_hgw, programs, tmp_path):
    folder = basic(Profile.TINYGO, real_hgw).folder
    with docker_registry(programs, tmp_path) as place:
        wanted = ("push", f"{place.host}/a:1", "--abi", "0.2.1", *AS_JSON)

        untrusted = real_hgw(*wanted, cwd=folder, DOCKER_CONFIG=place.variables["DOCKER_CONFIG"])
        assert (untrusted.code, untrusted.document["error"]["code"]) == (5, "registry-untrusted")
        trusting = {"SSL_CERT_FILE": place.variables["SSL_CERT_FILE"], "DOCKER_CONFIG": "/nowhere"}
        stranger = real_hgw(*wanted, cwd=folder, **trusting)
        assert (stranger.code, stranger.document["error"]["code"]) == (9, "registry-login")
        wrong = real_hgw(*wanted, cwd=folder, **trusting, HGW_REGISTRY_USERNAME=USER, HGW_REGISTRY_PASSWORD="wrong")
        assert (wrong.code, wrong.document["error"]["code"]) == (9, "registry-login")
        known = real_hgw(*wanted, cwd=folder, **trusting, HGW_REGISTRY_USERNAME=USER, HGW_REGISTRY_PASSWORD=PASSWORD)
        assert known.code == 0, known.out
        assert PASSWORD not in known.out + known.err + wrong.out + stranger.out


def test_a_push_that_is_cut_off_ends_well(real_hgw, programs, place, tmp_path):
    (tmp_path / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS, custom={"padding": bytes(3_000_000)}))
    (tmp_path / "hgw.yaml").write_text("name: cut\nversion: 1.0.0\n", "utf-8")
    login = {"HGW_REGISTRY_USERNAME": USER, "HGW_REGISTRY_PASSWORD": PASSWORD} if place.tls else {}
    with cutting_proxy(place.address, after=1_500_000) as proxy:
        image = f"localhost:{proxy.port}/cut/a:1"

        pushed = real_hgw("push", image, *AS_JSON, cwd=tmp_path, **place.variables, **login)

    assert pushed.code == 0, pushed.out
    assert proxy.cuts == 1
    there = f"{place.host}/cut/a:1"
    assert crane(programs, place, "digest", there).strip() == pushed.document["data"]["digest"]
    crane(programs, place, "validate", "--remote", there)
