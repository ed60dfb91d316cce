"""`hgw push` against a registry on this machine: what moves, and who it is there."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import MODULE, RESOURCE
from tests.conftest import Outcome
from tests.support.registry import FakeRegistry, serving


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

    digest = next(key for key in registry.manifests["demo"] if key.startswith("sha256:"))
    assert outcome.redacted() == Outcome(
        0,
        out=f"✓ oci://{registry.host}/demo:1.0.0\n"
        f"digest  {digest}\n"
        "size    0.20 MB, of which 0.20 MB had to be sent\n"
        "module  main.wasm  (ABI 0.2.1)\n"
        "\n"
        "In the WasmPlugin resource:\n"
        f"  url: oci://{registry.host}/demo:1.0.0\n"
        f'  sha256: "{digest.removeprefix("sha256:")}"\n',
        err=f"Pushing to {registry.host}/demo:1.0.0 ...\n",
    )


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
    assert document["error"]["hint"].endswith(f" --update {project / 'wasmplugin.yaml'}")
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


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("localhost:5999", "hgw push localhost:5999/my-plugin"),
        ("demo", "hgw push registry.example.com/plugins/demo"),
        ("registry.example.com/Demo:1", "in lower case: registry.example.com/demo:1"),
        ("me:s3cret@registry.example.com/demo", "docker login registry.example.com"),
    ],
)
def test_the_hint_is_what_was_probably_meant(pushed, reference, hint):
    assert pushed(reference)["error"]["hint"].endswith(hint)


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
    assert f"export HGW_REGISTRY={registry.host};" in document["error"]["hint"]
    assert not any(item.authorization for item in registry.seen)


def test_a_token_that_runs_out_in_the_middle_is_renewed(pushed, registry, monkeypatch):
    registry.login, registry.uses = "bearer", 2
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    assert pushed(f"{registry.host}/demo")["ok"]
    assert len(registry.scopes) > 2


@pytest.mark.parametrize("login", ["basic", "bearer"])
@pytest.mark.parametrize("password", ["s3cret", "wrong-s3cret"])
def test_no_file_holds_the_password_afterwards(hgw, project, registry, tmp_path, monkeypatch, login, password):
    registry.login = login
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", password)

    outcome = hgw("-vv", "push", f"{registry.host}/demo", "--update", "wasmplugin.yaml")

    assert outcome.code == (0 if password == "s3cret" else 9)
    said = (outcome.out + outcome.err).encode()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (password, packed(f"me:{password}"), *registry.tokens):
        assert not secret or secret.encode() not in said + written


def test_settings_never_show_the_password(hgw, monkeypatch):
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")

    for words in (("help", "settings"), ("--output", "json", "help", "settings")):
        outcome = hgw(*words)
        assert "s3cret" not in outcome.out + outcome.err
        assert "HGW_REGISTRY_PASSWORD" in outcome.out


@pytest.mark.parametrize(("tag", "warned"), [(":1.0.0", False), (":latest", False), ("", True)])
def test_an_unknown_version_is_a_warning_only_where_it_becomes_the_tag(pushed, registry, project, tag, warned):
    (project / "hgw.yaml").write_text("name: demo\n", "utf-8")
    document = pushed(f"{registry.host}/demo{tag}")
    assert document["data"]["version"] == {"value": "0.0.0", "source": "default"}
    assert any("the image's version is 0.0.0" in warning for warning in document["warnings"]) is warned


def test_the_tag_makes_no_other_image(pushed, registry, project):
    (project / "hgw.yaml").write_text("name: demo\n", "utf-8")
    digests = {pushed(f"{registry.host}/demo:{tag}")["data"]["digest"] for tag in ("1.0.0", "2.0.0", "latest")}
    assert len(digests) == 1
