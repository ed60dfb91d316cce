"""`hgw push` against a registry that fails: what is tried again, what is given up, and what the old tag has then."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import MODULE
from tests.support.images import digest_of
from tests.support.registry import CERTIFICATES, FakeRegistry, Fault, serving

pytestmark = pytest.mark.slow


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


def old_tag(registry: FakeRegistry) -> str:
    """The digest of the image that the tag has."""
    return digest_of(registry.manifests["demo"]["1.0.0"][1])


def shown(fault: Fault) -> str:
    return f"{fault.method}-{fault.path.strip('/$')}-{fault.status or 'cut'}-{fault.after}"


# Each kind of request of a push, in their order. A token is asked for before anything else that has a name.
REQUESTS = [
    ("GET", "/token"),
    ("HEAD", "blobs/"),
    ("POST", "uploads/"),
    ("PUT", "uploads/"),
    ("HEAD", "manifests/"),
    ("PUT", "manifests/"),
]


@pytest.mark.parametrize("status", [0, 500])
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_whatever_request_fails_for_good_the_old_tag_still_answers(
    pushed, registry, published, monkeypatch, waits, method, path, status
):
    registry.login = "bearer"
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    registry.faults.append(Fault(method, path, cut=not status, status=status, times=-1))

    document = pushed(f"{registry.host}/demo")

    expected = "registry-busy" if status else "registry-unreachable"
    assert (document["exit_code"], document["error"]["code"]) == (5, expected)
    assert old_tag(registry) == published


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "/v2/$", cut=True),
        Fault("GET", "/token", cut=True),
        Fault("GET", "/token", status=503),
        Fault("HEAD", "manifests/", cut=True),
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
    ids=shown,
)
def test_what_passes_is_tried_again(pushed, registry, monkeypatch, fault, waits):
    registry.login = "bearer"
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    registry.faults.append(fault)

    document = pushed(f"{registry.host}/demo")

    assert document["ok"], document["error"]
    assert "1.0.0" in registry.manifests["demo"]
    assert fault.times == 0
    assert waits


def test_an_upload_goes_on_where_the_registry_can(pushed, registry, waits):
    registry.resumable = True
    registry.faults.append(Fault("PUT", "uploads/", cut=True, after=1))

    assert pushed(f"{registry.host}/demo")["ok"]

    [patch] = [item for item in registry.seen if item.method == "PATCH"]
    assert 0 < patch.bytes < len(MODULE)


@pytest.mark.parametrize(
    "fault", [Fault("GET", "uploads/", cut=True), Fault("GET", "uploads/", status=404), Fault("PATCH", "up", cut=True),
              Fault("PATCH", "uploads/", status=416)], ids=shown,
)  # fmt: skip
def test_an_upload_that_cannot_go_on_starts_anew(pushed, registry, waits, fault):
    registry.resumable = True
    registry.faults += [Fault("PUT", "uploads/", cut=True, after=1), fault]

    assert pushed(f"{registry.host}/demo")["ok"]
    assert fault.times == 0


OTHER = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (Fault("PUT", "manifests/", status=201, headers={"Docker-Content-Digest": OTHER}), "image-digest-mismatch"),
        (Fault("POST", "uploads/", status=202), "registry-refused"),
        (Fault("POST", "uploads/", status=202, headers={"Location": "http://["}), "registry-refused"),
        (Fault("POST", "uploads/", status=202, headers={"Location": "http://a:99999/"}), "registry-refused"),
        (Fault("HEAD", "blobs/", status=200, times=-1), "registry-refused"),
        (Fault("PUT", "uploads/", status=201, times=-1), "registry-refused"),
        (Fault("POST", "uploads/", status=201), "registry-refused"),
        (
            Fault("HEAD", "blobs/", status=302, headers={"Location": "/v2/demo/blobs/x"}, times=-1),
            "registry-unreachable",
        ),
    ],
    ids=lambda item: shown(item) if isinstance(item, Fault) else item,
)
def test_a_registry_that_says_what_is_not_so_sets_no_tag(pushed, registry, published, waits, lie, code):
    registry.faults.append(lie)

    document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, code)
    assert old_tag(registry) == published


@pytest.mark.parametrize("realm", ["http://[", "https://127.0.0.1:99999/token", "http://127.0.0.1:1/token"])
def test_a_token_server_that_is_nowhere_is_named(pushed, registry, published, waits, realm):
    registry.login, registry.realm = "bearer", realm

    document = pushed(f"{registry.host}/demo")

    expected = "registry-unreachable" if realm.endswith(":1/token") else "registry-refused"
    assert (document["exit_code"], document["error"]["code"]) == (5, expected)
    assert old_tag(registry) == published


def test_an_upload_to_another_host_leaves_the_credentials_behind(pushed, registry, monkeypatch):
    registry.login = "basic"
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    with serving(FakeRegistry(blobs=registry.blobs)) as storage:
        for name in ("one", "two"):
            storage.uploads[name] = bytearray()
            place = f"http://{storage.host}/v2/demo/blobs/uploads/{name}?signature=x"
            registry.faults.append(Fault("POST", "uploads/", status=202, headers={"Location": place}))

        assert pushed(f"{registry.host}/demo")["ok"]

        assert [item.method for item in storage.seen] == ["PUT", "PUT"]
        assert {item.authorization for item in storage.seen} == {None}
        assert {item.authorization for item in registry.seen} != {None}


def test_a_name_that_nobody_knows(pushed, monkeypatch):
    def unknown(*_words: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    document = pushed("registry.example.com/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-unknown-host")
    assert "registry.example.com" in document["error"]["message"]

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    behind = pushed("registry.example.com/demo")["error"]
    assert behind["code"] == "registry-unreachable"
    assert "the proxy http://proxy.example.com:3128 (from HTTPS_PROXY) fails" in behind["message"]
    assert behind["hint"] == "check the proxy that HTTPS_PROXY names, or unset HTTPS_PROXY"


@pytest.mark.parametrize("options", [(), ("--plain-http",)])
def test_a_registry_that_nobody_runs(pushed, waits, options):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    document = pushed(f"127.0.0.1:{port}/demo", *options)

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-unreachable"), document
    assert f"127.0.0.1:{port}" in document["error"]["message"]


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


def test_nobody_listens(pushed, waits):
    document = pushed("127.0.0.1:1/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-unreachable")
    assert 0 < sum(waits) < 40


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


@pytest.fixture
def elsewhere(monkeypatch) -> Callable[[FakeRegistry], str]:
    """The name and port of a server as of one on another machine: every name below example.com leads here."""
    look_up = socket.getaddrinfo

    def here(host: Any, *words: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if str(host).endswith(".example.com") else host, *words, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    return lambda server: server.host.replace("127.0.0.1", "registry.example.com")


def test_a_registry_elsewhere_without_tls_is_only_used_when_told_to(pushed, registry, elsewhere):
    refused = pushed(f"{elsewhere(registry)}/demo")

    assert (refused["exit_code"], refused["error"]["code"]) == (5, "registry-plain-http")
    assert "--plain-http" in refused["error"]["hint"]
    assert registry.manifests == {}
    assert pushed(f"{elsewhere(registry)}/demo", "--plain-http")["ok"]


def test_a_token_server_without_tls_sees_no_password(pushed, elsewhere, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    monkeypatch.setenv("HGW_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("HGW_REGISTRY_PASSWORD", "s3cret")
    with serving(FakeRegistry(login="bearer"), tls=True) as registry, serving(FakeRegistry()) as tokens:
        registry.realm = f"http://{elsewhere(tokens)}/token"

        document = pushed(f"{registry.host}/demo")

    assert (document["exit_code"], document["error"]["code"]) == (5, "registry-plain-http")
    assert not any(item.authorization for item in registry.seen)
    assert tokens.seen == []
