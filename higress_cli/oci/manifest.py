"""Manifests, indexes and image configurations, read from the JSON that a registry gives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli.digest import is_image_digest
from higress_cli.document import JsonObject
from higress_cli.i18n import _
from higress_cli.oci.formats import INDEXES, MANIFESTS, Descriptor, MalformedImageError

MOST_BYTES: Final = 4 << 20
"""The largest manifest that registries take (OCI distribution specification, "Pushing Manifests")."""
_MOST_ENTRIES: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of one image; `declared` is its own field `mediaType`, which OCI manifests may leave out."""

    declared: str | None
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Index:
    """A list of images, one for each platform."""

    entries: tuple[Descriptor, ...]


def parse_manifest(content: bytes, *, content_type: str | None = None) -> Manifest | Index:
    """Read a manifest or an index; `content_type` is what the registry calls it.

    Raises:
        MalformedImageError: it is neither.
    """
    document = _object(content, _("the manifest"))
    declared = document.get("mediaType")
    declared = declared if isinstance(declared, str) else None
    kind = next((name for name in (content_type, declared) if name in MANIFESTS | INDEXES), None)
    if kind in INDEXES or (kind is None and "manifests" in document):
        return Index(entries=_descriptors(document.get("manifests"), "manifests"))
    if document.get("schemaVersion") == 1:
        raise MalformedImageError(_("its manifest has Docker's old schema 1"))
    annotations = document.get("annotations")
    return Manifest(
        declared=declared,
        config=_descriptor(document.get("config"), "config"),
        layers=_descriptors(document.get("layers"), "layers"),
        annotations={str(key): str(value) for key, value in annotations.items()}
        if isinstance(annotations, dict)
        else {},
    )


def diff_ids(config: bytes) -> tuple[str, ...]:
    """The digests of the unpacked layers that an image configuration lists.

    Raises:
        MalformedImageError: it is not an image configuration.
    """
    what = _("the image configuration")
    rootfs = _object(config, what).get("rootfs")
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise MalformedImageError(_("{what} has no rootfs.diff_ids").format(what=what))
    return tuple(found)


def _object(content: bytes, what: str) -> JsonObject:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedImageError(_("{what} is not JSON").format(what=what)) from error
    if not isinstance(document, dict):
        raise MalformedImageError(_("{what} is not a JSON object").format(what=what))
    return document


def _descriptors(value: object, field: str) -> tuple[Descriptor, ...]:
    if not isinstance(value, list) or len(value) > _MOST_ENTRIES:
        raise MalformedImageError(_("the field {field} of the manifest is not a list").format(field=field))
    return tuple(_descriptor(item, field) for item in value)


def _descriptor(value: object, field: str) -> Descriptor:
    match value:
        case {"mediaType": str(media_type), "digest": str(digest), "size": int(size), **more} if (
            is_image_digest(digest) and size >= 0
        ):
            return Descriptor(
                media_type=media_type, digest=digest, bytes=size, platform=_platform(more.get("platform"))
            )
    raise MalformedImageError(_("the field {field} of the manifest is not valid").format(field=field))


def _platform(value: object) -> str | None:
    match value:
        case {"os": str(system), "architecture": str(architecture)}:
            return f"{system}/{architecture}"
    return None
