import base64
import json

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.oci.credentials import config_path, credential_for, read_docker_config


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def found(tmp_path, document, host="r.example.com", repository="team/a"):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(document), "utf-8")
    credential = credential_for(host, repository, config=read_docker_config(path), variables={})
    return (credential.username, credential.password, credential.identity_token) if credential else None


@pytest.mark.parametrize(
    ("auths", "expected"),
    [
        ({}, None),
        ({"r.example.com": {}}, None),
        ({"other.example.com": {"auth": packed("a:b")}}, None),
        ({"r.example.com": {"auth": packed("me:a:b")}}, ("me", "a:b", "")),
        ({"https://r.example.com/v2/": {"auth": packed("me:x")}}, ("me", "x", "")),
        ({"r.example.com": {"username": "me", "password": "x"}}, ("me", "x", "")),
        ({"r.example.com": {"auth": packed("me:x"), "identitytoken": "t"}}, ("", "", "t")),
        ({"r.example.com": {"auth": packed("a:1")}, "r.example.com/team": {"auth": packed("b:2")}}, ("b", "2", "")),
    ],
)
def test_the_entry_of_a_registry_is_found(tmp_path, auths, expected):
    assert found(tmp_path, {"auths": auths}) == expected


def test_docker_hub_has_a_key_of_its_own(tmp_path):
    auths = {"https://index.docker.io/v1/": {"auth": packed("me:x")}}

    assert found(tmp_path, {"auths": auths}, host="docker.io") == ("me", "x", "")


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"r.example.com": {"auth": "%%%"}}}'])
def test_a_configuration_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text, "utf-8")

    with pytest.raises(InvalidInput) as caught:
        credential_for("r.example.com", "a", config=read_docker_config(path), variables={})

    assert caught.value.code == "docker-config-invalid"


def test_no_configuration_is_none(tmp_path):
    assert read_docker_config(tmp_path / "nothing.json").auths == {}


def test_secrets_are_in_no_representation(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"auths": {"r.example.com": {"auth": packed("me:s3cret")}}}), "utf-8")
    config = read_docker_config(path)

    credential = credential_for("r.example.com", "a", config=config, variables={})

    assert "s3cret" not in repr(credential)
    assert packed("me:s3cret") not in repr(config)


def test_the_folder_is_dockers(tmp_path):
    assert config_path({"HOME": "/home/me"}).as_posix() == "/home/me/.docker/config.json"
    assert config_path({"HOME": "/home/me", "DOCKER_CONFIG": "/etc/d"}).as_posix() == "/etc/d/config.json"
