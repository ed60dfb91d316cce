import hashlib

import pytest

from higress_cli.digest import (
    ImageDigest,
    Sha256,
    hex_of,
    image_digest,
    is_image_digest,
    is_sha256,
    sha256_of_bytes,
    typed_sha256,
)

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(HEX, HEX, id="as hgw writes it"),
        pytest.param(HEX.upper(), HEX, id="in upper case"),
        pytest.param(HEX[1:], None, id="a digit short"),
        pytest.param(f"{HEX}0", None, id="a digit too many"),
        pytest.param(f"{HEX[1:]}g", None, id="no digit"),
        pytest.param(f"{HEX}\n", None, id="with a line break"),
        pytest.param(f"sha256:{HEX}", None, id="of an image"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_digest_may_be_typed_in_either_case(text, found):
    assert typed_sha256(text) == found


@pytest.mark.parametrize(
    ("text", "is_it"),
    [
        pytest.param(f"sha256:{HEX}", True, id="of an image"),
        pytest.param(f"sha256:{HEX.upper()}", False, id="in upper case"),
        pytest.param(f"sha512:{HEX}", False, id="another algorithm"),
        pytest.param(HEX, False, id="of a file"),
    ],
)
def test_the_digest_of_an_image_names_its_algorithm(text, is_it):
    assert is_image_digest(text) is is_it
    assert not is_image_digest(f"{text}\n")


def test_a_registry_knows_content_by_its_sha256():
    of_content = sha256_of_bytes(b"abc")

    assert of_content == hashlib.sha256(b"abc").hexdigest()
    assert is_sha256(of_content)
    assert image_digest(of_content) == f"sha256:{of_content}"
    assert hex_of(image_digest(of_content)) == of_content
    assert hex_of(ImageDigest(f"sha256:{HEX}")) == Sha256(HEX)
