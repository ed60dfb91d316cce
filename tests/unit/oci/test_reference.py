import pytest

from higress_cli.errors import UsageError
from higress_cli.oci.challenge import challenges
from higress_cli.oci.reference import as_repository, names_image, names_registry, parse_reference, registry_host

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
        "-x.example.com/a", "r.example.com:0/a", "localhost:65536/a",
        "user:pass@r.example.com/a", f"r.example.com/{'a' * 300}", "r.example.com/a:\n1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_reference(text)

    assert caught.value.code == "reference-invalid"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "r.example.com/team/Demo:1",
            "`team/Demo` is not the name",
            "in lower case: r.example.com/team/demo:1",
        ),
        ("r.example.com/A B", "`A B` is not the name of a repository", "one looks like registry.example.com/"),
        ("Demo", "`Demo` is not the name of a repository", "in lower case: demo"),
        ("r.example.com/", "the name of the image is missing", "one looks like"),
        ("oci://", "the name of the image is missing", "one looks like"),
        ("localhost:99999/a", "`localhost:99999` is not the name of a host", "one looks like"),
        (
            "me:s3cret@r.example.com/a:1",
            "cannot hold a user or a password: ...@r.example.com/a:1",
            "docker login r.example.com",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_write(text, message, hint):
    with pytest.raises(UsageError) as caught:
        parse_reference(text)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert "s3cret" not in f"{caught.value.message}{caught.value.details}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("localhost:5000", True), ("r.example.com", True), ("localhost", True), ("demo", False), ("demo:1.0", False),
     ("demo:5000", True)],
)  # fmt: skip
def test_a_registry_alone_is_told_from_a_name(text, expected):
    assert names_registry(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("demo", "demo"), ("shop/guard", "shop/guard"), ("A B", "a-b"), ("My_Plugin!", "my-plugin"), ("插件", "plugin")],
)
def test_a_name_becomes_one_that_a_repository_may_have(name, expected):
    assert as_repository(name) == expected
    assert parse_reference(f"r.example.com/{expected}").repository == expected


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


def test_a_tag_is_for_a_reference_that_has_neither_tag_nor_digest():
    assert str(parse_reference("r.example.com/a").tagged("1.0")) == "r.example.com/a:1.0"
    assert str(parse_reference("r.example.com/a:2").tagged("1.0")) == "r.example.com/a:2"
    digest = f"sha256:{'a' * 64}"
    assert str(parse_reference(f"r.example.com/a@{digest}").tagged("1.0")) == f"r.example.com/a@{digest}"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("oci://plugin", True), ("r.example.com/a", True), ("localhost/a", True), ("r:5000/a", True),
        ("plugin:1", True),
        ("plugin", False), ("team/plugin", False), ("./plugin", False), ("../a/b", False), ("oci://A", False),
    ],
)  # fmt: skip
def test_what_reads_like_an_image(text, is_one):
    assert names_image(text) is is_one
