"""Digests, each kind a type of its own, so that none is taken for another."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final, NewType, TypeGuard

Sha256 = NewType("Sha256", str)
"""The SHA-256 of bytes, in lower-case hex."""
ImageDigest = NewType("ImageDigest", str)
"""What a registry knows content by: `sha256:` and a Sha256 (OCI image specification, descriptor.md)."""
GoHash = NewType("GoHash", str)
"""The go command's own hash of a Go module, `h1:BASE64` (golang.org/x/mod/sumdb/dirhash, Hash1)."""
Integrity = NewType("Integrity", str)
"""What npm knows a package by, `sha512-BASE64` (https://www.w3.org/TR/SRI/)."""

PATTERNS: Final[Mapping[object, re.Pattern[str]]] = {
    Sha256: re.compile(r"[0-9a-f]{64}"),
    ImageDigest: re.compile(r"sha256:[0-9a-f]{64}"),
    GoHash: re.compile(r"h1:[A-Za-z0-9+/]{43}="),
    Integrity: re.compile(r"sha512-[A-Za-z0-9+/]{86}=="),
}
"""What a text must match as a whole to be one."""


def sha256_of_bytes(content: bytes) -> Sha256:
    """The digest of `content`; `system.fs.sha256_of` has that of a file."""
    return Sha256(hashlib.sha256(content).hexdigest())


def is_sha256(text: str) -> TypeGuard[Sha256]:
    """Whether `text` is a SHA-256 as hgw writes it."""
    return PATTERNS[Sha256].fullmatch(text) is not None


def typed_sha256(text: str) -> Sha256 | None:
    """The SHA-256 that a person typed, in upper or lower case; None if it is not 64 hexadecimal digits."""
    lower = text.lower()
    return lower if is_sha256(lower) else None


def is_image_digest(text: str) -> TypeGuard[ImageDigest]:
    """Whether `text` is the digest of an image, or of a piece of one, that hgw can check."""
    return PATTERNS[ImageDigest].fullmatch(text) is not None


def hex_of(digest: ImageDigest) -> Sha256:
    """The hexadecimal digits of an image's digest, as a WasmPlugin resource has them."""
    return Sha256(digest.partition(":")[2])


def image_digest(sha256: Sha256) -> ImageDigest:
    """What a registry calls content with this SHA-256."""
    return ImageDigest(f"sha256:{sha256}")
