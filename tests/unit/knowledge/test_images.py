"""The images of the guide's set-up, by what they are for."""

from higress_cli.knowledge.images import gateway_image, images


def test_the_gateways_image_has_its_version_as_its_tag() -> None:
    assert gateway_image("v2.0.7") == f"{images()['gateway']}:v2.0.7"
