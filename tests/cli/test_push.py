"""`hgw push` against a registry on this machine: what moves, who it is there, and what it says when it fails."""

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.images import digest_of
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.registry import CERTIFICATES, FakeRegistry, Fault, serving

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "push.json").read_text("utf-8"))
MODULE = wasm(exports=TINYGO_EXPORTS, custom={"padding": bytes(200_000)})
RESOURCE = """\
# keep me
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata:
  name: demo
  namespace: higress-system
spec:
  url: oci://registry.example.com/plugins/demo:0.9   # the image
  priority: 100
  defaultConfig: {a: 1}
"""


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def project(tree) -> Path:
    """A folder with a module that is not built here."""
    root = tree({"hgw.yaml": "name: demo\nversion: 1.0.0\n", "wasmplugin.yaml": RESOURCE})
    (root / "main.wasm").write_bytes(MODULE)
    return root


@pytest.fixture
def pushed(hgw, project) -> Callable[..., dict[str, Any]]:
    """The envelope of `hgw push`, its `data` held against the schema where there is any."""

    def run(*argv: str) -> dict[str, Any]:
        outcome = hgw("--output", "json", "push", *argv)
        document = json.loads(outcome.out)
        assert document["exit_code"] == outcome.code
        if document["error"] is None:
            jsonschema.validate(document["data"], SCHEMA)
        assert "s3cret" not in outcome.out + outcome.err
        return document

    return run


def docker_config(folder: Path, document: dict[str, Any]) -> None:
    (folder / ".docker").mkdir(exist_ok=True)
    (folder / ".docker" / "config.json").write_text(json.dumps(document), "utf-8")


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_blobs_go_once_and_the_manifest_last(pushed, registry):
    data = pushed(f"{registry.host}/team/demo")["data"]

    assert registry.moved == [
        "POST /v2/team/demo/blobs/uploads",
        "PUT /v2/team/demo/blobs/uploads",
        "POST /v2/team/demo/blobs/uploads",
        "PUT /v2/team/demo/blobs/uploads",
        "PUT /v2/team/demo/manifests/1.0.0",
    ]
    assert data["tags"] == [{"url": f"oci://{registry.host}/team/demo:1.0.0", "existed": False, "replaced": None}]
    assert data["digest"] in registry.manifests["team/demo"]
    assert data["digest"] == f"sha256:{data['sha256']}"
    assert (data["sent_blobs"], data["sent_bytes"] > len(MODULE)) == (2, True)


def test_a_second_push_moves_nothing(pushed, registry):
    first = pushed(f"{registry.host}/demo")["data"]
    registry.seen.clear()

    again = pushed(f"{registry.host}/demo")["data"]

    assert registry.moved == []
    assert (again["digest"], again["sent_blobs"], again["tags"][0]["existed"]) == (first["digest"], 0, True)


def test_several_tags_and_repositories_share_what_was_sent(pushed, registry):
    host = registry.host

    data = pushed(f"{host}/demo:1", f"{host}/demo:2", f"oci://{host}/other/name:3")["data"]

    assert [tag["url"] for tag in data["tags"]] == [
        f"oci://{host}/demo:1", f"oci://{host}/demo:2", f"oci://{host}/other/name:3",
    ]  # fmt: skip
    assert data["sent_blobs"] == 2
    assert registry.moved[-3:] == [
        "PUT /v2/demo/manifests/1", "PUT /v2/demo/manifests/2", "PUT /v2/other/name/manifests/3",
    ]  # fmt: skip
    assert registry.blobs["demo"] == registry.blobs["other/name"]


def test_text_says_what_the_resource_has_to_say(hgw, project, registry):
    outcome = hgw("push", f"{registry.host}/demo")

    assert outcome.code == 0, outcome.err
    digest = next(key for key in registry.manifests["demo"] if key.startswith("sha256:"))
    assert f"  url: oci://{registry.host}/demo:1.0.0\n" in outcome.out
    assert f'  sha256: "{digest.removeprefix("sha256:")}"\n' in outcome.out


def test_the_abi_can_be_part_of_the_tag(pushed, registry):
    assert pushed(f"{registry.host}/demo", "--abi-suffix")["ok"]
    assert "1.0.0-abi0.2.1" in registry.manifests["demo"]


def test_update_changes_url_and_digest_and_nothing_else(pushed, registry, project):
    data = pushed(f"{registry.host}/demo", "--update", "wasmplugin.yaml")["data"]

    after = (project / "wasmplugin.yaml").read_text("utf-8")
    assert after == RESOURCE.replace(
        "url: oci://registry.example.com/plugins/demo:0.9   # the image",
        f'url: oci://{registry.host}/demo:1.0.0   # the image\n  sha256: "{data["sha256"]}"',
    )
    assert data["updated"]["changed"]
    again = pushed(f"{registry.host}/demo", "--update", "wasmplugin.yaml")["data"]
    assert (again["updated"]["changed"], again["updated"]["difference"]) == (False, "")


def test_a_dry_run_shows_the_difference_and_touches_nothing(hgw, pushed, registry, project):
    data = pushed(f"{registry.host}/demo", "--dry-run", "--update", "wasmplugin.yaml")["data"]

    assert f"+  url: oci://{registry.host}/demo:1.0.0   # the image" in data["updated"]["difference"]
    assert (data["dry_run"], registry.seen) == (True, [])
    assert (project / "wasmplugin.yaml").read_text("utf-8") == RESOURCE
    assert pushed(f"{registry.host}/demo")["data"]["digest"] == data["digest"]
    text = hgw("push", f"{registry.host}/demo", "--dry-run", "--update", "wasmplugin.yaml").out
    assert "wasmplugin.yaml would change:" in text


def test_what_a_gateway_would_not_notice_is_warned_about(pushed, registry, project):
    assert any("latest" in warning for warning in pushed(f"{registry.host}/demo:latest")["warnings"])
    first = pushed(f"{registry.host}/demo")["data"]["digest"]
    (project / "main.wasm").write_bytes(MODULE + b"\0\1\0")

    document = pushed(f"{registry.host}/demo")

    assert document["data"]["tags"][0]["replaced"] == first
    assert any(first in warning and "keeps that one" in warning for warning in document["warnings"])


def test_a_resource_that_does_not_fit_is_warned_about(pushed, registry, project):
    text = RESOURCE.replace("  namespace: higress-system\n", "").replace(
        "spec:\n", "spec:\n  imagePullSecret: other/s\n"
    )
    (project / "wasmplugin.yaml").write_text(text.replace("priority: 100", "phase: default"), "utf-8")

    warnings = "\n".join(pushed(f"{registry.host}/demo", "--update", "wasmplugin.yaml")["warnings"])

    assert "namespace default" in warnings
    assert "write the name alone" in warnings
    assert "`phase` cannot be `default`" in warnings


def test_a_file_without_a_resource_is_refused_before_anything_is_pushed(pushed, registry, project):
    (project / "other.yaml").write_text("kind: Service\n", "utf-8")

    document = pushed(f"{registry.host}/demo", "--update", "other.yaml")

    assert (document["exit_code"], document["error"]["code"]) == (3, "wasmplugin-missing")
    assert registry.seen == []


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("demo", "reference-invalid"),
        ("registry.example.com/Demo", "reference-invalid"),
        ("registry.example.com/demo:a b", "reference-invalid"),
        (f"registry.example.com/demo@sha256:{'0' * 64}", "reference-invalid"),
        ("https://registry.example.com/demo", "reference-invalid"),
    ],
)
def test_what_is_no_address_of_an_image_is_wrong_usage(pushed, reference, code):
    document = pushed(reference)

    assert (document["exit_code"], document["error"]["code"]) == (2, code)


# Logins -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_the_variables_log_in(pushed, registry, monkeypatch, login):
    registry.login = login
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    assert pushed(f"{registry.host}/demo")["ok"]

    if login == "bearer":
        assert registry.scopes[0] == ["repository:demo:pull,push"]
        carried = [item for item in registry.seen if item.path.startswith("/v2/")]
        assert all("Basic" not in (item.authorization or "") for item in carried), "only the token server gets it"


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_dockers_configuration_logs_in(pushed, registry, tmp_path, login):
    registry.login = login
    docker_config(tmp_path / "home", {"auths": {registry.host: {"auth": packed("me:s3cret")}}})

    document = pushed(f"{registry.host}/demo", "--update", "wasmplugin.yaml")

    assert document["ok"]
    assert any("imagePullSecret" in warning for warning in document["warnings"])


def test_an_identity_token_gets_tokens(pushed, registry, tmp_path):
    registry.login, registry.identity_token = "bearer", "s3cret-identity"
    docker_config(tmp_path / "home", {"auths": {f"https://{registry.host}": {"identitytoken": "s3cret-identity"}}})

    assert pushed(f"{registry.host}/demo")["ok"]


def helper(folder: Path, script: str) -> None:
    path = folder / "docker-credential-test"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_credential_helper_logs_in(pushed, registry, tmp_path, monkeypatch, key):
    registry.login = "basic"
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    helper(
        programs, 'read host; echo "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"me\\",\\"Secret\\":\\"s3cret\\"}"'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "home" / ".docker"))
    docker_config(tmp_path / "home", {key: "test" if key == "credsStore" else {registry.host: "test"}})

    assert pushed(f"{registry.host}/demo", "-v")["ok"]


def test_a_helper_that_fails_is_named_without_what_it_said(pushed, registry, tmp_path, monkeypatch):
    registry.login = "basic"
    docker_config(tmp_path / "home", {"credsStore": "test"})
    missing = pushed(f"{registry.host}/demo")
    assert (missing["exit_code"], missing["error"]["code"]) == (4, "credential-helper-failed")
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    helper(programs, "echo s3cret; exit 1")

    assert pushed(f"{registry.host}/demo")["error"]["code"] == "credential-helper-failed"

    helper(programs, "echo credentials not found in native keychain; exit 1")
    assert pushed(f"{registry.host}/demo")["error"]["code"] == "registry-login"


@pytest.mark.parametrize("login", ["basic", "bearer"])
def test_without_and_with_wrong_credentials(pushed, registry, monkeypatch, login):
    registry.login = login
    nobody = pushed(f"{registry.host}/demo")
    assert (nobody["exit_code"], nobody["error"]["code"]) == (9, "registry-login")
    assert f"docker login {registry.host}" in nobody["error"]["hint"]
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    half = pushed(f"{registry.host}/demo")
    assert (half["exit_code"], half["error"]["code"]) == (2, "credentials-incomplete")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "wrong-s3cret")

    wrong = pushed(f"{registry.host}/demo")

    assert (wrong["exit_code"], wrong["error"]["code"]) == (9, "registry-login")
    assert "HGW_REGISTRY_USERNAME" in wrong["error"]["message"]
    assert registry.manifests.get("demo", {}) == {}


def test_a_password_in_variables_is_for_one_registry(pushed, registry, monkeypatch):
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    document = pushed(f"{registry.host}/demo", "registry.example.com/demo")

    assert (document["exit_code"], document["error"]["code"]) == (2, "credentials-ambiguous")
    assert registry.seen == []


def test_with_several_registries_the_variables_go_to_the_one_that_they_name(pushed, registry, tmp_path, monkeypatch):
    registry.login = "basic"
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    monkeypatch.setenv("HGW_REGISTRY", registry.host)
    with serving(FakeRegistry(login="basic", user="you")) as other:
        docker_config(tmp_path / "home", {"auths": {other.host: {"auth": packed("you:s3cret")}}})

        assert pushed(f"{registry.host}/demo", f"{other.host}/demo")["ok"]

        assert {item.authorization for item in other.seen} <= {None, f"Basic {packed('you:s3cret')}"}


def test_a_push_elsewhere_than_the_variables_are_for_does_not_use_them(pushed, registry, monkeypatch):
    registry.login = "basic"
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    monkeypatch.setenv("HGW_REGISTRY", "registry.example.com")

    document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (9, "registry-login")
    assert f"export HGW_REGISTRY={registry.host} " in document["error"]["hint"]
    assert not any(item.authorization for item in registry.seen)


def test_a_token_that_runs_out_in_the_middle_is_renewed(pushed, registry, monkeypatch):
    registry.login, registry.uses = "bearer", 2
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    assert pushed(f"{registry.host}/demo")["ok"]
    assert len(registry.scopes) > 2


def test_settings_never_show_the_password(hgw, monkeypatch):
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    for words in (("help", "settings"), ("--output", "json", "help", "settings")):
        outcome = hgw(*words)
        assert "s3cret" not in outcome.out + outcome.err
        assert "HGW_REGISTRY_PASSWORD" in outcome.out


# Faults -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def published(pushed, registry, project) -> str:
    """The digest of the image that the tag has before a push that fails; the module differs afterwards."""
    digest = str(pushed(f"{registry.host}/demo")["data"]["digest"])
    (project / "main.wasm").write_bytes(MODULE + b"\0\1\0")
    return digest


@pytest.mark.parametrize(
    ("fault", "exit_code", "code"),
    [
        (Fault("POST", "uploads/", status=403, code="DENIED", message="access denied"), 9, "registry-denied"),
        (Fault("POST", "uploads/", status=404, code="NAME_UNKNOWN", message="no project"), 5, "registry-name-unknown"),
        (Fault("PUT", "uploads/", status=413), 5, "registry-too-large"),
        (Fault("PUT", "uploads/", status=400, code="SIZE_INVALID"), 5, "registry-too-large"),
        (Fault("PUT", "manifests/", status=412, message="tag is configured as immutable"), 5, "registry-tag-immutable"),
        (Fault("PUT", "manifests/", status=400, message="the tag is immutable"), 5, "registry-tag-immutable"),
        (Fault("PUT", "manifests/", status=409), 5, "registry-tag-immutable"),
        (Fault("PUT", "manifests/", status=400, code="MANIFEST_INVALID", message="bad\x1b[31m"), 5, "registry-refused"),
        (Fault("HEAD", "blobs/", status=403), 9, "registry-denied"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_error_and_the_old_tag_still_answers(pushed, registry, published, fault, exit_code, code):
    registry.faults.append(fault)

    document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (exit_code, code)
    assert registry.host in document["error"]["message"]
    assert "\x1b" not in document["error"]["message"]
    _kind, content = registry.manifests["demo"]["1.0.0"]
    assert digest_of(content) == published


@pytest.mark.parametrize(
    "fault",
    [
        Fault("HEAD", "blobs/", cut=True),
        Fault("POST", "uploads/", cut=True),
        Fault("PUT", "uploads/", cut=True),
        Fault("PUT", "uploads/", cut=True, after=1),
        Fault("PUT", "manifests/", cut=True),
        Fault("POST", "uploads/", status=503),
        Fault("PUT", "uploads/", status=500),
        Fault("PUT", "manifests/", status=429, headers={"Retry-After": "1"}),
        Fault("GET", "/v2/$", status=502),
    ],
    ids=lambda fault: f"{fault.method}-{fault.path.strip('/$')}-{fault.status or 'cut'}-{fault.after}",
)
def test_what_passes_is_tried_again(pushed, registry, fault):
    registry.faults.append(fault)

    document = pushed(f"{registry.host}/demo")

    assert document["ok"], document["error"]
    assert "1.0.0" in registry.manifests["demo"]
    assert fault.times == 0


def test_an_upload_goes_on_where_the_registry_can(pushed, registry):
    registry.resumable = True
    registry.faults.append(Fault("PUT", "uploads/", cut=True, after=1))

    assert pushed(f"{registry.host}/demo")["ok"]

    [patch] = [item for item in registry.seen if item.method == "PATCH"]
    assert 0 < patch.bytes < len(MODULE)


def test_a_registry_that_wants_to_be_left_alone_for_long_is_given_up(pushed, registry, published):
    registry.faults.append(Fault("PUT", "manifests/", status=503, headers={"Retry-After": "3600"}, times=-1))

    document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-busy")
    assert published in registry.manifests["demo"]


def test_a_token_server_that_refuses_is_no_loop(pushed, registry, monkeypatch):
    registry.login = "bearer"
    registry.faults.append(Fault("GET", "/token", status=403, times=-1))
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    assert pushed(f"{registry.host}/demo")["error"]["code"] == "registry-login"
    assert len([item for item in registry.seen if item.path.startswith("/token")]) == 1


def test_nobody_listens(pushed):
    started = time.monotonic()

    document = pushed("127.0.0.1:1/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-unreachable")
    assert time.monotonic() - started < 40


def test_offline_forbids_a_push(pushed, registry):
    document = pushed(f"{registry.host}/demo", "--offline")

    assert (document["exit_code"], document["error"]["code"]) == (5, "offline")
    assert registry.seen == []


# TLS ----------------------------------------------------------------------------------------------------------------


def test_tls_with_an_authority_of_ones_own(pushed, monkeypatch):
    with serving(FakeRegistry(), tls=True) as registry:
        untrusted = pushed(f"{registry.host}/demo")
        assert (untrusted["exit_code"], untrusted["error"]["code"]) == (5, "registry-untrusted")
        assert "SSL_CERT_FILE" in untrusted["error"]["hint"]
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))

        assert pushed(f"{registry.host}/demo")["ok"]


def test_a_registry_elsewhere_without_tls_is_only_used_when_told_to(pushed, registry, monkeypatch):
    monkeypatch.setattr("higress_cli.oci.registry.is_loopback", lambda _host: False)

    refused = pushed(f"{registry.host}/demo")

    assert (refused["exit_code"], refused["error"]["code"]) == (5, "registry-plain-http")
    assert "--plain-http" in refused["error"]["hint"]
    assert registry.manifests == {}
    assert pushed(f"{registry.host}/demo", "--plain-http")["ok"]


def test_a_token_server_without_tls_sees_no_password(pushed, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    monkeypatch.setattr("higress_cli.oci.registry.is_loopback", lambda _host: False)
    with serving(FakeRegistry(login="bearer"), tls=True) as registry:
        registry.scheme = "http"  # what its challenge says

        document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-plain-http")
    assert not any(item.authorization for item in registry.seen)
