import pytest

from higress_cli.errors import UsageError
from higress_cli.oci.challenge import challenges
from higress_cli.oci.reference import parse_reference, registry_host

DIGEST = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("text", "expected", "wanted"),
    [
        ("oci://registry.example.com/a/b:1.0", "registry.example.com/a/b:1.0", "1.0"),
        ("registry.example.com/a", "registry.example.com/a", "latest"),
        ("localhost:5000/a/b-c_d:V1", "localhost:5000/a/b-c_d:V1", "V1"),
        ("localhost/a", "localhost/a", "latest"),
        ("[::1]:5000/a:1", "[::1]:5000/a:1", "1"),
        ("Registry.Example.com/a", "registry.example.com/a", "latest"),
        (f"r.example.com/a:1@{DIGEST}", f"r.example.com/a:1@{DIGEST}", DIGEST),
        ("nginx", "docker.io/library/nginx", "latest"),
        ("docker.io/nginx:1", "docker.io/library/nginx:1", "1"),
        ("team/plugin:1", "docker.io/team/plugin:1", "1"),
        ("index.docker.io/team/plugin", "docker.io/team/plugin", "latest"),
    ],
)
def test_references_are_read_as_the_gateway_reads_them(text, expected, wanted):
    reference = parse_reference(text)

    assert (str(reference), reference.wanted) == (expected, wanted)
    assert reference.url == f"oci://{expected}"


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "Registry-1.docker.io"])
def test_docker_hub_has_one_name(name):
    assert registry_host(name) == parse_reference(f"{name}/team/a").host == "docker.io"


@pytest.mark.parametrize(
    "text",
    [
        "", "oci://", "r.example.com/", "r.example.com/A", "r.example.com/a:", "r.example.com/a:-1", "r.example.com//a",
        "r.example.com/a@sha256:12", "r.example.com/a@", "http://r.example.com/a", "r.example.com/a/../b", "a b/c",
        "-x.example.com/a", "user:pass@r.example.com/a", f"r.example.com/{'a' * 300}", "r.example.com/a:\n1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_reference(text)

    assert caught.value.code == "reference-invalid"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ('Basic realm="a b"', [("basic", {"realm": "a b"})]),
        (
            'Bearer realm="https://auth.example.com/token",service="r, s",scope="repository:a:pull,push"',
            [("bearer", {
                "realm": "https://auth.example.com/token", "service": "r, s", "scope": "repository:a:pull,push",
            })],
        ),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (r'Bearer realm="a\"b", Basic', [("bearer", {"realm": 'a"b'}), ("basic", {})]),
        ("=,;", []),
    ],
)  # fmt: skip
def test_challenges_are_read_in_their_order(header, expected):
    assert [(item.scheme, dict(item.parameters)) for item in challenges(header)] == expected
