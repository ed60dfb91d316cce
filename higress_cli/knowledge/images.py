"""data/images.toml: the images of the guide's set-up."""

from collections.abc import Mapping
from dataclasses import dataclass

from higress_cli import data


@dataclass(frozen=True, kw_only=True)
class _Images:
    images: Mapping[str, str]


def images() -> Mapping[str, str]:
    """The images by what they are for: `gateway`, whose tag is the gateway's version, `httpbin`, `redis`."""
    return data.load("images.toml", _Images).images


def gateway_image(version: str) -> str:
    """The image of Higress's gateway of a version such as v2.0.7, by tag (RATIONALE.md, Local gateway)."""
    return f"{images()['gateway']}:{version}"
